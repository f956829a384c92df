// The words of each failure, to the letter: programs that were written for bubblewrap look for
// them.
#include <gtest/gtest.h>
#include <sched.h>

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "commands/bwrap.h"

namespace immure {
namespace {

struct StepFailure {
  Step step;
  int errnum;
  std::string text;
  int part = part_whole;
  std::string detail = {};
};
void PrintTo(const StepFailure& one, std::ostream* to) { *to << describe(one.step); }

PlainFailure failure_at(std::uint32_t step, int errnum, int part = part_whole) {
  PlainFailure failure;
  failure.report = {ChildReport::Kind::failed, errnum, step, part};
  return failure;
}

class BwrapWords : public testing::TestWithParam<StepFailure> {};

// The step that failed is the second one, so that not the first is taken for all.
TEST_P(BwrapWords, OfAStep) {
  LaunchPlan plan;
  plan.setup = {{MakeRoot{}, {}}, {GetParam().step, {}}};
  PlainFailure failure = failure_at(1, GetParam().errnum, GetParam().part);
  failure.detail = GetParam().detail;
  EXPECT_EQ(bwrap_words(failure, plan, {}), GetParam().text);
}

TEST_P(BwrapWords, OfAStepOfTheCommandsProcess) {
  LaunchPlan plan;
  plan.setup = {{MakeRoot{}, {}}};
  plan.command_setup = {{SetUmask{}, {}}, {GetParam().step, {}}};
  PlainFailure failure = failure_at(2, GetParam().errnum, GetParam().part);
  failure.detail = GetParam().detail;
  EXPECT_EQ(bwrap_words(failure, plan, {}), GetParam().text);
}

const std::vector<StepFailure> mounts{
    {MakeRoot{}, ENOMEM, "Failed to mount tmpfs: Cannot allocate memory"},
    {MakeRoot{.directory = "/srv"}, EACCES,
     "Can't bind mount /oldroot/srv on /newroot/: Unable to mount source on destination: "
     "Permission denied"},
    {BindMount{.source = "/srv/x", .target = "y"}, EACCES,
     "Can't bind mount /oldroot/srv/x on /newroot/y: Unable to mount source on destination: "
     "Permission denied"},
    {BindMount{.source = "/srv/x", .target = "y", .same_as = 5}, 0, "Race condition binding dirfd",
     part_identity},
    {CoverFile{.target = "y"}, EROFS,
     "Can't bind mount /oldroot/bindfile on /newroot/y: Read-only file system"},
    {ProcMount{.target = "proc"}, EPERM,
     "Can't mount proc on /newroot/proc: Operation not permitted"},
    {TmpfsMount{.target = "a/b"}, EPERM,
     "Can't mount tmpfs on /newroot/a/b: Operation not permitted"},
    {DevptsMount{.target = "dev/pts"}, EINVAL,
     "Can't mount devpts on /newroot/dev/pts: Invalid argument"},
    {MqueueMount{.target = "q"}, ENODEV, "Can't mount mqueue on /newroot/q: No such device"},
    {OverlayMount{.target = "o"}, EINVAL,
     "Can't make overlay mount on /newroot/o: Invalid argument"},
    {OverlayMount{.target = "o"}, ELOOP,
     "Can't make overlay mount on /newroot/o: Overlay directories may not overlap"},
    {MakeReadOnly{.target = "y"}, EINVAL,
     "Can't remount readonly on /newroot/y: Unable to find \"/newroot/y\" in mount table"},
    {MakeReadOnly{.target = "y"}, ENOENT,
     "Can't remount readonly on /newroot/y: realpath(destination): No such file or directory"},
    {MakeReadOnly{.target = "y"}, ELOOP,
     "Can't remount readonly on /newroot/y: realpath(destination): Too many levels of symbolic "
     "links"},
    {MakeReadOnly{.target = "x/y"}, ENOTDIR, "Can't mkdir parents for /x/y: Not a directory"},
    {MakeReadOnly{.target = "y"}, EPERM,
     "Can't remount readonly on /newroot/y: Unable to apply mount flags: Operation not permitted"},
};
INSTANTIATE_TEST_SUITE_P(Mount, BwrapWords, testing::ValuesIn(mounts));

const std::vector<StepFailure> files{
    {MakePlace{.target = "a/b"}, EACCES, "Can't mkdir parents for /a/b: Permission denied",
     part_parents},
    {MakePlace{.target = "a", .kind = MakePlace::Kind::file}, ENOTDIR,
     "Can't mkdir parents for /a: Not a directory", part_parents},
    {MakePlace{.target = "a"}, EROFS, "Can't mkdir /a: Read-only file system"},
    {MakePlace{.target = "a", .kind = MakePlace::Kind::file}, EROFS,
     "Can't create file at /a: Read-only file system"},
    {WriteFile{.target = "a"}, EISDIR, "Can't create file /a: Is a directory"},
    {WriteFile{.target = "a/b"}, ENOTDIR, "Can't mkdir parents for /a/b: Not a directory"},
    {EnsureLink{.target = "a/l", .text = "t"}, ENOTDIR,
     "Can't mkdir parents for /a/l: Not a directory"},
    {EnsureLink{.target = "l", .text = "t"}, 0,
     "Can't make symlink at /l: existing destination is elsewhere", part_other_link, "elsewhere"},
    {EnsureLink{.target = "l", .text = "t"}, 0,
     "Can't make symlink at /l: destination exists and is not a symlink", part_not_link},
    {EnsureLink{.target = "l", .text = "t"}, EROFS,
     "Can't make symlink at /l: Read-only file system"},
    {ChangeMode{.target = "a", .mode = 01750}, ENOENT,
     "Can't chmod 01750 /a: No such file or directory"},
    {ChangeMode{.target = "a"}, EPERM, "Can't chmod 0 /a: Operation not permitted"},
};
INSTANTIATE_TEST_SUITE_P(File, BwrapWords, testing::ValuesIn(files));

const std::vector<StepFailure> others{
    {SetHostname{"h"}, EPERM, "Can't set hostname to h: Operation not permitted"},
    {LoopbackUp{}, EPERM, "loopback: Failed RTM_NEWADDR: Operation not permitted"},
    {WriteProc{.file = "sys/user/max_user_namespaces", .value = "1"}, EACCES,
     "sysctl user.max_user_namespaces = 1: Permission denied"},
    {WriteProc{.file = "thread-self/attr/fscreate", .value = "l"}, EINVAL,
     "--file-label setup failed: Invalid argument"},
    {NewUserNamespace{}, ENOSPC, "unshare user ns: No space left on device"},
    {EnterUserNamespace{7}, EINVAL, "Setting userns2 failed: Invalid argument"},
    {CheckNoUserNamespaces{}, 0, "creation of new user namespaces was not disabled as requested"},
    {SetIds{.uid = 5, .gid = 6}, EINVAL, "unable to switch to uid 5: Invalid argument"},
    {SetIds{.gid = 6}, EINVAL, "unable to switch to gid 6: Invalid argument"},
    {NewSession{}, EPERM, "setsid: Operation not permitted"},
    {LimitPrivileges{}, EPERM, "capset failed: Operation not permitted"},
    {NoNewPrivileges{}, EINVAL, "prctl(PR_SET_NO_NEW_PRIVS) failed: Invalid argument"},
    {SetExecLabel{.apparmor = false, .label = "l", .request = "l"}, EACCES,
     "label_exec l: Permission denied"},
    {ChangeToFirst{.paths = {"/a"}}, ENOENT, "Can't chdir to /a: No such file or directory"},
    {LoadFilter{.name = "f"}, EINVAL,
     "Unable to set up system call filtering as requested: prctl(PR_SET_SECCOMP) reported EINVAL. "
     "(Hint: this requires a kernel configured with CONFIG_SECCOMP and CONFIG_SECCOMP_FILTER.)"},
    {LoadFilter{.name = "f"}, ENOMEM, "prctl(PR_SET_SECCOMP): Cannot allocate memory"},
    // What bubblewrap has no words for says what it is.
    {SetUmask{.mask = 022}, EINVAL, "Can't set the umask to 0022: Invalid argument"},
};
INSTANTIATE_TEST_SUITE_P(Other, BwrapWords, testing::ValuesIn(others));

// --- What is not a step ---

std::string words_of(const PlainFailure& failure, const PlainOptions& options = {}) {
  LaunchPlan plan;
  plan.setup = {{MakeRoot{}, {}}};
  plan.command_setup = {{SetUmask{}, {}}};
  plan.command.shown = "tool";
  return bwrap_words(failure, plan, options);
}

TEST(BwrapWordsOf, TheCommand) {
  EXPECT_EQ(words_of(failure_at(2, ENOENT)), "execvp tool: No such file or directory");
  EXPECT_EQ(words_of(failure_at(2, EACCES)), "execvp tool: Permission denied");
}

TEST(BwrapWordsOf, Stages) {
  EXPECT_EQ(words_of(failure_at(stage_id_maps, EACCES)), "setting up uid map: Permission denied");
  EXPECT_EQ(words_of(failure_at(stage_lifetime, EINVAL)), "prctl: Invalid argument");
  EXPECT_EQ(words_of(failure_at(stage_fork, EAGAIN)),
            "Can't fork for pid 1: Resource temporarily unavailable");
  EXPECT_EQ(words_of(failure_at(stage_block, EISDIR)), "Can't read --block-fd: Is a directory");
  EXPECT_EQ(words_of(failure_at(stage_wait, EPERM)), "init wait(): Operation not permitted");
}

TEST(BwrapWordsOf, ALockFileByItsNumber) {
  const PlainOptions options{.lock_files = {"/first", "/second"}};
  EXPECT_EQ(words_of(failure_at(stage_lock, ENOENT, 0), options),
            "Unable to open lock file /first: No such file or directory");
  EXPECT_EQ(words_of(failure_at(stage_lock, EAGAIN, 3), options),
            "Unable to lock file /second: Resource temporarily unavailable");
}

std::string words_at_clone(int errnum, std::uint64_t namespaces = CLONE_NEWNS | CLONE_NEWUSER) {
  PlainFailure failure = failure_at(0, errnum);
  failure.at_clone = true;
  LaunchPlan plan;
  plan.namespaces = namespaces;
  return bwrap_words(failure, plan, {});
}

TEST(BwrapWordsOf, NamespacesThatAreRefused) {
  EXPECT_EQ(words_at_clone(EINVAL),
            "Creating new namespace failed, likely because the kernel does not support user "
            "namespaces.  bwrap must be installed setuid on such systems.");
  EXPECT_EQ(words_at_clone(EPERM),
            "No permissions to create a new namespace, likely because the kernel does not allow "
            "non-privileged user namespaces. On e.g. debian this can be enabled with 'sysctl "
            "kernel.unprivileged_userns_clone=1'.");
  EXPECT_EQ(words_at_clone(ENOSPC),
            "Creating new namespace failed: nesting depth or /proc/sys/user/max_*_namespaces "
            "exceeded (ENOSPC)");
  EXPECT_EQ(words_at_clone(ENOMEM), "Creating new namespace failed: Cannot allocate memory");
  // Of root, who needs no user namespace.
  EXPECT_EQ(words_at_clone(EPERM, CLONE_NEWNS),
            "Creating new namespace failed: Operation not permitted");
  EXPECT_EQ(words_at_clone(ENOSPC, CLONE_NEWNS),
            "Creating new namespace failed: nesting depth or /proc/sys/user/max_*_namespaces "
            "exceeded (ENOSPC)");
}

std::string words_of_error(Error error) {
  PlainFailure failure;
  failure.error = std::move(error);
  failure.has_error = true;
  return words_of(failure);
}

TEST(BwrapWordsOf, NamespacesThatCannotBeJoined) {
  const auto joining = [](const char* flag, int errnum) {
    return words_of_error(
        {.code = Code::namespace_value, .errnum = errnum, .origin = Origin{.flag = flag}});
  };
  EXPECT_EQ(joining("--pidns", EPERM), "Setting pidns failed: Operation not permitted");
  EXPECT_EQ(joining("--pidns", 0), "Setting pidns failed: Invalid argument");
  EXPECT_EQ(joining("--userns", EINVAL),
            "Joining specified user namespace failed: Invalid argument");
  const std::string stranger =
      "Joining the specified user namespace failed, it might not be a descendant of the current "
      "user namespace.";
  EXPECT_EQ(joining("--userns", EPERM), stranger);
  EXPECT_EQ(joining("--userns", 0), stranger);
}

TEST(BwrapWordsOf, WhatTheLauncherCannotDo) {
  EXPECT_EQ(words_of_error({.code = Code::setup_step, .doing = "make a pipe", .errnum = EMFILE}),
            "Can't make a pipe: Too many open files");
  EXPECT_EQ(words_of_error({.code = Code::setup_step, .doing = "All of it"}), "All of it");
}

}  // namespace
}  // namespace immure
