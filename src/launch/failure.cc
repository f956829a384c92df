// From what the child says ("7, EACCES") to the words of an Error.
#include <sched.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/syscalls.h"
#include "base/text.h"
#include "launch/monitor.h"
#include "launch/refused_namespaces.h"
#include "plan/exec_analysis.h"
#include "plan/host.h"

namespace immure {
namespace {

// Since Linux 5.12 nobody else may map the id 0 of the outer namespace. user_namespaces(7)
bool is_root_without_setfcap() {
  constexpr unsigned setfcap = 31;
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> data{};
  return ::geteuid() == 0 && sys::capget(header, data.data()) == 0 &&
         (data[0].effective >> setfcap & 1U) == 0;
}

Error id_maps_failed(int errnum) {
  if (errnum == EPERM && is_root_without_setfcap()) {
    return {.code = Code::userns_unavailable,
            .doing = "map our id, 0, into a new user namespace",
            .errnum = errnum,
            .reason = "here root lacks CAP_SETFCAP",
            .hint =
                "start immure as another user than root\n"
                "or give the outer sandbox CAP_SETFCAP (caps.keep = [\"CAP_SETFCAP\"])"};
  }
  if (std::optional<Error> refused = refused_by_apparmor(errnum)) return *std::move(refused);
  if (errnum == ENOENT || errnum == ENOTSUP) {
    return {.code = Code::setup_step,
            .doing = "the id maps can't be written",
            .reason = "there is no proc file system on /proc",
            .hint = "mount one: sudo mount -t proc proc /proc"};
  }
  return {.code = Code::userns_unavailable,
          .doing = "write the id maps of the new user namespace",
          .errnum = errnum,
          .hint = "more: immure doctor"};
}

Error stdio_failed(int errnum) {
  return {.code = Code::setup_step,
          .doing = "open standard input again, read-only, so that nobody inside writes to its file",
          .errnum = errnum,
          .hint = errnum == ESTALE ? "another file was put in its place; start again"
                                   : "give it through a pipe: cat FILE | immure run …"};
}

std::string step_hint(const Step& step, int errnum) {
  if (std::holds_alternative<ProcMount>(step) && errnum == EPERM) {
    return "this looks like a container whose own /proc is partly covered; the kernel then refuses "
           "a fresh one\nuse --set root.proc=none, or --set root.proc=host";
  }
  if (const auto* bind = std::get_if<BindMount>(&step)) {
    if (errnum == ELOOP) {
      return "a symbolic link was put there while the sandbox started; it was not followed";
    }
    if (errnum == EINVAL && !bind->recursive) {
      return "mounts lie below it, and the kernel does not let them be uncovered: leave out norec";
    }
    if (errnum == ENOENT) return "it was there a moment ago; start again";
    if (errnum == EACCES) return "you may not enter a directory on its way: see namei -l";
  }
  if (std::holds_alternative<OverlayMount>(step)) {
    if (errnum == EINVAL) {
      return "an overlay cannot show a directory with other mounts below it, nor keep its writes "
             "on "
             "every file system: name a smaller directory";
    }
    if (errnum == EPERM || errnum == ENODEV) {
      return "this kernel has no overlays for users (5.11 has): immure doctor";
    }
  }
  if (std::holds_alternative<SetRlimit>(step) && errnum == EPERM) {
    return "it is above your own hard limit: see ulimit -H -a";
  }
  if (const auto* write = std::get_if<WriteProc>(&step)) {
    if (errnum == EXDEV || errnum == EROFS) return "an outer container covers this part of /proc";
    if (errnum == EACCES &&
        (write->file.starts_with("sys/kernel/") || write->file.starts_with("sys/fs/mqueue/"))) {
      return "the kernel lets only the sandbox's uid 0 set it: --set user.uid=0";
    }
  }
  if (std::holds_alternative<OpenTerminal>(step)) {
    return errnum == ENOSPC ? "all terminals are taken: sysctl kernel.pty.max, kernel.pty.nr"
                            : "process.tty = \"detach\" does without a terminal";
  }
  if (std::holds_alternative<RedirectStdio>(step)) {
    if (errnum == ELOOP) {
      return "a link to an open descriptor, as /dev/stdout, is not followed: \"inherit\" keeps "
             "what "
             "is there";
    }
    return "the path is one of the sandbox: bind it there, writable for output";
  }
  if (std::holds_alternative<ChangeDirectory>(step)) {
    return "-C / starts at the root; --ro DIR brings a directory in";
  }
  if (std::holds_alternative<NewCoreCookie>(step)) {
    return "this kernel has no core scheduling (CONFIG_SCHED_CORE), or this machine no SMT\n"
           "to go on without: best_effort = [\"core-sched\"]";
  }
  if (const auto* label = std::get_if<SetExecLabel>(&step); label && errnum != EPROTO) {
    const std::string word = label->apparmor ? "apparmor" : "selinux";
    return std::string(label->apparmor
                           ? "the profile must be loaded: sudo apparmor_parser -r FILE; aa-status "
                             "lists them\n"
                           : "the policy must know the label, and let us change to it\n") +
           "to go on without: best_effort = [\"" + word + "\"]";
  }
  if (std::holds_alternative<RefuseExecGain>(step) && errnum != EPROTO) {
    return "it takes Linux 6.3\nto go on without: best_effort = [\"mdwe\"]";
  }
  if (std::holds_alternative<CloseTsc>(step) && errnum == EINVAL) {
    return "only x86 can close its time stamp counter: leave out process.tsc";
  }
  if (std::holds_alternative<SetScheduler>(step) || std::holds_alternative<SetIoPriority>(step)) {
    return "without privilege it can only get worse; to go on without: best_effort = [\"sched\"]";
  }
  if (std::holds_alternative<NewTimeNamespace>(step) && errnum != EPROTO) {
    return "time namespaces need Linux 5.6, and user.max_time_namespaces above 0\n"
           "to go on without: best_effort = [\"time-ns\"]";
  }
  if (std::holds_alternative<RestrictSelf>(step) && errnum != EPROTO) {
    return std::string(errnum == E2BIG ? "sandboxes with Landlock nest 16 deep at most\n" : "") +
           "to go on without: best_effort = [\"landlock\"], or --set landlock.mode=off";
  }
  if (errnum == EOVERFLOW) {
    return "our id has no number in the user namespace that is joined: map it there";
  }
  if (errnum == EPROTO) {
    return "the kernel reported success and did not do it; nothing was started";
  }
  return "more: immure doctor";
}

// What is shown then is the processes of the host, which is not ours to mount anew.
bool lost_pid_namespace(const LaunchPlan& plan) {
  return plan.pid_namespace_optional && (plan.namespaces & CLONE_NEWPID) == 0;
}

void explain_proc_without_pids(Error& error) {
  error.reason = "there is no pid namespace to mount it for: this host refused one";
  error.hint =
      "best_effort lets go of \"pid-ns\" alone: add \"proc\" to it\n"
      "or use --set root.proc=none, or --set root.proc=host";
}

Error exec_failed(const ChildReport& report, const LaunchPlan& plan) {
  if (report.errnum != ETIMEDOUT) return explain_exec(plan, real_files(), report.errnum);
  return {.code = Code::setup_timeout, .doing = "start " + quote(plan.command.shown)};
}

}  // namespace

Error lost_command(int errnum) {
  Error error = os_error(Code::setup_step, "wait for the end of the command", errnum);
  error.hint = "it was ended, with all that it had started";
  return error;
}

Error explain_failure(const ChildReport& report, const LaunchPlan& plan) {
  const std::size_t setup = plan.setup.size();
  const std::size_t steps = setup + plan.command_setup.size();
  if (report.step < steps) {
    const PlannedStep& planned =
        report.step < setup ? plan.setup[report.step] : plan.command_setup[report.step - setup];
    Error error{.code = Code::setup_step,
                .doing = describe(planned.what),
                .errnum = report.errnum,
                .origin = planned.origin,
                .hint = step_hint(planned.what, report.errnum)};
    if (std::holds_alternative<ProcMount>(planned.what) && report.errnum == EPERM) {
      error.code = Code::proc_masked;
      if (lost_pid_namespace(plan)) explain_proc_without_pids(error);
    } else if (std::holds_alternative<NewCoreCookie>(planned.what)) {
      error.code = Code::core_sched_unavailable;
    } else if (std::holds_alternative<RestrictSelf>(planned.what)) {
      error.code = Code::landlock_unavailable;
    } else if (std::holds_alternative<OverlayMount>(planned.what)) {
      error.code = Code::overlay_unavailable;
    } else if (std::holds_alternative<ChangeDirectory>(planned.what)) {
      error.code = Code::cwd_missing;
    }
    return error;
  }
  if (report.step == steps) return exec_failed(report, plan);
  switch (static_cast<Stage>(report.step)) {
    case stage_id_maps:
      return id_maps_failed(report.errnum);
    case stage_lifetime:
      return os_error(Code::setup_step, "tie the sandbox to its launcher", report.errnum);
    case stage_fork:
      return os_error(Code::setup_step, "start the command's process", report.errnum);
    case stage_close_fds:
      return os_error(Code::setup_step, "close inherited descriptors", report.errnum);
    case stage_signals:
      return os_error(Code::setup_step, "give back the signal mask", report.errnum);
    case stage_stdio:
      return stdio_failed(report.errnum);
    case stage_killed:
      return {
          .code = Code::setup_died,
          .doing = "the sandbox couldn't be set up",
          .reason = "the command's process was killed by a signal before the command ran",
          .hint = "see whether something kills it (the kernel's log names an out-of-memory kill)"};
    case stage_wait:
      return lost_command(report.errnum);
    case stage_lock:
      break;  // of the drop-in bwrap, which has words of its own
    case stage_block:
      return os_error(Code::setup_step, "read what --block-fd waits for", report.errnum);
  }
  return os_error(Code::setup_step, "set up the sandbox", report.errnum);
}

}  // namespace immure
