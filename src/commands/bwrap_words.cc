// The words of bubblewrap for what failed. Paths of the sandbox and of the host are shown as they
// were for it while it set up: below /newroot and /oldroot.
#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/text.h"
#include "commands/bwrap.h"
#include "plan/lower_ordered.h"

namespace immure {
namespace {

std::string with(std::string text, int errnum) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread
  return std::move(text) + ": " + std::strerror(errnum);
}

// As "%#o" of printf(3).
std::string mode_text(mode_t mode) { return mode == 0 ? "0" : '0' + octal(mode); }

// Each gives the text for a step that failed.
class Words {
 public:
  Words(const PlainFailure& failure)
      : errnum_(failure.report.errnum), part_(failure.report.status), detail_(failure.detail) {}

  std::string operator()(const BindMount& s) const {
    if (part_ == part_identity) return "Race condition binding dirfd";
    return with("Can't bind mount /oldroot" + s.source + " on " + place(s.target) +
                    ": Unable to mount source on destination",
                errnum_);
  }
  std::string operator()(const LeavePeers& /*s*/) const {
    return with("Failed to make / slave", errnum_);
  }
  std::string operator()(const MakeRoot& s) const {
    return s.directory.empty() ? with("Failed to mount tmpfs", errnum_)
                               : (*this)(BindMount{.source = s.directory, .target = {}});
  }
  std::string operator()(const CoverFile& s) const {
    if (part_ == part_content) return with("Can't write data to file /" + s.target, errnum_);
    return with("Can't bind mount /oldroot/bindfile on " + place(s.target), errnum_);
  }
  std::string operator()(const TmpfsMount& s) const { return cannot_mount("tmpfs", s.target); }
  std::string operator()(const ProcMount& s) const { return cannot_mount("proc", s.target); }
  std::string operator()(const DevptsMount& s) const { return cannot_mount("devpts", s.target); }
  std::string operator()(const MqueueMount& s) const { return cannot_mount("mqueue", s.target); }
  std::string operator()(const OverlayMount& s) const {
    const std::string text = "Can't make overlay mount on " + place(s.target);
    return errnum_ == ELOOP ? text + ": Overlay directories may not overlap" : with(text, errnum_);
  }
  std::string operator()(const MakePlace& s) const {
    const std::string path = '/' + s.target;
    if (part_ == part_parents) return no_parents(s.target);
    return with((s.kind == MakePlace::Kind::file ? "Can't create file at " : "Can't mkdir ") + path,
                errnum_);
  }
  std::string operator()(const WriteFile& s) const {
    if (part_ == part_content) return with("Can't write data to file /" + s.target, errnum_);
    if (errnum_ == ENOTDIR) return no_parents(s.target);
    return with("Can't create file /" + s.target, errnum_);
  }
  std::string operator()(const EnsureLink& s) const {
    const std::string text = "Can't make symlink at /" + s.target;
    if (part_ == part_other_link) return text + ": existing destination is " + detail_;
    if (part_ == part_not_link) return text + ": destination exists and is not a symlink";
    if (errnum_ == ENOTDIR) return no_parents(s.target);
    return with(text, errnum_);
  }
  std::string operator()(const ChangeMode& s) const {
    return with("Can't chmod " + mode_text(s.mode) + " /" + s.target, errnum_);
  }
  std::string operator()(const MakeReadOnly& s) const {
    const std::string text = "Can't remount readonly on " + place(s.target) + ": ";
    if (errnum_ == EINVAL)
      return text + "Unable to find \"" + place(s.target) + "\" in mount table";
    if (errnum_ == ENOTDIR) return no_parents(s.target);
    const bool looked_up = errnum_ != ENOENT && errnum_ != ELOOP;
    return with(text + (looked_up ? "Unable to apply mount flags" : "realpath(destination)"),
                errnum_);
  }
  std::string operator()(const SetHostname& s) const {
    return with("Can't set hostname to " + s.name, errnum_);
  }
  std::string operator()(const LoopbackUp& /*s*/) const {
    return with("loopback: Failed RTM_NEWADDR", errnum_);
  }
  std::string operator()(const WriteProc& s) const {
    return with(s.file.starts_with("sys/") ? "sysctl user.max_user_namespaces = 1"
                                           : "--file-label setup failed",
                errnum_);
  }
  std::string operator()(const NewUserNamespace& /*s*/) const {
    return with("unshare user ns", errnum_);
  }
  std::string operator()(const EnterUserNamespace& /*s*/) const {
    return with("Setting userns2 failed", errnum_);
  }
  std::string operator()(const CheckNoUserNamespaces& /*s*/) const {
    return "creation of new user namespaces was not disabled as requested";
  }
  std::string operator()(const SetIds& s) const {
    return with(s.uid ? "unable to switch to uid " + std::to_string(*s.uid)
                      : "unable to switch to gid " + std::to_string(s.gid.value_or(0)),
                errnum_);
  }
  std::string operator()(const NewSession& /*s*/) const { return with("setsid", errnum_); }
  std::string operator()(const LimitPrivileges& /*s*/) const {
    return with("capset failed", errnum_);
  }
  std::string operator()(const NoNewPrivileges& /*s*/) const {
    return with("prctl(PR_SET_NO_NEW_PRIVS) failed", errnum_);
  }
  std::string operator()(const SetExecLabel& s) const {
    return with("label_exec " + s.label, errnum_);
  }
  std::string operator()(const ChangeToFirst& s) const {
    return with("Can't chdir to " + s.paths.front(), errnum_);
  }
  std::string operator()(const LoadFilter& /*s*/) const {
    if (part_ == part_content) return with("Can't read seccomp data", errnum_);
    if (part_ == part_length) return "Invalid seccomp data, must be multiple of 8";
    if (errnum_ == EINVAL) return std::string(kFilterRefused);
    return with("prctl(PR_SET_SECCOMP)", errnum_);
  }
  template <class Other>
  std::string operator()(const Other& s) const {
    return with("Can't " + describe(Step(s)), errnum_);
  }

 private:
  std::string no_parents(const std::string& target) const {
    return with("Can't mkdir parents for /" + target, errnum_);
  }
  static std::string place(const std::string& target) { return "/newroot/" + target; }
  std::string cannot_mount(const char* type, const std::string& target) const {
    return with(std::string("Can't mount ") + type + " on " + place(target), errnum_);
  }

  int errnum_;
  int part_;
  const std::string& detail_;
};

std::string at_clone(int errnum, bool new_user) {
  // What is said of user namespaces is no answer to who has asked for others only.
  switch (new_user || errnum == ENOSPC ? errnum : 0) {
    case EINVAL:
      return "Creating new namespace failed, likely because the kernel does not support user "
             "namespaces.  bwrap must be installed setuid on such systems.";
    case EPERM:
      return "No permissions to create a new namespace, likely because the kernel does not allow "
             "non-privileged user namespaces. On e.g. debian this can be enabled with 'sysctl "
             "kernel.unprivileged_userns_clone=1'.";
    case ENOSPC:
      return "Creating new namespace failed: nesting depth or /proc/sys/user/max_*_namespaces "
             "exceeded (ENOSPC)";
    default:
      return with("Creating new namespace failed", errnum);
  }
}

// Of pid 1, which waits for the command below the command's filters.
std::string of_wait(int errnum, const LaunchPlan& plan) {
  std::string text = with("init wait()", errnum);
  const bool filtered = std::ranges::any_of(plan.command_setup, [](const PlannedStep& planned) {
    return std::holds_alternative<LoadFilter>(planned.what);
  });
  if (!filtered) return text;
  return text +
         ". (Hint: a filter is in force in the sandbox's first process, too: it has to "
         "allow wait4, write, close and exit.)";
}

std::string of_launcher(const Error& error) {
  if (error.code != Code::namespace_value) {
    return error.errnum != 0 ? with("Can't " + error.doing, error.errnum) : error.doing;
  }
  if (error.origin.flag == "--pidns") {
    return with("Setting pidns failed", error.errnum != 0 ? error.errnum : EINVAL);
  }
  if (error.errnum != 0 && error.errnum != EPERM) {
    return with("Joining specified user namespace failed", error.errnum);
  }
  return "Joining the specified user namespace failed, it might not be a descendant of the current "
         "user namespace.";
}

}  // namespace

std::string bwrap_words(const PlainFailure& failure, const LaunchPlan& plan,
                        const PlainOptions& options) {
  if (failure.has_error) return of_launcher(failure.error);
  const ChildReport& report = failure.report;
  if (failure.at_clone) {
    return at_clone(report.errnum, (plan.namespaces & CLONE_NEWUSER) != 0);
  }
  const std::size_t setup = plan.setup.size();
  const std::size_t steps = setup + plan.command_setup.size();
  if (report.step < steps) {
    const PlannedStep& planned =
        report.step < setup ? plan.setup[report.step] : plan.command_setup[report.step - setup];
    return std::visit(Words(failure), planned.what);
  }
  if (report.step == steps) return with("execvp " + plan.command.shown, report.errnum);
  switch (static_cast<Stage>(report.step)) {
    case stage_id_maps:
      return with("setting up uid map", report.errnum);
    case stage_lifetime:
      return with("prctl", report.errnum);
    case stage_lock: {
      const auto number = static_cast<std::size_t>(report.status / 2);
      const std::string verb = report.status % 2 == 0 ? "open lock" : "lock";
      return with("Unable to " + verb + " file " + options.lock_files.at(number), report.errnum);
    }
    case stage_block:
      return with("Can't read --block-fd", report.errnum);
    case stage_wait:
      return of_wait(report.errnum, plan);
    default:
      return with("Can't fork for pid 1", report.errnum);
  }
}

}  // namespace immure
