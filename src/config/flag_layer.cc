#include "config/flag_layer.h"

#include <unordered_map>

#include "base/path.h"
#include "base/text.h"
#include "config/toml_profile.h"

namespace immure {
namespace {

// "SOURCE:TARGET?" taken apart.
struct PathArgument {
  std::string source;
  std::optional<std::string> target;
  bool optional = false;
};

PathArgument take_apart(std::string_view text) {
  PathArgument out;
  std::string* part = &out.source;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool last = i + 1 == text.size();
    if (text[i] == '\\' && !last && (text[i + 1] == ':' || text[i + 1] == '?')) {
      *part += text[++i];
    } else if (text[i] == ':' && !out.target) {
      part = &out.target.emplace();
    } else if (text[i] == '?' && last) {
      out.optional = true;
    } else {
      *part += text[i];
    }
  }
  return out;
}

// The first comma outside of brackets and quotes.
std::size_t end_of_first(std::string_view text) {
  int depth = 0;
  char quote_char = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote_char != 0) {
      if (c == quote_char) quote_char = 0;
    } else if (c == '"' || c == '\'') {
      quote_char = c;
    } else if (c == '[' || c == ']') {
      depth += c == '[' ? 1 : -1;
    } else if (c == ',' && depth == 0) {
      return i;
    }
  }
  return std::string_view::npos;
}

Error usage(std::string reason, const Origin& origin, std::string hint = "") {
  return Error{
      .code = Code::usage, .reason = std::move(reason), .origin = origin, .hint = std::move(hint)};
}

// Collects options into the layer at the end of the list, and begins a new one where the order of
// --set, --unset and the others matters.
class Builder {
 public:
  explicit Builder(const Circumstances& circumstances) : circumstances_(circumstances) {}

  void add(const GivenOption& option) {
    const Origin origin{.flag = option.flag};
    if (option.id == OptionId::ro) {
      add_mount(option, origin, Bind{});
    } else if (option.id == OptionId::rw) {
      add_mount(option, origin, Bind{.read_only = false});
    } else if (option.id == OptionId::dev) {
      add_mount(option, origin, Bind{.read_only = false, .devices = true});
    } else if (option.id == OptionId::overlay) {
      add_mount(option, origin, Overlay{});
    } else if (option.id == OptionId::tmpfs) {
      add_mount(option, origin, Tmpfs{});
    } else if (option.id == OptionId::hide) {
      add_mount(option, origin, Hide{});
    } else if (option.id == OptionId::env || option.id == OptionId::unset_env) {
      add_variable(option, origin);
    } else if (option.id == OptionId::chdir) {
      set_directory(option, origin);
    } else if (option.id == OptionId::writable_cwd) {
      top().allow["cwd"].set({.kind = IntentValue::Kind::word, .word = "rw"}, origin);
    } else if (option.id == OptionId::allow_network) {
      add_intents("network", "true", option.flag);
    } else if (option.id == OptionId::allow_args) {
      top().allow["args"].set({.kind = IntentValue::Kind::on}, origin);
    } else if (option.id == OptionId::allow) {
      add_intents(option.value, "true", option.flag);
    } else if (option.id == OptionId::deny) {
      add_intents(option.value, "false", option.flag);
    } else if (option.id == OptionId::set) {
      add_setting(option.value, option.flag);
    } else if (option.id == OptionId::unset) {
      close();
      layers_.emplace_back().reset = FlagLayer::Reset{.key = option.value, .origin = origin};
    }
  }

  std::variant<std::vector<FlagLayer>, Errors> finish() && {
    if (!errors_.empty()) return std::move(errors_);
    return std::move(layers_);
  }

 private:
  SandboxSpec& top() {
    if (!open_) layers_.emplace_back();
    open_ = true;
    return layers_.back().spec;
  }

  void close() {
    open_ = false;
    place_of_target_.clear();
  }

  void add_mount(const GivenOption& option, const Origin& origin, decltype(Mount::what) what) {
    const PathArgument argument = take_apart(option.value);
    const bool has_source =
        std::holds_alternative<Bind>(what) || std::holds_alternative<Overlay>(what);
    if (argument.target && !has_source) {
      return errors_.push_back(
          usage(option.flag + " takes one path: " + quote(option.value), origin));
    }
    auto source = absolute_argument(argument.source, circumstances_, origin);
    if (!source.ok()) return errors_.push_back(std::move(source.error()));
    Mount mount{.target = source.value(),
                .optional = argument.optional,
                .what = std::move(what),
                .origin = origin};
    if (argument.target) {
      auto target = absolute_argument(*argument.target, circumstances_, origin);
      if (!target.ok()) return errors_.push_back(std::move(target.error()));
      mount.target = std::move(target.value());
      if (auto* bind = std::get_if<Bind>(&mount.what)) bind->source = source.value();
      if (auto* view = std::get_if<Overlay>(&mount.what)) view->lower = {source.value()};
    }
    // The last option for a target wins, as between layers; a map keeps thousands of them linear.
    std::vector<Mount>& mounts = top().mounts;
    const auto [place, is_new] = place_of_target_.try_emplace(mount.target, mounts.size());
    if (is_new) {
      mounts.push_back(std::move(mount));
    } else {
      mounts[place->second] = std::move(mount);
    }
  }

  void set_directory(const GivenOption& option, const Origin& origin) {
    auto path = absolute_argument(option.value, circumstances_, origin);
    if (!path.ok()) return errors_.push_back(std::move(path.error()));
    top().process.cwd.set(std::move(path.value()), origin);
  }

  void add_variable(const GivenOption& option, const Origin& origin) {
    const std::size_t equals = option.value.find('=');
    const std::string name = option.value.substr(0, equals);
    const bool removes = option.id == OptionId::unset_env;
    if (name.empty() || (removes && equals != std::string::npos)) {
      return errors_.push_back(
          usage(quote(option.value) + " is not the name of a variable", origin));
    }
    EnvRule rule;
    if (removes) {
      rule.kind = EnvRule::Kind::unset;
    } else if (equals == std::string::npos) {
      rule.kind = EnvRule::Kind::pass;
    } else {
      rule.text = option.value.substr(equals + 1);
    }
    top().env[name].set(std::move(rule), origin);
  }

  // "gpu,cwd=rw": each is a key of [allow]; `value` is that of a bare name.
  void add_intents(std::string_view names, std::string_view value, const std::string& flag) {
    while (!names.empty()) {
      const std::string_view name = names.substr(0, end_of_first(names));
      names.remove_prefix(std::min(name.size() + 1, names.size()));
      std::string setting = "allow." + std::string(name);
      const bool has_value = name.find('=') != std::string_view::npos;
      if (!has_value) setting.append("=").append(value);
      if (name.empty() || (has_value && value == "false")) {
        errors_.push_back(
            usage(flag + " takes names of intents: " + quote(name), Origin{.flag = flag}));
        return;
      }
      add_setting(setting, flag);
    }
  }

  void add_setting(const std::string& setting, const std::string& flag) {
    auto parsed = parse_setting(setting, flag, circumstances_);
    if (auto* errors = std::get_if<Errors>(&parsed)) {
      errors_.insert(errors_.end(), std::make_move_iterator(errors->begin()),
                     std::make_move_iterator(errors->end()));
      return;
    }
    auto& layer = std::get<ProfileLayer>(parsed);
    if (layer.extends.is_set() || !layer.match.items.empty()) {
      return errors_.push_back(usage(quote(setting) + " says something of a profile's file",
                                     Origin{.flag = flag}, "-p adds a profile to this run"));
    }
    close();
    layers_.emplace_back().spec = std::move(layer.spec);
  }

  const Circumstances& circumstances_;
  std::vector<FlagLayer> layers_;
  bool open_ = false;  // options may still be added to the last layer
  std::unordered_map<std::string, std::size_t> place_of_target_;
  Errors errors_;
};

}  // namespace

Result<std::string> absolute_argument(std::string_view path, const Circumstances& circumstances,
                                      const Origin& origin) {
  const auto error = [&](std::string reason, std::string hint = "") {
    return Error{.code = Code::relative_path,
                 .reason = std::move(reason),
                 .origin = origin,
                 .hint = std::move(hint)};
  };
  if (path.empty()) return error("an empty path");
  std::string whole;
  if (path == "~" || path.starts_with("~/")) {
    if (circumstances.home.empty()) return error("there is no home directory for " + quote(path));
    whole = circumstances.home + std::string(path.substr(1));
  } else if (is_absolute(path)) {
    whole = path;
  } else {
    if (circumstances.cwd.empty()) {
      return error("the current directory is gone, so " + quote(path) + " leads nowhere",
                   "write an absolute path");
    }
    std::string base = circumstances.cwd;
    std::string_view rest = path;
    while (true) {
      if (rest.starts_with("./")) {
        rest = relative_to_root(rest.substr(1));
      } else if (rest == ".." || rest.starts_with("../")) {
        base = parent_of(base);
        rest = relative_to_root(rest.substr(2));
      } else {
        break;
      }
    }
    whole = base + '/' + std::string(rest);
  }
  if (has_dot_dot(whole)) {
    return error(quote(path) + " holds \"..\", which a symlink may lead elsewhere",
                 "write the path that is meant");
  }
  return normalize(whole);
}

std::variant<std::vector<FlagLayer>, Errors> flag_layers(const std::vector<GivenOption>& options,
                                                         const Circumstances& circumstances) {
  Builder builder(circumstances);
  for (const GivenOption& option : options) builder.add(option);
  return std::move(builder).finish();
}

}  // namespace immure
