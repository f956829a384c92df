#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <utility>

#include "base/path.h"
#include "base/real_path.h"
#include "base/text.h"
#include "base/write_file.h"
#include "commands/ask.h"
#include "commands/circumstances.h"
#include "commands/pipeline.h"
#include "commands/profile.h"
#include "config/profile_file.h"
#include "spec/check.h"

namespace immure {
namespace {

constexpr int found_something = 1;
constexpr mode_t file_mode = 0644;

bool exists(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0;
}

constexpr std::string_view schema_line = "#:schema " IMMURE_DATADIR "/immure/immure.schema.json\n";

std::string first_lines(std::string_view name) {
  return std::string(schema_line) + "# immure run -p " + std::string(name) + " -- COMMAND\n";
}

std::string drop_in_template(std::string_view name) {
  return std::string(schema_line) + "# Laid on the profile " + std::string(name) +
         ", which stays as it is: immure profile show " + std::string(name) +
         "\n# An entry replaces the one of the same key; \"none\" takes it away.\n\n"
         "# [fs]\n# \"~/data\" = \"ro\"\n\n# [allow]\n# cwd = \"rw\"\n";
}

std::string new_text(std::string_view name, std::string_view base) {
  return first_lines(name) +
         "\ndescription = \"\"\n"
         "extends = [" +
         quote(base) +
         "]\n\n"
         "# Root's programs that get this profile when no other is chosen.\n"
         "# match = [\"" +
         std::string(name) +
         "\"]\n\n"
         "# What the program sees: \"ro\", \"rw\", \"tmpfs\", \"hide\"; a \"?\" skips what is "
         "missing.\n"
         "# [fs]\n# \"~/.config/" +
         std::string(name) +
         "\" = \"rw,create\"\n\n"
         "# What it may do, and which variables it gets.\n"
         "# [allow]\n# cwd = \"rw\"\n\n"
         "# [env]\n# LANG = true\n";
}

// What is edited: where it goes, and what is there now.
struct Draft {
  std::string name;  // of the profile
  std::string path;  // of the user's file
  bool drop_in = false;
  std::string text;
  std::string identity;  // of the file that is there
};

Result<Draft> draft_of(const ProfileRequest& request) {
  const std::string directory = profile_directory(ProfilePlace::user, request.circumstances);
  if (directory.empty()) {
    return Error{.code = Code::file_unwritable,
                 .doing = "there is no place for own profiles: this user has no home directory",
                 .hint = "set XDG_CONFIG_HOME"};
  }
  if (auto error = check_profile_name(request.name)) return std::move(*error);
  Draft draft{.name = request.name, .path = directory + '/' + request.name + ".toml"};
  auto own = read_profile_file(draft.path, Links::follow, {}, request.circumstances);
  if (!own) {
    auto other = find_profile(request.name, {}, request.circumstances);
    if (!other.ok()) {
      Error& error = other.error();
      if (error.code == Code::extends_not_found) {
        error.hint = "immure profile new " + request.name;
      }
      return std::move(error);
    }
    draft.drop_in = true;
    draft.path += ".d/user.toml";
    own = read_profile_file(draft.path, Links::follow, {}, request.circumstances);
  }
  if (!own) {
    draft.text = drop_in_template(request.name);
    draft.identity = "new";
    return draft;
  }
  if (!own->ok()) return std::move(own->error());
  draft.text = own->value().source->text;
  draft.identity = own->value().identity;
  return draft;
}

// What is wrong with the text, if it were in its place.
Errors problems_of(const Draft& draft, const std::string& text,
                   const Circumstances& circumstances) {
  auto source = std::make_shared<SourceFile>();
  source->name = tilde(draft.path, circumstances.home);
  source->text = text;
  const ProfileText candidate{.source = std::move(source),
                              .path = draft.path,
                              .directory = std::string(parent_of(draft.path)),
                              .identity = draft.identity};
  Circumstances named = circumstances;
  named.name = plain_profile_name(draft.name);
  auto merged = merge_loaded(load_candidate(draft.name, candidate, named), {}, named);
  if (auto* errors = std::get_if<Errors>(&merged)) return std::move(*errors);
  auto checked = check(std::move(std::get<Merged>(merged).spec), places_of(named));
  if (auto* errors = std::get_if<Errors>(&checked)) return std::move(*errors);
  return {};
}

// As the shell would, so that EDITOR="code --wait" works. Nothing: it ended well.
std::optional<Error> run_editor(const std::string& path) {
  std::string editor = "vi";
  for (const char* variable : {"EDITOR", "VISUAL"}) {
    const char* value = std::getenv(variable);
    if (value != nullptr && *value != '\0') editor = value;
  }
  const std::string script = editor + " \"$1\"";
  const pid_t pid = ::fork();
  if (pid < 0) return os_error(Code::usage, "start the editor");
  if (pid == 0) {
    ::execl("/bin/sh", "sh", "-c", script.c_str(), "sh", path.c_str(), nullptr);
    ::_exit(127);
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return std::nullopt;
  return Error{.code = Code::usage,
               .reason = "the editor " + quote(editor) + " failed; nothing is changed",
               .hint = "set VISUAL or EDITOR"};
}

// A directory of our own for the text while it may be wrong.
class Workshop {
 public:
  Workshop() {
    const char* base = std::getenv("TMPDIR");
    directory_ = (base != nullptr && *base == '/' ? std::string(base) : "/tmp") + "/immure-XXXXXX";
    made_ = ::mkdtemp(directory_.data()) != nullptr;
  }
  Workshop(const Workshop&) = delete;
  Workshop& operator=(const Workshop&) = delete;
  ~Workshop() {
    if (kept_ || !made_) return;
    (void)::unlink(file().c_str());
    (void)::rmdir(directory_.c_str());
  }

  bool made() const { return made_; }
  std::string file() const { return directory_ + "/profile.toml"; }
  void keep() { kept_ = true; }

 private:
  std::string directory_;
  bool made_ = false, kept_ = false;
};

std::optional<Error> save(const Draft& draft, const std::string& text) {
  if (auto error = make_directories(std::string(parent_of(draft.path)))) return error;
  const std::string place = real_path_or_same(draft.path);
  struct stat status {};
  const bool there = ::stat(place.c_str(), &status) == 0;
  return write_file(place, text, there ? status.st_mode & 0777U : file_mode);
}

}  // namespace

std::optional<Error> check_profile_name(std::string_view name) {
  constexpr std::string_view letters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.+";
  constexpr std::size_t most = 100;
  if (!name.empty() && name.size() <= most && name.front() != '.' && name.front() != '-' &&
      !name.ends_with(".toml") && name.find_first_not_of(letters) == std::string_view::npos) {
    return std::nullopt;
  }
  return Error{.code = Code::usage,
               .reason = quote(name) + " can't be the name of a profile of yours",
               .hint = "a name holds letters, digits, '-', '_', '.' and '+'"};
}

Outcome new_profile(const ProfileRequest& request) {
  if (auto error = check_profile_name(request.name)) return failed(std::move(*error));
  const std::string directory = profile_directory(ProfilePlace::user, request.circumstances);
  if (directory.empty()) {
    return failed(Error{.code = Code::file_unwritable,
                        .doing = "there is no place for own profiles: this user has no home",
                        .hint = "set XDG_CONFIG_HOME"});
  }
  const std::string path = directory + '/' + request.name + ".toml";
  if (exists(path)) {
    return failed(Error{.code = Code::file_unwritable,
                        .reason = "there is a profile " + quote(request.name) + " of yours already",
                        .hint = "immure profile edit " + request.name});
  }
  std::string base = find_profile("system:" + request.name, {}, request.circumstances).ok()
                         ? "system:" + request.name
                         : "default";
  for (const GivenOption& option : request.options.options) {
    if (option.id != OptionId::from) continue;
    auto found = find_profile(option.value, {}, request.circumstances);
    if (!found.ok()) {
      found.error().origin.flag = option.flag;
      return failed(std::move(found.error()));
    }
    base = is_profile_path(option.value) ? found.value().path : option.value;
  }
  if (auto error = make_directories(directory)) return failed(std::move(*error));
  if (auto error = write_file(path, new_text(request.name, base), file_mode)) {
    return failed(std::move(*error));
  }
  return print(path + '\n');
}

Outcome edit_profile(const ProfileRequest& request) {
  auto found = draft_of(request);
  if (!found.ok()) return failed(std::move(found.error()));
  const Draft& draft = found.value();
  Workshop workshop;
  if (!workshop.made())
    return failed(os_error(Code::file_unwritable, "make a temporary directory"));
  if (auto error = write_file(workshop.file(), draft.text, 0600)) return failed(std::move(*error));
  while (true) {
    if (auto error = run_editor(workshop.file())) return failed(std::move(*error));
    auto edited = read_profile_file(workshop.file(), Links::refuse, {}, request.circumstances);
    if (!edited || !edited->ok()) {
      return failed(edited ? std::move(edited->error())
                           : Error{.code = Code::file_unreadable,
                                   .reason = "the editor left no file; nothing is changed"});
    }
    const std::string& text = edited->value().source->text;
    if (text == draft.text) return {};
    Errors errors = problems_of(draft, text, request.circumstances);
    if (errors.empty()) {
      if (auto error = save(draft, text)) {
        workshop.keep();
        error->hint = "your text is in " + workshop.file();
        return failed(std::move(*error));
      }
      return {};
    }
    if (can_ask()) {
      for (const Error& error : errors) log_error(error, {.home = request.circumstances.home});
      errors.clear();
      if (ask("It is not saved like this. Edit again?", true)) continue;
    }
    workshop.keep();
    errors.push_back(Error{.code = Code::file_unwritable,
                           .reason = "nothing is saved",
                           .hint = "your text is in " + workshop.file()});
    return Outcome{.status = found_something, .errors = std::move(errors)};
  }
}

Outcome remove_profile(const ProfileRequest& request) {
  if (auto error = check_profile_name(request.name)) return failed(std::move(*error));
  const std::string directory = profile_directory(ProfilePlace::user, request.circumstances);
  const std::string own = directory + '/' + request.name + ".toml";
  const std::string drop_ins = own + ".d";
  std::vector<std::string> files;
  if (!directory.empty() && exists(own)) {
    files = {own};
  } else if (!directory.empty()) {
    for (const std::string& file : toml_files(drop_ins)) {
      files.push_back(std::string(drop_ins).append(1, '/').append(file));
    }
  }
  if (files.empty()) {
    const bool other = find_profile(request.name, {}, request.circumstances).ok();
    return failed(Error{.code = Code::extends_not_found,
                        .reason = other
                                      ? "profile " + quote(request.name) +
                                            " is not yours, and has no drop-in of yours"
                                      : "there is no profile " + quote(request.name) + " of yours",
                        .hint = "immure profile list"});
  }
  std::string removed;
  for (const std::string& file : files) {
    if (::unlink(file.c_str()) != 0) {
      return failed(os_error(Code::file_unwritable, "remove " + quote(file)));
    }
    removed += "removed " + escape(tilde(file, request.circumstances.home)) + '\n';
  }
  if (files.front() != own) (void)::rmdir(drop_ins.c_str());  // unless more is in it
  return print(removed);
}

}  // namespace immure
