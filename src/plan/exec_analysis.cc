#include "plan/exec_analysis.h"

#include <sys/statvfs.h>

#include <cerrno>
#include <optional>
#include <utility>

#include "base/path.h"
#include "base/text.h"
#include "plan/landlock.h"
#include "plan/landlock_rights.h"
#include "plan/planned_tree.h"
#include "plan/program_file.h"

namespace immure {
namespace {

constexpr int kNotExecutable = 126;
constexpr int kNotFound = 127;
constexpr int kMaxInterpreters = 6;              // the kernel's own limit is 5
constexpr std::size_t kMaxString = 32UL * 4096;  // MAX_ARG_STRLEN; execve(2)
constexpr const char* kEmulators = "/proc/sys/fs/binfmt_misc";

// "--ro /lib/x     (it exists on this system)"; the host's place for a path inside may be another.
std::string bring_in(const std::string& outside, const std::string& inside) {
  std::string flag = "--ro " + escape(outside);
  if (outside != inside) flag += ':' + escape(inside);
  return flag + "     (it exists on this system)";
}

bool exists_outside(const std::string& path, const HostFiles& files) {
  const Result<ResolvedPath> there = files.resolve(path);
  return there.ok() && there.value().kind != FileKind::missing;
}

// One failed execve, from the command's file down to its loader.
class Analysis {
 public:
  Analysis(const LaunchPlan& plan, const HostFiles& files, int errnum)
      : plan_(plan), files_(files), tree_(planned_tree(plan, files)), errnum_(errnum) {}

  Error run() {
    if (errnum_ == E2BIG) return too_long();
    for (const std::string& candidate : plan_.command.candidates) {
      const Result<Seen> seen = tree_.look(candidate);
      if (!seen.ok() || !seen.value().exists()) continue;
      return explain(seen.value(), "it", 0);
    }
    if (errnum_ == ENOENT || errnum_ == ENOTDIR) {
      return {.code = Code::not_found_inside,
              .doing = quote(plan_.command.shown) + " isn't in the sandbox",
              .hint = "--ro FILE brings it in",
              .exit_code = kNotFound};
    }
    return plain();
  }

 private:
  Error problem(Code code, std::string reason, std::string hint) const {
    return {.code = code,
            .doing = quote(plan_.command.shown) + " can't start",
            .reason = std::move(reason),
            .hint = std::move(hint),
            .exit_code = kNotExecutable};
  }

  // `subject`: "it", or which interpreter on the way from the command's file.
  Error explain(const Seen& seen, const std::string& subject, int interpreters) {
    if (errnum_ == EACCES) {
      const NoExec why = explain_no_exec(seen, tree_, files_);
      if (!why.reason.empty()) {
        return problem(Code::not_executable, subject + ' ' + why.reason, why.hint);
      }
      if (!landlock_refusal(plan_, seen.path, landlock_files::execute).empty()) {
        return problem(
            Code::not_executable, subject + " has no right of Landlock to be executed",
            "give it one, in [landlock.fs]: " + quote(parent_of(seen.path)) + " = \"ro,exec\"");
      }
    }
    if (errnum_ == ETXTBSY) {
      return problem(Code::not_executable, subject + " is open for writing (ETXTBSY)",
                     "wait for what writes it, or see: fuser -v FILE");
    }
    if (seen.backing != Seen::Backing::host || interpreters > kMaxInterpreters) return plain();
    const Result<ProgramFile> read = read_program(seen.host_path);
    if (!read.ok()) return plain();
    const ProgramFile& program = read.value();
    switch (program.kind) {
      case ProgramFile::Kind::elf:
        if (std::optional<Error> foreign = explain_machine(program, subject)) return *foreign;
        if (program.interpreter.empty()) return plain();
        return explain_interpreter(program.interpreter, "loader", seen, interpreters);
      case ProgramFile::Kind::script:
        return explain_interpreter(program.interpreter, "interpreter", seen, interpreters);
      case ProgramFile::Kind::other:
        if (errnum_ == ENOEXEC) return no_program(program, subject);
        return plain();
    }
    return plain();
  }

  // ENOEXEC: the kernel does not run it. ENOENT: an emulator would, or what is missing is the
  // loader of a second kind of program that this kernel runs too (i386).
  std::optional<Error> explain_machine(const ProgramFile& program,
                                       const std::string& subject) const {
    const Result<ProgramFile> own = read_program("/proc/self/exe");
    if (!own.ok() || (errnum_ != ENOEXEC && errnum_ != ENOENT)) return {};
    const bool other = program.machine != own.value().machine;
    if (!other && program.is_64 == own.value().is_64) return {};
    std::string what = subject + " is a program for " + machine_name(program.machine) +
                       (other           ? ""
                        : program.is_64 ? " of 64 bits"
                                        : " of 32 bits") +
                       ", and this machine is " + machine_name(own.value().machine);
    if (errnum_ == ENOEXEC) {
      return problem(Code::wrong_architecture, std::move(what),
                     "get it for this machine, or an emulator that binfmt_misc starts: "
                     "qemu-user-static");
    }
    const std::string emulator = emulator_of(program, kEmulators);
    const Result<Seen> seen = tree_.look(collapse(emulator));
    if (emulator.empty() || (seen.ok() && seen.value().exists())) return {};
    what += "; its emulator " + quote(emulator) + " isn't in the sandbox";
    return problem(Code::wrong_architecture, std::move(what), hint_for(emulator));
  }

  std::string hint_for(const std::string& path) const {
    if (exists_outside(path, files_)) return bring_in(path, path);
    return quote(path) + " isn't on this system either: install what it belongs to";
  }

  // `user` is what names it: the command's file, or an interpreter itself.
  Error explain_interpreter(const std::string& path, const std::string& role, const Seen& user,
                            int interpreters) {
    const std::string subject =
        interpreters == 0 ? "its " + role + ' ' + quote(path)
                          : quote(path) + ", the " + role + " of " + quote(user.path) + ',';
    if (path.ends_with('\r')) {
      return problem(Code::interpreter_missing, "the first line of its file ends as on DOS",
                     R"(sed -i 's/\r$//' )" + quote(user.host_path));
    }
    if (!is_absolute(path)) {
      return problem(Code::interpreter_missing, subject + " is not an absolute path",
                     "the first line of a script is like: #!/bin/sh");
    }
    const Result<Seen> seen = tree_.look(collapse(path));
    if (!seen.ok()) return seen.error();
    if (seen.value().exists()) return explain(seen.value(), subject, interpreters + 1);
    if (!seen.value().sure || errnum_ != ENOENT) return plain();
    return problem(Code::interpreter_missing, subject + " isn't in the sandbox", hint_for(path));
  }

  Error no_program(const ProgramFile& program, const std::string& subject) const {
    if (program.head.empty()) {
      return problem(Code::wrong_architecture, subject + " is an empty file", "");
    }
    return problem(Code::wrong_architecture,
                   subject + " is neither a program (ELF) nor a script with a #! line",
                   "run a script without that line by its interpreter: sh FILE");
  }

  Error too_long() const {
    std::size_t bytes = 0;
    const std::string* longest = nullptr;
    for (const auto* list : {&plan_.command.argv, &plan_.command.environment}) {
      for (const std::string& text : *list) {
        bytes += text.size() + 1 + sizeof(char*);
        if (longest == nullptr || text.size() > longest->size()) longest = &text;
      }
    }
    if (longest != nullptr && longest->size() >= kMaxString) {
      return problem(Code::not_executable,
                     "one argument or variable has " + std::to_string(longest->size()) +
                         " bytes, and the kernel takes 131071 (E2BIG)",
                     "give it in a file or on standard input");
    }
    return problem(Code::not_executable,
                   "its arguments and variables take " + std::to_string(bytes) +
                       " bytes, more than the kernel allows (E2BIG)",
                   "a quarter of the stack limit is allowed, at most 6M: see ulimit -s, "
                   "limits.stack, xargs(1)");
  }

  // Nothing was found out: the kernel's word stands.
  Error plain() const {
    Error error{.code = errnum_ == ENOEXEC ? Code::wrong_architecture : Code::not_executable,
                .doing = "start " + quote(plan_.command.shown),
                .errnum = errnum_,
                .exit_code = kNotExecutable};
    if (errnum_ == ENOENT) {
      error.code = Code::not_found_inside;
      error.exit_code = kNotFound;
      error.hint = "the file, or the interpreter that it names, is not in the sandbox: --ro FILE";
    } else if (errnum_ == ENOEXEC) {
      error.hint =
          "not a program for this machine, or a script without a #! line: run it by its "
          "interpreter";
    } else if (errnum_ == EACCES) {
      error.hint = "see its x bit, and that no mount on the way is noexec";
    }
    return error;
  }

  const LaunchPlan& plan_;
  const HostFiles& files_;
  RootTree tree_;
  int errnum_;
};

}  // namespace

Error explain_exec(const LaunchPlan& plan, const HostFiles& files, int errnum) {
  return Analysis(plan, files, errnum).run();
}

NoExec explain_no_exec(const Seen& seen, const RootTree& tree, const HostFiles& files) {
  if (seen.kind == FileKind::directory) return {.reason = "is a directory"};
  if (seen.kind != FileKind::regular) return {.reason = "is not a regular file"};
  if (seen.backing == Seen::Backing::cover) return {.reason = "is covered"};
  const TreeNode* mount = tree.mount_of(seen.path);
  if (!mount->access.executable) {
    return {.reason = "lies on a mount of the sandbox without exec",
            .hint = "leave out noexec for " + quote(tree.mount_point_of(seen.path))};
  }
  if (seen.backing != Seen::Backing::host || files.executable(seen.host_path)) return {};
  struct statvfs status {};
  if (::statvfs(seen.host_path.c_str(), &status) == 0 && (status.f_flag & ST_NOEXEC) != 0) {
    return {.reason = "lies on a file system that is mounted noexec on this system",
            .hint = "copy it elsewhere"};
  }
  return {.reason = "has no x bit for you", .hint = "chmod +x " + quote(seen.host_path)};
}

}  // namespace immure
