// Errors as values: what failed, on what, errno in words, where it was asked for, what to do.
// Printed by base/log only. Pure: may be used anywhere.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace immure {

// A text the user wrote, kept in memory so that an error can show the line again.
struct SourceFile {
  std::string name;      // as shown: "~/.config/immure/profiles/web.toml"
  std::string text;      // the whole file
  std::string through;   // how it came in, if not by itself: "through -p web"; may be empty
  bool shipped = false;  // came with immure: nobody is warned of what stands in it
  // Where lines begin, once line_of() was asked for one: a file may be wrong in each of its lines.
  mutable std::vector<std::size_t> line_starts = {};
};

// A line, from 1, without its end; empty if there is none. `text` must not change after this.
std::string_view line_of(const SourceFile& file, std::uint32_t number);

// Where the user asked for something: a place in a profile, or a flag.
struct Origin {
  std::shared_ptr<const SourceFile> file;  // null: not from a file
  std::uint32_t line = 0;                  // from 1
  std::uint32_t column = 0;                // from 1, in bytes
  std::string flag;                        // "--ro", "$IMMURE_PROFILE"; empty: from a file

  bool operator==(const Origin&) const = default;
};

// "web.toml:9:1", "--ro", or "built in" for what nobody asked for (the engine's floor).
std::string show(const Origin& origin);

// The stable numbers of messages. E0xx usage, 1xx file, 2xx schema, 3xx values, 4xx this host
// cannot, 5xx a set-up step failed, 6xx exec; 7xx are lint warnings and print as W7xx.
enum class Code : std::uint16_t {
  usage = 1,
  not_a_command = 2,
  no_command = 3,
  file_syntax = 101,
  file_unreadable = 102,
  file_encoding = 103,
  file_too_big = 105,
  file_unwritable = 106,
  file_unsafe_owner = 107,
  project_untrusted = 108,
  schema_version = 201,
  unknown_key = 202,
  wrong_type = 203,
  bad_enum = 204,
  extends_cycle = 205,
  duplicate_key = 206,
  extends_not_found = 207,
  extends_too_deep = 208,
  not_supported = 209,
  unknown_intent = 210,
  relative_path = 301,
  variable = 302,
  unit = 303,
  limit = 304,
  syscall_name = 305,
  glob_no_match = 311,
  mount_point = 321,
  overlay_dirs = 322,
  refused_mount = 323,
  cwd_missing = 331,
  cannot_lower = 332,  // umask, nice, oom_score_adj: only worse without privilege
  id_map = 341,
  user_namespace_host = 350,
  time_offset = 351,
  sysctl = 352,
  namespace_value = 353,
  capability = 354,
  syscall_twice = 380,
  pointer_argument = 381,
  syscall_rule = 382,
  filter_file = 383,
  userns_unavailable = 400,
  userns_apparmor = 401,
  proc_masked = 402,
  started_setuid = 403,
  overlay_unavailable = 410,
  core_sched_unavailable = 420,
  lsm_unavailable = 430,  // no AppArmor, or no SELinux
  landlock_unavailable = 470,
  landlock_rules = 471,  // they would not hold, or exclude what the profile asks for
  id_map_helper = 462,   // newuidmap or newgidmap is missing, or failed
  setup_step = 501,
  setup_died = 502,
  setup_timeout = 503,
  state_locked = 504,
  not_found_inside = 601,
  not_executable = 602,
  interpreter_missing = 603,
  wrong_architecture = 604,
  lint_host_network = 710,
  lint_raw_bus = 720,
  lint_x11 = 721,
  lint_keyring = 722,
  lint_credentials = 723,
  lint_unprotected = 724,
  lint_whole_host = 725,
  lint_container_socket = 726,
  lint_kernel_files = 727,
  planted = 728,  // found after the run
  lint_sockets = 729,
  lint_env_all = 730,
  lint_env_secret = 731,
  lint_caps_all = 740,
  lint_args_network = 741,
  lint_glob = 750,
  lint_unused_override = 751,
  lint_shadowed = 752,
};

// A warning of what a profile allows, not an error.
constexpr bool is_lint(Code code) { return static_cast<int>(code) >= 700; }

// Prints as "can't {doing}: {errnum in words} ({ERRNO})"; with errnum 0 as "{doing}: {reason}", or
// just the one of the two that is not empty. Then the origin and the hint.
struct Error {
  Code code = Code::setup_step;
  std::string doing;   // verb phrase naming the object: `mount "/srv/data" read-only`
  int errnum = 0;      // errno of the call that failed; 0 if the kernel was not asked
  std::string reason;  // used when errnum is 0, or added after it in parentheses
  Origin origin;
  std::string hint;  // what to do about it, at most three lines; may be empty
  int exit_code = 125;

  bool operator==(const Error&) const = default;
};

using Errors = std::vector<Error>;

// Places of one file by line; files, and what has no line, as they were met.
void sort_by_place(Errors& errors);

inline Error os_error(Code code, std::string doing, int errnum = errno) {
  return Error{.code = code, .doing = std::move(doing), .errnum = errnum};
}

// A value, or why there is none.
template <class T>
class [[nodiscard]] Result {
 public:
  // NOLINTNEXTLINE(google-explicit-constructor): a value or an Error is returned as it is
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  // NOLINTNEXTLINE(google-explicit-constructor)
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  T& value() { return std::get<0>(state_); }
  const T& value() const { return std::get<0>(state_); }
  Error& error() { return std::get<1>(state_); }
  const Error& error() const { return std::get<1>(state_); }

 private:
  std::variant<T, Error> state_;
};

}  // namespace immure
