#include "config/import_bwrap.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "base/path.h"
#include "base/shell.h"
#include "config/final_picture.h"
#include "config/toml_profile.h"
#include "config/toml_text.h"
#include "config/write_profile.h"
#include "spec/capability_names.h"
#include "spec/lint.h"

namespace immure {
namespace {

constexpr std::string_view kTop =
    "#:schema " IMMURE_DATADIR
    "/immure/immure.schema.json\n"
    "# Imported from a command line of bubblewrap; behind each line stands the option that made "
    "it.\n"
    "# A profile is stricter where nothing is said: the system call filter \"standard\", Landlock, "
    "no\n"
    "# namespaces inside, no open descriptors but 0 to 2, a root of 16 MiB, covers in /proc, a new "
    "keyring,\n"
    "# and an end when immure ends.\n";

// The lines of one table, and what each is for.
class Table {
 public:
  explicit Table(std::string_view name) : name_(name) {}

  void line(std::string_view key, const std::string& value, const std::string& comment) {
    add(toml_key(key) + " = " + value, comment);
  }
  // `text`: "key = value".
  void add(const std::string& text, const std::string& comment) {
    lines_ += text + "  # " + comment + '\n';
  }
  void append_to(std::string& out) const {
    if (lines_.empty()) return;
    if (!name_.empty()) out += "\n[" + std::string(name_) + "]\n";
    out += lines_;
  }

 private:
  std::string_view name_;
  std::string lines_;
};

class Importer {
 public:
  Importer(const BwrapArguments& arguments, const ImportHost& host)
      : arguments_(arguments),
        spec_(arguments.spec),
        own_pids_(spec_.new_pid || spec_.join_pid >= 0),
        picture_(final_picture(spec_.operations, own_pids_, host)) {}

  ImportedProfile run() {
    out_.losses = std::move(picture_.losses);
    out_.text = std::string(kTop) + "\nversion = 1\nextends = []\n";
    Table top("");
    if (picture_.hostname) {
      top.line("hostname", toml_expanded(picture_.hostname->first), picture_.hostname->second);
    }
    top.append_to(out_.text);
    add_files();
    add_namespaces();
    add_user();
    add_process();
    add_environment();
    lose_the_rest();
    return std::move(out_);
  }

 private:
  // The entry of the target, if it is this file system of the kernel's: taken out.
  std::optional<std::string> take_kernel(const std::string& target, KernelFs kind) {
    const auto found = picture_.entries.find(target);
    if (found == picture_.entries.end()) return std::nullopt;
    const auto* mount = std::get_if<KernelMount>(&found->second.mount.what);
    if (mount == nullptr || mount->kind != kind) return std::nullopt;
    std::string option = std::move(found->second.option);
    picture_.entries.erase(found);
    return option;
  }

  // The host's root, or a ready one, is no entry of [fs].
  void add_root_directory(Table& root) {
    const auto found = picture_.entries.find("/");
    if (found == picture_.entries.end()) return;
    const PictureEntry entry = std::move(found->second);
    picture_.entries.erase(found);
    const auto* bind = std::get_if<Bind>(&entry.mount.what);
    if (bind == nullptr) {
      out_.losses.push_back(entry.option + ": a root is a tmpfs or a directory of the host");
      return;
    }
    root.line("dir", toml_expanded(bind->source.empty() ? "/" : bind->source), entry.option);
    if (!bind->read_only) root.line("writable", "true", entry.option);
    if (bind->devices) {
      out_.losses.push_back(entry.option + ": the devices of a root can't be used");
    }
  }

  void add_files() {
    Table root("root");
    const bool own_root = !picture_.entries.contains("/");
    add_root_directory(root);
    const auto proc = take_kernel("/proc", KernelFs::proc);
    const auto dev = take_kernel("/dev", KernelFs::devfs);
    root.line("proc", proc ? "\"fresh\"" : "\"none\"", proc.value_or("no --proc /proc"));
    root.line("dev", dev ? "true" : "false", dev.value_or("no --dev /dev"));
    if (picture_.root_size) {
      root.line("size", std::to_string(picture_.root_size->first), picture_.root_size->second);
    }
    if (picture_.root_mode) {
      root.line("mode", toml_octal(picture_.root_mode->first), picture_.root_mode->second);
    }
    if (own_root && picture_.root_locked.empty()) {
      root.line("writable", "true", "no --remount-ro /");
    }
    root.append_to(out_.text);

    Table fs("fs");
    for (const auto& [target, entry] : picture_.entries) {
      std::string text = write_mounts({entry.mount});
      text.pop_back();  // the end of its line
      fs.add(text, entry.option);
    }
    fs.append_to(out_.text);
  }

  void add_namespaces() {
    Table table("namespaces");
    const auto joined = [&](const char* kind, int fd, const char* option) {
      const std::string number = std::to_string(fd);
      table.line(kind, toml_string("fd:" + number), std::string(option) + ' ' + number);
    };
    if (spec_.join_user >= 0) joined("user", spec_.join_user, "--userns");
    if (spec_.join_pid >= 0) joined("pid", spec_.join_pid, "--pidns");
    for (const auto& [is_new, kind] :
         {std::pair(own_pids_, "pid"), std::pair(spec_.new_ipc, "ipc"),
          std::pair(spec_.new_uts, "uts"), std::pair(spec_.new_cgroup, "cgroup"),
          std::pair(spec_.new_net, "net")}) {
      if (!is_new) table.line(kind, "\"host\"", std::string("no --unshare-") + kind);
    }
    table.append_to(out_.text);
  }

  void add_user() {
    Table user("user");
    for (const auto& [id, key] : {std::pair(spec_.uid, "uid"), std::pair(spec_.gid, "gid")}) {
      if (!id) continue;
      const std::string number = std::to_string(*id);
      user.line(key, number, std::string("--") + key + ' ' + number);
    }
    user.append_to(out_.text);

    Table caps("caps");
    const auto names = capability_names();
    std::string kept;
    for (std::size_t number = 0; number < names.size(); ++number) {
      if ((spec_.capabilities.value_or(0) >> number & 1U) == 0) continue;
      kept += (kept.empty() ? "" : ", ") + toml_string(names[number]);
    }
    if (!kept.empty()) caps.line("keep", '[' + kept + ']', "--cap-add");
    caps.append_to(out_.text);
  }

  void add_process() {
    Table table("process");
    if (!spec_.command.empty()) {
      std::string words;
      for (const std::string& word : spec_.command) {
        words += (words.empty() ? "" : ", ") + toml_expanded(word);
      }
      table.line("command", '[' + words + ']', "of the command line");
    }
    if (spec_.argv0) {
      table.line("argv0", toml_expanded(*spec_.argv0), "--argv0 " + shell_word(*spec_.argv0));
    }
    if (spec_.directory) {
      const std::string option = "--chdir " + shell_word(*spec_.directory);
      if (has_dot_dot(*spec_.directory)) {
        out_.losses.push_back(option + ": a path of a profile has no \"..\"");
      } else {
        table.line("cwd", toml_expanded(normalize("/" + *spec_.directory)), option);
      }
    }
    if (spec_.new_session) table.line("tty", "\"detach\"", "--new-session");
    if (spec_.as_pid_1) table.line("init", "\"target\"", "--as-pid-1");
    if (spec_.die_with_parent) table.line("die_with_parent", "true", "--die-with-parent");
    if (!spec_.exec_label.empty()) {
      table.line("selinux", toml_string(spec_.exec_label),
                 "--exec-label " + shell_word(spec_.exec_label));
    }
    table.append_to(out_.text);
  }

  void add_environment() {
    Table table("env");
    if (spec_.clear_environment) {
      lose("--clearenv",
           "PATH, HOME, LANG and a few more are always set; NAME = false takes one away");
    } else {
      table.line("*", "true", "no --clearenv");
    }
    std::map<std::string, std::optional<std::string>> last;
    for (const auto& [name, value] : spec_.environment) last[name] = value;
    for (const auto& [name, value] : last) {
      const std::string words = shell_word(name) + (value ? ' ' + shell_word(*value) : "");
      if (name.contains('*')) {
        out_.losses.push_back((value ? "--setenv " : "--unsetenv ") + words +
                              ": a profile takes the name for a pattern");
      } else if (value) {
        table.line(name, toml_expanded(*value), "--setenv " + words);
      } else {
        table.line(name, "false", "--unsetenv " + words);
      }
    }
    table.append_to(out_.text);
  }

  void lose(const std::string& option, const std::string& why) {
    out_.losses.push_back(option + ": " + why);
  }
  void lose_fd(const char* option, int fd, const std::string& why) {
    if (fd >= 0) lose(std::string(option) + ' ' + std::to_string(fd), why);
  }

  // What is no matter of a profile.
  void lose_the_rest() {
    for (const int fd : spec_.filters) {
      lose_fd(arguments_.filters_added ? "--add-seccomp-fd" : "--seccomp", fd,
              "write the filter to a file, and name it as seccomp.file");
    }
    for (const std::string& file : spec_.lock_files) {
      lose("--lock-file " + shell_word(file), "a profile locks nothing but its state directory");
    }
    if (!spec_.file_label.empty()) {
      lose("--file-label " + shell_word(spec_.file_label), "there is no key for it");
    }
    lose_fd("--userns2", spec_.join_user_after, "there is no key for it");
    lose_fd("--sync-fd", spec_.sync_fd, "there is no key for it; see immure run --status-fd");
    lose_fd("--block-fd", arguments_.block_fd, "immure run --block-fd does it");
    lose_fd("--userns-block-fd", arguments_.userns_block_fd, "user.uid_map names the ids");
    lose_fd("--info-fd", arguments_.info_fd, "immure run --status-fd does it");
    lose_fd("--json-status-fd", arguments_.json_status_fd, "immure run --status-fd does it");
  }

  const BwrapArguments& arguments_;
  const OrderedSpec& spec_;
  bool own_pids_;
  FinalPicture picture_;
  ImportedProfile out_;
};

// What the command line grants that a profile has to acknowledge, by its codes, is what was asked
// for: it is acknowledged, and told. Errors: what no profile may grant.
Errors acknowledge_grants(ImportedProfile& profile, const SandboxSpec& spec,
                          const HostPlaces& places) {
  SandboxSpec acknowledged = spec;
  acknowledged.lint.allow = acknowledgements(spec, places);
  Errors refused = refusals(acknowledged, places);
  if (!refused.empty()) return refused;
  Errors warnings = lint(spec, places);
  std::set<std::string> names;
  for (const SetItem& item : acknowledged.lint.allow.items) names.insert(item.text);
  for (const Error& warning : warnings) names.insert(lint_name(warning.code));
  profile.warnings = refusals(spec, places);
  std::ranges::move(warnings, std::back_inserter(profile.warnings));
  for (Error& warning : profile.warnings) {
    warning.origin = {};
    warning.hint = "the profile acknowledges it below [lint]";
  }
  if (names.empty()) return {};
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + toml_string(name);
  Table table("lint");
  table.line("allow", '[' + list + ']', "what the command line grants");
  table.append_to(profile.text);
  return {};
}

}  // namespace

std::variant<ImportedProfile, Errors> import_bwrap(const BwrapArguments& arguments,
                                                   const ImportHost& host,
                                                   const Circumstances& circumstances,
                                                   const HostPlaces& places) {
  ImportedProfile profile = Importer(arguments, host).run();
  // Read as any other, so that nothing is written that would not be.
  const auto source = std::make_shared<const SourceFile>(
      SourceFile{.name = "the imported profile", .text = profile.text});
  auto read = parse_profile(source, circumstances.cwd, circumstances);
  if (auto* errors = std::get_if<Errors>(&read)) return std::move(*errors);
  Errors refused = acknowledge_grants(profile, std::get<ProfileLayer>(read).spec, places);
  if (!refused.empty()) return refused;
  return profile;
}

}  // namespace immure
