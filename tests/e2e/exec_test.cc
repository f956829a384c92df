// Real programs that cannot start in the sandbox, and what is said of them.
#include <elf.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstddef>

#include "support/immure.h"

namespace immure::test {
namespace {

class Exec : public testing::Test {
 protected:
  void SetUp() override { IMMURE_REQUIRE_SANDBOX(); }

  // Started from the directory of the program, under a profile of nothing but `fs`.
  Outcome bare(const std::string& program, const std::string& fs) const {
    directory_.write("bare.toml", "extends = []\n[fs]\n" + fs);
    return run(
        {.argv = {binary(), "run", "-p", "./bare.toml", "--", program}, .cwd = directory_.path()});
  }
  std::string here(const std::string& access = "ro") const {
    return "\"" + directory_.path() + "\" = \"" + access + "\"\n";
  }

  TempDir directory_;
};

TEST_F(Exec, AScriptWithoutItsInterpreterNamesItAndTheFlag) {
  directory_.write("tool", "#!/usr/bin/env sh\necho ran\n", 0755);
  const Outcome outcome = bare("./tool", here());
  EXPECT_EQ(outcome.code, 126);
  EXPECT_EQ(outcome.err,
            "immure: error[E603]: \"./tool\" can't start: its interpreter \"/usr/bin/env\" isn't "
            "in the sandbox\n  help: --ro /usr/bin/env     (it exists on this system)\n");
  const Outcome control = bare("./tool", here() + R"("/usr" = "ro"
"/bin" = "ro"
"/lib" = "ro"
"/lib64" = "ro?"
)");
  EXPECT_EQ(control.out, "ran\n") << control.err;
}

TEST_F(Exec, ADynamicProgramWithoutItsLoaderNamesIt) {
  // Of the usual four places only the one that holds the loader is missing.
  const Outcome outcome = bare("/usr/bin/true", "\"/usr/bin\" = \"ro\"\n");
  EXPECT_EQ(outcome.code, 126);
  EXPECT_TRUE(contains(outcome.err,
                       "immure: error[E603]: \"/usr/bin/true\" can't start: its loader \"/lib"))
      << outcome.err;
  // The flag that it gives takes the start one step on: the loader runs, and wants libc.
  const std::size_t at = outcome.err.find("--ro ") + 5;
  const std::string loader = outcome.err.substr(at, outcome.err.find(' ', at) - at);
  const Outcome next =
      bare("/usr/bin/true", "\"/usr/bin\" = \"ro\"\n\"" + loader + "\" = \"ro\"\n");
  EXPECT_EQ(next.code, 127);
  EXPECT_TRUE(contains(next.err,
                       "immure: note: \"/usr/bin/true\" needs \"libc.so.6\", which isn't "
                       "in the sandbox: --ro /"))
      << next.err;
}

TEST_F(Exec, APrivateLibraryBesideTheProgramIsNamed) {
  directory_.write("lib.c", "int answer(void) { return 0; }\n");
  directory_.write("main.c", "int answer(void); int main(void) { return answer(); }\n");
  directory_.write("app/lib/.keep", "");
  directory_.write("app/bin/.keep", "");
  const Outcome built =
      run({.argv = {"sh", "-c",
                    "gcc -shared -fPIC -o app/lib/libanswer.so lib.c && gcc -o app/bin/main main.c "
                    "-Lapp/lib -lanswer -Wl,-rpath,'$ORIGIN/../lib'"},
           .cwd = directory_.path()});
  ASSERT_EQ(built.code, 0) << built.err;
  const std::string app = directory_.path() + "/app";
  EXPECT_EQ(run(immure_run({"--ro", app}, {app + "/bin/main"})).code, 0);
  const Outcome outcome = run(immure_run({"--ro", app + "/bin"}, {app + "/bin/main"}));
  EXPECT_EQ(outcome.code, 127);
  EXPECT_TRUE(contains(outcome.err, "immure: note: \"" + app +
                                        "/bin/main\" needs \"libanswer.so\", which isn't in the "
                                        "sandbox: --ro " +
                                        app + "/lib     (it exists on this system)\n"))
      << outcome.err;
  const Outcome moved = run(immure_run({"--ro", app + "/bin:/app/bin"}, {"/app/bin/main"}));
  EXPECT_TRUE(contains(moved.err, "--ro " + app + "/lib:/app/lib ")) << moved.err;
}

TEST_F(Exec, A127OfTheCommandsOwnIsNotExplained) {
  EXPECT_EQ(run(immure_sh({}, "exit 127")).err, "");
}

TEST_F(Exec, AProgramForAnotherMachineIsE604) {
  std::string program = read_file(IMMURE_PAYLOAD);
  for (const auto& [machine, name] :
       {std::pair<int, const char*>{EM_AARCH64, "aarch64"}, {EM_S390, "s390"}, {EM_386, "i386"}}) {
    program.replace(offsetof(Elf64_Ehdr, e_machine), 1, 1, static_cast<char>(machine));
    if (program == read_file(IMMURE_PAYLOAD)) continue;
    directory_.write("tool", program, 0755);
    const Outcome outcome = bare("./tool", here());
    EXPECT_EQ(outcome.code, 126) << name;
    EXPECT_TRUE(contains(outcome.err, std::string("immure: error[E604]: \"./tool\" can't start: it "
                                                  "is a program for ") +
                                          name + ", and this machine is "))
        << outcome.err;
  }
  directory_.write("tool", read_file(IMMURE_PAYLOAD), 0755);
  EXPECT_EQ(bare("./tool", here()).code, 2) << "the control: it runs, and wants an argument";
}

TEST_F(Exec, WhatIsNoProgramIsE604) {
  directory_.write("tool", "echo plain\n", 0755);
  const Outcome outcome = bare("./tool", here());
  EXPECT_EQ(outcome.code, 126);
  EXPECT_TRUE(contains(outcome.err, "error[E604]: \"./tool\" can't start: it is neither a program"))
      << outcome.err;
}

TEST_F(Exec, NoXBitAndNoexecAreToldApart) {
  if (::getuid() == 0) GTEST_SKIP() << "root may execute what anybody may";
  directory_.write("tool", "#!/bin/sh\n", 0644);
  const Outcome plain = bare("./tool", here());
  EXPECT_EQ(plain.code, 126);
  EXPECT_TRUE(contains(plain.err, "error[E602]")) << plain.err;
  EXPECT_TRUE(contains(plain.err, "has no x bit for you\n  help: chmod +x ")) << plain.err;
  directory_.write("exec", "#!/bin/sh\n", 0755);
  const Outcome noexec = bare("./exec", here("ro,noexec"));
  EXPECT_EQ(noexec.code, 126);
  EXPECT_TRUE(contains(noexec.err,
                       "lies on a mount of the sandbox without exec\n  help: leave out "
                       "noexec for "))
      << noexec.err;
}

TEST_F(Exec, AFileThatIsOpenForWritingIsE602) {
  directory_.write("tool", read_file(IMMURE_PAYLOAD), 0755);
  const Fd writer(::open((directory_.path() + "/tool").c_str(), O_WRONLY | O_CLOEXEC));
  ASSERT_TRUE(writer);
  const Outcome outcome = bare("./tool", here());
  EXPECT_EQ(outcome.code, 126);
  EXPECT_TRUE(contains(outcome.err, "error[E602]: \"./tool\" can't start: it is open for writing"))
      << outcome.err;
}

// What a profile denies to the command, the start does without, or says at once that it cannot.
TEST_F(Exec, ADeniedCallIsNotWhatKeepsAFailedStartFromBeingExplained) {
  directory_.write("no-x", "#!/bin/sh\n", 0644);
  directory_.write("denies.toml", "[seccomp]\ndeny = [\"write\", \"exit_group\"]\n");
  const auto start = [&](const Argv& command, const std::string& profile = "./denies.toml") {
    Argv argv{binary(), "run", "-p", profile, "--"};
    argv.insert(argv.end(), command.begin(), command.end());
    return run({.argv = argv, .cwd = directory_.path()});
  };
  const Outcome outcome = start({"./no-x"});
  EXPECT_EQ(outcome.code, 126) << outcome.err;
  EXPECT_TRUE(contains(outcome.err, "error[E602]")) << outcome.err;
  EXPECT_EQ(start({"echo", "x"}).out, "") << "the control: it is denied";
  EXPECT_EQ(start({"echo", "x"}, "default").out, "x\n");

  directory_.write("prctl.toml", "[seccomp]\ndeny = [\"prctl\"]\n");
  const Outcome refused = start({"true"}, "./prctl.toml");
  EXPECT_EQ(refused.code, 125);
  EXPECT_EQ(refused.err,
            "immure: error[E209]: \"prctl\" can't be denied: immure itself needs it to start the "
            "command, after the filter is loaded\n  --> " +
                directory_.path() +
                "/prctl.toml:2:9\n"
                "   2 | deny = [\"prctl\"]\n     |         ^\n"
                "  help: take it away from seccomp.deny, or allow it by its name\n");
}

TEST_F(Exec, ArgumentsThatTheKernelDoesNotTakeAreE602) {
  // Each is short enough, and all together fit when immure is started, but not when it starts.
  const std::string text(100'000, 'x');
  const Argv options{"-e", "ONE=" + text, "-e", "TWO=" + text};
  EXPECT_EQ(run(immure_run(options, {"true"})).code, 0);
  Argv small_stack = options;
  small_stack.insert(small_stack.end(), {"--set", "limits.stack=256K"});
  const Outcome outcome = run(immure_run(small_stack, {"true"}));
  EXPECT_EQ(outcome.code, 126) << outcome.err;
  EXPECT_TRUE(contains(outcome.err,
                       "error[E602]: \"true\" can't start: its arguments and variables "
                       "take "))
      << outcome.err;
}

}  // namespace
}  // namespace immure::test
