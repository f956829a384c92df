#include "config/variables.h"

#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/path.h"
#include "base/text.h"
#include "config/git_directories.h"

namespace immure {
namespace {

std::string from_environment(const Circumstances& circumstances, const std::string& name) {
  const auto found = circumstances.environment.find(name);
  return found == circumstances.environment.end() ? std::string() : std::string(found->second);
}

// The XDG base directory specification wants relative values ignored.
std::string xdg(const Circumstances& circumstances, const std::string& name,
                std::string_view below_home) {
  std::string value = from_environment(circumstances, name);
  if (value.starts_with('/')) return value;
  if (below_home.empty() || circumstances.home.empty()) return {};
  return circumstances.home + std::string(below_home);
}

std::string read_small_file(const std::string& path) {
  constexpr std::size_t kMost = 65536;
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd) return {};
  std::string text(kMost, '\0');
  std::size_t size = 0;
  while (size < kMost) {
    const ssize_t got = ::read(fd.get(), text.data() + size, kMost - size);
    if (got <= 0) break;
    size += static_cast<std::size_t>(got);
  }
  text.resize(size);
  return text;
}

// A line `XDG_DOWNLOAD_DIR="$HOME/Downloads"` of user-dirs.dirs(5).
std::string user_dir(const Circumstances& circumstances, std::string_view name) {
  if (circumstances.pure) return circumstances.home + "/" + std::string(name);
  const std::string config = xdg(circumstances, "XDG_CONFIG_HOME", "/.config");
  if (config.empty()) return {};
  const std::string text = read_small_file(config + "/user-dirs.dirs");
  const std::string key = std::string(name) + "=\"";
  for (std::size_t line = 0; line < text.size();) {
    const std::size_t end = std::min(text.find('\n', line), text.size());
    const std::string_view content = std::string_view(text).substr(line, end - line);
    line = end + 1;
    if (!content.starts_with(key)) continue;
    std::string_view value = content.substr(key.size());
    value = value.substr(0, value.find('"'));
    if (value.starts_with("$HOME/")) {
      return circumstances.home.empty() ? std::string()
                                        : circumstances.home + std::string(value.substr(5));
    }
    return value.starts_with('/') ? std::string(value) : std::string();
  }
  return {};
}

std::string state_dir(const Circumstances& circumstances) {
  if (circumstances.asked_for_state != nullptr) *circumstances.asked_for_state = true;
  if (!circumstances.state.empty()) return circumstances.state;
  return usual_state_directory(circumstances, circumstances.name);
}

struct Scope {
  const Circumstances& circumstances;
  std::string_view profile_dir;
};

GitDirectories git_directories(const Scope& scope) {
  return find_git_directories(scope.circumstances.project.get(), scope.circumstances.answers);
}

// 32 hexadecimal digits, as machine-id(5) has them.
std::string random_id() {
  std::array<unsigned char, 16> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) return {};
  std::string text;
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (const unsigned byte : bytes) text.append({kDigits[byte >> 4U], kDigits[byte & 0xfU]});
  return text;
}

struct Variable {
  std::string_view name;
  std::string (*value)(const Scope&);
};

constexpr std::array<Variable, 24> kVariables = {{
    {"HOME", [](const Scope& s) { return s.circumstances.home; }},
    {"USER", [](const Scope& s) { return s.circumstances.user; }},
    {"UID", [](const Scope& s) { return std::to_string(s.circumstances.uid); }},
    {"GID", [](const Scope& s) { return std::to_string(s.circumstances.gid); }},
    {"CWD", [](const Scope& s) { return s.circumstances.cwd; }},
    {"PROJECT", [](const Scope& s) { return s.circumstances.project.get(); }},
    {"PROFILE_DIR", [](const Scope& s) { return std::string(s.profile_dir); }},
    {"EXE", [](const Scope& s) { return s.circumstances.exe; }},
    {"EXE_DIR",
     [](const Scope& s) {
       return s.circumstances.exe.empty() ? std::string()
                                          : std::string(parent_of(s.circumstances.exe));
     }},
    {"STATE", [](const Scope& s) { return state_dir(s.circumstances); }},
    {"NAME", [](const Scope& s) { return s.circumstances.name; }},
    {"TMPDIR",
     [](const Scope& s) {
       std::string value = from_environment(s.circumstances, "TMPDIR");
       return value.starts_with('/') ? value : std::string("/tmp");
     }},
    {"ARCH", [](const Scope& s) { return s.circumstances.arch; }},
    // For the data files of intents.
    {"ITEM", [](const Scope& s) { return s.circumstances.item; }},
    {"EXE_LIBRARIES", [](const Scope& s) { return s.circumstances.exe_libraries.get(); }},
    {"GIT_DIR", [](const Scope& s) { return git_directories(s).directory; }},
    {"GIT_COMMON_DIR", [](const Scope& s) { return git_directories(s).common; }},
    {"GIT_POINTER", [](const Scope& s) { return git_directories(s).pointer; }},
    {"RANDOM_ID", [](const Scope& /*s*/) { return random_id(); }},
    {"XDG_RUNTIME_DIR", [](const Scope& s) { return xdg(s.circumstances, "XDG_RUNTIME_DIR", ""); }},
    {"XDG_CONFIG_HOME",
     [](const Scope& s) { return xdg(s.circumstances, "XDG_CONFIG_HOME", "/.config"); }},
    {"XDG_CACHE_HOME",
     [](const Scope& s) { return xdg(s.circumstances, "XDG_CACHE_HOME", "/.cache"); }},
    {"XDG_DATA_HOME",
     [](const Scope& s) { return xdg(s.circumstances, "XDG_DATA_HOME", "/.local/share"); }},
    {"XDG_STATE_HOME",
     [](const Scope& s) { return xdg(s.circumstances, "XDG_STATE_HOME", "/.local/state"); }},
}};

constexpr std::array<std::string_view, 8> kUserDirs = {
    "XDG_DESKTOP_DIR",  "XDG_DOCUMENTS_DIR",   "XDG_DOWNLOAD_DIR",  "XDG_MUSIC_DIR",
    "XDG_PICTURES_DIR", "XDG_PUBLICSHARE_DIR", "XDG_TEMPLATES_DIR", "XDG_VIDEOS_DIR"};

// Nothing: there is no such variable.
std::optional<std::string> value_of(std::string_view name, const Scope& scope) {
  for (const Variable& variable : kVariables) {
    if (variable.name == name) return variable.value(scope);
  }
  for (const std::string_view dir : kUserDirs) {
    if (dir == name) return user_dir(scope.circumstances, name);
  }
  return std::nullopt;
}

std::string unknown_hint(std::string_view name) {
  std::vector<std::string_view> names;
  names.reserve(kVariables.size() + kUserDirs.size());
  for (const Variable& variable : kVariables) names.push_back(variable.name);
  names.insert(names.end(), kUserDirs.begin(), kUserDirs.end());
  const std::string near = closest(name, names.data(), names.size());
  if (!near.empty()) return "did you mean ${" + near + "}?";
  return "the caller's variable is ${env:" + escape(name) + "}";
}

class Expander {
 public:
  Expander(std::string_view text, Scope scope, const Origin& origin, ExpandStyle style)
      : text_(text), scope_(scope), origin_(origin), style_(style) {}

  Expansion run() {
    std::size_t at = leading_tilde();
    while (at < text_.size() && !result_.error) {
      const std::size_t dollar = text_.find('$', at);
      result_.text.append(text_.substr(at, dollar - at));
      if (dollar == std::string_view::npos) break;
      at = dollar_sign(dollar);
    }
    return std::move(result_);
  }

 private:
  std::size_t leading_tilde() {
    if (!style_.tilde || !text_.starts_with('~')) return 0;
    if (text_.size() > 1 && text_[1] != '/') return 0;
    if (scope_.circumstances.home.empty()) {
      fail(0, "\"~\" is unset: this user has no home directory", {}, true);
    }
    append_value(scope_.circumstances.home);
    return 1;
  }

  // Returns where to go on.
  std::size_t dollar_sign(std::size_t dollar) {
    const std::string_view rest = text_.substr(dollar + 1);
    if (rest.starts_with('$')) {
      result_.text.push_back('$');
      return dollar + 2;
    }
    const std::size_t close = rest.find('}');
    if (!rest.starts_with('{') || close == std::string_view::npos) {
      fail(dollar, rest.starts_with('{') ? R"("${" has no "}")" : R"(a lone "$")",
           "a variable is written ${NAME}, a plain \"$\" is written $$", false);
      return text_.size();
    }
    variable(dollar, rest.substr(1, close - 1));
    return dollar + 1 + close + 1;
  }

  void variable(std::size_t dollar, std::string_view name) {
    constexpr std::string_view kEnvironment = "env:";
    if (name.starts_with(kEnvironment)) {
      return environment_variable(dollar, name, name.substr(kEnvironment.size()));
    }
    const auto value = value_of(name, scope_);
    if (!value) {
      return fail(dollar, "unknown variable ${" + escape(name) + "}", unknown_hint(name), false);
    }
    if (value->empty()) {
      return fail(dollar, "variable ${" + std::string(name) + "} has no value here",
                  R"(an [fs] entry that may be left out is written with "?", as in "ro?")", true);
    }
    append_value(*value);
  }

  void environment_variable(std::size_t dollar, std::string_view whole, std::string_view name) {
    const std::size_t dash = name.find(":-");
    const std::string key(name.substr(0, dash));
    if (key.empty()) {
      return fail(dollar, "unknown variable ${" + escape(whole) + "}",
                  "the caller's variable X is ${env:X}", false);
    }
    const std::string value = from_environment(scope_.circumstances, key);
    if (!value.empty()) return append_value(value);
    if (scope_.circumstances.pure) {
      // A path has to be absolute; of any other text a word will do.
      const bool path = style_.tilde && result_.text.empty();
      return append_value(path ? "/" + key : key);
    }
    if (dash != std::string_view::npos) return append_value(name.substr(dash + 2));
    fail(dollar, "variable ${" + escape(whole) + "} is unset or empty",
         "${" + escape(whole) + ":-TEXT} gives TEXT then", true);
  }

  void append_value(std::string_view value) {
    for (const char c : value) {
      if (style_.escape_globs && std::string_view("*?[\\").find(c) != std::string_view::npos) {
        result_.text.push_back('\\');
      }
      result_.text.push_back(c);
    }
  }

  void fail(std::size_t offset, std::string what, std::string hint, bool unset) {
    Origin origin = origin_;
    if (origin.file != nullptr) origin.column += static_cast<std::uint32_t>(offset);
    result_.unset = unset;
    result_.error = Error{.code = Code::variable,
                          .doing = std::move(what),
                          .origin = std::move(origin),
                          .hint = std::move(hint)};
  }

  std::string_view text_;
  Scope scope_;
  const Origin& origin_;
  ExpandStyle style_;
  Expansion result_;
};

}  // namespace

Expansion expand_text(std::string_view text, const Circumstances& circumstances,
                      std::string_view profile_dir, const Origin& origin, ExpandStyle style) {
  return Expander(text, Scope{circumstances, profile_dir}, origin, style).run();
}

Result<std::string> expand(std::string_view text, const Circumstances& circumstances,
                           std::string_view profile_dir, const Origin& origin) {
  Expansion expansion = expand_text(text, circumstances, profile_dir, origin, ExpandStyle{});
  if (expansion.error) return std::move(*expansion.error);
  return std::move(expansion.text);
}

std::string usual_state_directory(const Circumstances& circumstances, const std::string& name) {
  const std::string state = xdg(circumstances, "XDG_STATE_HOME", "/.local/state");
  return state.empty() || name.empty() ? std::string() : state + "/immure/" + name;
}

}  // namespace immure
