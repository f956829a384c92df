#include "config/options.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <utility>

#include "base/text.h"

namespace immure {
namespace {

constexpr OptionPlaces in_sandbox = at_run | at_explain;
constexpr OptionPlaces anywhere =
    at_front | at_run | at_explain | at_check | at_trust | at_profile | at_other;

using enum OptionId;

// In the order of --help.
constexpr std::array<OptionRow, 45> table{{
    {profile, 'p', "profile", "PROFILE", "add a profile, by name or file; the last one wins",
     in_sandbox},
    {writable_cwd, 'w', "", "", "the current directory is writable", in_sandbox},
    {allow_network, 'n', "", "", "the same as --allow network", in_sandbox, false,
     "--allow network=host shares the host's network, with all that listens on it"},
    {allow_args, 'a', "", "", "the same as --allow args", in_sandbox},
    {allow, 0, "allow", "NAME[=VALUE]",
     "allow an intent, or several with commas between them: --allow fonts,home=persist",
     in_sandbox},
    {deny, 0, "deny", "NAME", "withdraw an intent that a profile allows", in_sandbox},
    {ro, 0, "ro", "PATH[:DEST]",
     "show PATH, read-only; a '?' after it: unless it is missing (the same for the next five)",
     in_sandbox},
    {rw, 0, "rw", "PATH[:DEST]", "show PATH, writable", in_sandbox},
    {dev, 0, "dev", "PATH[:DEST]", "show PATH, writable, device nodes usable", in_sandbox},
    {overlay, 0, "overlay", "PATH[:DEST]", "show PATH, what is written to it is discarded",
     in_sandbox},
    {tmpfs, 0, "tmpfs", "PATH", "an empty directory in memory", in_sandbox},
    {hide, 0, "hide", "PATH", "cover PATH with something empty", in_sandbox},
    {env, 'e', "env", "NAME[=VALUE]", "set a variable, or pass the caller's", in_sandbox},
    {unset_env, 0, "unset-env", "NAME", "take a variable away", in_sandbox},
    {chdir, 'C', "chdir", "DIR", "where the command starts", in_sandbox},
    {name, 0, "name", "NAME", "the name of the sandbox: $IMMURE_SANDBOX inside, and in its events",
     in_sandbox},
    {net_allow, 0, "net-allow", "HOST[:PORT]", "allow one host", in_sandbox, false},
    {set, 0, "set", "KEY=VALUE", "set any key of a profile: --set limits.wall=10s", in_sandbox},
    {unset, 0, "unset", "KEY", "put a key back to its default", in_sandbox},
    {trace, 0, "trace", "[=files|all]", "show what the command asks for", in_sandbox, false},
    {hints, 0, "hints", "fail|always|off", "when to show what was denied", in_sandbox, false},
    {dry_run, 0, "dry-run", "", "print the plan to standard output, and run nothing", at_run},
    {as, 0, "as", "json|toml|bwrap",
     "print the plan as JSON, a profile that makes the same plan, or what bubblewrap can do of it",
     at_explain},
    {why, 0, "why", "WHAT",
     "what decides about a path, a system call or a variable (path:X, syscall:X, env:X)",
     at_explain},
    {diff, 0, "diff", "P1 P2", "what profile P2 grants, denies or changes against P1", at_explain},
    {steps, 0, "steps", "", "print the plan step by step", at_explain},
    {seccomp, 0, "seccomp", "", "print what each system call meets, and the line that decided it",
     at_explain},
    {json, 0, "json", "", "print what was found to standard output, as JSON", at_check},
    {pure, 0, "pure", "", "ask nothing of this host: made-up values for variables, no other files",
     at_check},
    {status_fd, 0, "status-fd", "FD", "write events as lines of JSON to this descriptor", at_run},
    {ready_fd, 0, "ready-fd", "FD", "write a line to this descriptor when the command runs",
     at_run},
    {block_fd, 0, "block-fd", "FD",
     "start the command when this descriptor can be read, or is at its end", at_run},
    {args_fd, 0, "args-fd", "FD",
     "read more options from this descriptor, each ended by a NUL byte", in_sandbox},
    {log_fd, 0, "log-fd", "FD", "write messages to this descriptor, instead of standard error",
     anywhere},
    {quiet, 'q', "quiet", "", "no notes and warnings", anywhere},
    {verbose, 'v', "verbose", "", "say which profiles are used; twice: the whole plan", anywhere},
    {color, 0, "color", "auto|always|never", "colour in messages", anywhere},
    {log_format, 0, "log-format", "human|short|json|syslog",
     "messages with their source, or one line each: plain, JSON, or with a priority in front",
     anywhere},
    {no_project, 0, "no-project", "", "ignore .immure.toml", in_sandbox},
    {project, 0, "project", "", "require a trusted .immure.toml", in_sandbox},
    {json, 0, "json", "", "print JSON", at_profile},
    {yes, 0, "yes", "", "don't ask", at_trust},
    {from, 0, "from", "PROFILE",
     "new: extend this one instead of default; import: bwrap, whose words stand behind \"--\"",
     at_profile},
    {help, 'h', "help", "", "show this", anywhere},
    {version, 0, "version", "", "show the version", at_front},
}};

bool stands(const OptionRow& row, OptionPlaces places) { return (row.places & places) != 0; }

const OptionRow* find_name(std::string_view word, OptionPlaces places) {
  const auto* const row = std::ranges::find_if(table, [&](const OptionRow& r) {
    return !r.name.empty() && r.name == word && stands(r, places);
  });
  return row == table.end() ? nullptr : row;
}

const OptionRow* find_letter(char letter, OptionPlaces places) {
  const auto* const row = std::ranges::find_if(
      table, [&](const OptionRow& r) { return r.letter == letter && stands(r, places); });
  return row == table.end() ? nullptr : row;
}

Error not_built(const OptionRow& row, std::string_view flag) {
  return Error{.code = Code::not_supported,
               .reason = std::string(flag) + " is not supported by this version",
               .hint = std::string(row.instead)};
}

Error unknown_name(std::string_view word, OptionPlaces places) {
  std::vector<std::string_view> names;
  for (const OptionRow& row : table) {
    if (row.built && !row.name.empty() && stands(row, places)) names.push_back(row.name);
  }
  const std::string like = closest(word, names.data(), names.size());
  return usage_error("unknown option " + quote("--" + std::string(word)),
                     like.empty() ? "immure help" : "did you mean --" + like + "?");
}

// Reads options off the front of `args`.
class Parser {
 public:
  Parser(std::span<char* const> args, OptionPlaces places, ReadWords read_words)
      : args_(args), places_(places), read_words_(read_words) {}

  Result<Arguments> run(Arguments* before) {
    while (next_ < args_.size()) {
      const std::string_view word = args_[next_];
      if (word == "--") {
        ++next_;
        result_.after_dashes = true;
        break;
      }
      if (word.size() < 2 || word.front() != '-') break;
      ++next_;
      std::optional<Error> error =
          word.starts_with("--") ? name(word.substr(2)) : letters(word.substr(1));
      if (error) {
        if (before != nullptr) *before = std::move(result_);
        return std::move(*error);
      }
    }
    result_.rest.assign(args_.begin() + static_cast<std::ptrdiff_t>(next_), args_.end());
    return std::move(result_);
  }

 private:
  std::optional<Error> name(std::string_view word) {
    const std::size_t equals = word.find('=');
    const std::string_view key = word.substr(0, equals);
    const OptionRow* row = find_name(key, places_);
    if (row == nullptr) return unknown_name(key, places_);
    const std::string flag = "--" + std::string(key);
    if (!row->built) return not_built(*row, flag);
    if (row->argument.empty()) {
      if (equals != std::string_view::npos) {
        return usage_error(flag + " takes no value", "immure help");
      }
      result_.options.push_back({row->id, flag, ""});
      return {};
    }
    if (equals == std::string_view::npos) return with_next_word(*row, flag);
    return give({row->id, flag, std::string(word.substr(equals + 1))});
  }

  std::optional<Error> letters(std::string_view word) {
    for (std::size_t i = 0; i < word.size(); ++i) {
      const OptionRow* row = find_letter(word[i], places_);
      const std::string flag = {'-', word[i]};
      if (row == nullptr) return usage_error("unknown option " + quote(flag), "immure help");
      if (!row->built) return not_built(*row, flag);
      if (!row->argument.empty()) {
        const std::string_view value = word.substr(i + 1);
        if (value.empty()) return with_next_word(*row, flag);
        return give({row->id, flag, std::string(value)});
      }
      result_.options.push_back({row->id, flag, ""});
    }
    return {};
  }

  std::optional<Error> with_next_word(const OptionRow& row, const std::string& flag) {
    if (next_ == args_.size()) {
      return usage_error(flag + " needs a value",
                         flag + ' ' + std::string(row.argument) + ": " + std::string(row.help));
    }
    return give({row.id, flag, args_[next_++]});
  }

  std::optional<Error> give(GivenOption option) {
    if (option.id == args_fd) return take_words(option);
    result_.options.push_back(std::move(option));
    return {};
  }

  // The options that are read stand in the place of this one. What of it is no option would be a
  // command that nobody sees on the command line.
  std::optional<Error> take_words(const GivenOption& option) {
    if (read_words_ == nullptr) {
      return usage_error(option.flag + " can't stand among what it reads", "immure help");
    }
    auto words = read_words_(option);
    if (!words.ok()) return std::move(words.error());
    std::vector<char*> pointers;
    pointers.reserve(words.value().size());
    for (std::string& word : words.value()) pointers.push_back(word.data());
    Arguments before;
    auto read = Parser(pointers, places_, nullptr).run(&before);
    Arguments& taken = read.ok() ? read.value() : before;
    std::ranges::move(taken.options, std::back_inserter(result_.options));
    std::optional<Error> error;
    if (!read.ok()) {
      error = std::move(read.error());
    } else if (!taken.rest.empty()) {
      error = usage_error(quote(taken.rest.front()) + " is not an option",
                          "the command stands on the command line itself");
    }
    if (error) error->origin.flag = option.flag + ' ' + option.value;
    return error;
  }

  std::span<char* const> args_;
  OptionPlaces places_;
  ReadWords read_words_;
  std::size_t next_ = 0;
  Arguments result_;
};

// Wraps at spaces, with every line but the first indented.
void append_wrapped(std::string& out, std::string_view text, std::size_t indent,
                    std::size_t width) {
  while (text.size() > width) {
    const std::size_t space = text.rfind(' ', width);
    if (space == std::string_view::npos) break;
    out += text.substr(0, space);
    out += '\n' + std::string(indent, ' ');
    text.remove_prefix(space + 1);
  }
  out += text;
  out += '\n';
}

}  // namespace

std::span<const OptionRow> option_table() { return table; }

bool Arguments::has(OptionId id) const {
  return std::ranges::any_of(options, [id](const GivenOption& o) { return o.id == id; });
}

Error usage_error(std::string reason, std::string hint) {
  return Error{.code = Code::usage, .reason = std::move(reason), .hint = std::move(hint)};
}

Result<Arguments> parse_arguments(std::span<char* const> args, OptionPlaces places,
                                  Arguments* before, ReadWords read_words) {
  return Parser(args, places, read_words).run(before);
}

std::string describe_options(OptionPlaces places) {
  constexpr std::size_t indent = 32;
  constexpr std::size_t width = 66;
  std::string out;
  for (const OptionRow& row : table) {
    if (!row.built || !stands(row, places)) continue;
    std::string left = "  ";
    left += row.letter != 0 ? std::string{'-', row.letter} : "    ";
    if (!row.name.empty()) {
      left += row.letter != 0 ? ", --" : "--";
      left += row.name;
    }
    if (!row.argument.empty()) left += ' ' + std::string(row.argument);
    if (left.size() + 2 > indent) {
      left += '\n' + std::string(indent, ' ');
    } else {
      left.resize(indent, ' ');
    }
    out += left;
    append_wrapped(out, row.help, indent, width);
  }
  return out;
}

}  // namespace immure
