// Why a command did not start: the exact words, for real files and hand-made plans.
#include "plan/exec_analysis.h"

#include <elf.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "base/log.h"
#include "plan/landlock.h"
#include "plan/program_file.h"

namespace immure {
namespace {

namespace fs = std::filesystem;

class ExecAnalysis : public testing::Test {
 public:
  ExecAnalysis(const ExecAnalysis&) = delete;
  ExecAnalysis& operator=(const ExecAnalysis&) = delete;

 protected:
  ExecAnalysis() {
    std::string name = "/tmp/exec_analysis_XXXXXX";
    top_ = fs::canonical(::mkdtemp(name.data()));
    plan_.setup = {
        {MakeRoot{}, {}}, {MakeDir{"app"}, {}}, {BindMount{.source = top_, .target = "app"}, {}}};
    plan_.command.argv = {"tool"};
    plan_.command.shown = "./tool";
    plan_.command.candidates = {"/usr/bin/tool", "/app/tool"};
  }
  ~ExecAnalysis() override { fs::remove_all(top_); }

  void write(const std::string& name, const std::string& text, mode_t mode = 0755) const {
    fs::create_directories(fs::path(top_ + "/" + name).parent_path());
    fs::remove(top_ + "/" + name);  // to truncate would wait for the disk
    std::ofstream(top_ + "/" + name) << text;
    ::chmod((top_ + "/" + name).c_str(), mode);
  }
  // The words, with the temporary directory as TOP.
  std::string told(std::string text) const {
    for (std::size_t at = text.find(top_); at != std::string::npos; at = text.find(top_)) {
      text.replace(at, top_.size(), "TOP");
    }
    return text;
  }
  std::string why(int errnum) const {
    const Error error = explain_exec(plan_, real_files(), errnum);
    return told(format_error(error, {})) + "exit " + std::to_string(error.exit_code);
  }

  std::string top_;
  LaunchPlan plan_;
};

std::string own_program() {
  std::ifstream in("/proc/self/exe", std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST_F(ExecAnalysis, ARightOfLandlockIsMissing) {
  write("tool", "#!/app/sh\n");
  write("sh", "#!/app/none\n");
  RestrictSelf rules{
      .files = landlock_files::all,
      .paths = {{"/", landlock_files::read_file}, {"/app/tool", landlock_files::all}}};
  plan_.command_setup = {{rules, {}}};
  EXPECT_EQ(why(EACCES),
            "immure: error[E602]: \"./tool\" can't start: its interpreter \"/app/sh\" has no right "
            "of Landlock to be executed\n"
            "  help: give it one, in [landlock.fs]: \"/app\" = \"ro,exec\"\n"
            "exit 126");
  rules.paths.pop_back();
  plan_.command_setup = {{rules, {}}};
  EXPECT_EQ(why(EACCES),
            "immure: error[E602]: \"./tool\" can't start: it has no right of Landlock to be "
            "executed\n"
            "  help: give it one, in [landlock.fs]: \"/app\" = \"ro,exec\"\n"
            "exit 126");
  rules.files = landlock_files::write_file;  // nothing is said of executing
  plan_.command_setup = {{rules, {}}};
  EXPECT_EQ(why(EACCES),
            "immure: error[E602]: can't start \"./tool\": Permission denied (EACCES)\n"
            "  help: see its x bit, and that no mount on the way is noexec\n"
            "exit 126");
}

TEST_F(ExecAnalysis, AMissingInterpreterThatTheHostHasComesWithTheFlag) {
  write("tool", "#! /bin/sh -e\n");
  EXPECT_EQ(why(ENOENT),
            "immure: error[E603]: \"./tool\" can't start: its interpreter \"/bin/sh\" isn't in the "
            "sandbox\n"
            "  help: --ro /bin/sh     (it exists on this system)\n"
            "exit 126");
}

TEST_F(ExecAnalysis, AnInterpreterThatIsNowhereIsSaidToBe) {
  write("tool", "#!/opt/none/bin/perl\n");
  EXPECT_EQ(why(ENOENT),
            "immure: error[E603]: \"./tool\" can't start: its interpreter \"/opt/none/bin/perl\" "
            "isn't in the sandbox\n"
            "  help: \"/opt/none/bin/perl\" isn't on this system either: install what it belongs "
            "to\n"
            "exit 126");
}

TEST_F(ExecAnalysis, ADosLineEndIsFoundOut) {
  write("tool", "#!/bin/sh\r\necho\r\n");
  EXPECT_EQ(why(ENOENT),
            "immure: error[E603]: \"./tool\" can't start: the first line of its file ends as on "
            "DOS\n"
            "  help: sed -i 's/\\r$//' \"TOP/tool\"\n"
            "exit 126");
}

TEST_F(ExecAnalysis, ARelativeInterpreterIsExplained) {
  write("tool", "#!bin/sh\n");
  EXPECT_EQ(why(ENOENT),
            "immure: error[E603]: \"./tool\" can't start: its interpreter \"bin/sh\" is not an "
            "absolute path\n"
            "  help: the first line of a script is like: #!/bin/sh\n"
            "exit 126");
}

TEST_F(ExecAnalysis, TheLoaderOfADynamicProgramIsNamed) {
  write("tool", own_program());
  const Result<ProgramFile> own = read_program("/proc/self/exe");
  ASSERT_TRUE(own.ok());
  ASSERT_TRUE(own.value().interpreter.starts_with("/lib")) << "these tests are a dynamic program";
  const std::string loader = own.value().interpreter;
  EXPECT_EQ(why(ENOENT), "immure: error[E603]: \"./tool\" can't start: its loader \"" + loader +
                             "\" isn't in the sandbox\n"
                             "  help: --ro " +
                             loader + "     (it exists on this system)\nexit 126");
}

TEST_F(ExecAnalysis, TheLoaderOfAnInterpreterIsNamedToo) {
  write("tool", "#!/app/python\n");
  write("python", own_program());
  const std::string loader = read_program("/proc/self/exe").value().interpreter;
  EXPECT_EQ(why(ENOENT), "immure: error[E603]: \"./tool\" can't start: \"" + loader +
                             "\", the loader of \"/app/python\", isn't in the sandbox\n"
                             "  help: --ro " +
                             loader + "     (it exists on this system)\nexit 126");
}

TEST_F(ExecAnalysis, AnotherMachineIsNamed) {
  std::string program = own_program();
  const bool here = program[offsetof(Elf64_Ehdr, e_machine)] == static_cast<char>(EM_AARCH64);
  program[offsetof(Elf64_Ehdr, e_machine)] = static_cast<char>(here ? EM_X86_64 : EM_AARCH64);
  write("tool", program);
  const std::string text = why(ENOEXEC);
  EXPECT_TRUE(text.starts_with("immure: error[E604]: \"./tool\" can't start: it is a program for " +
                               std::string(here ? "x86-64" : "aarch64") + ", and this machine is "))
      << text;
  EXPECT_TRUE(
      text.ends_with("\n  help: get it for this machine, or an emulator that binfmt_misc "
                     "starts: qemu-user-static\nexit 126"))
      << text;
}

TEST_F(ExecAnalysis, WhatIsNoProgramIsSaidToBeNone) {
  write("tool", "echo without a first line\n");
  EXPECT_EQ(why(ENOEXEC),
            "immure: error[E604]: \"./tool\" can't start: it is neither a program (ELF) nor a "
            "script with a #! line\n"
            "  help: run a script without that line by its interpreter: sh FILE\n"
            "exit 126");
  write("tool", "");
  EXPECT_EQ(why(ENOEXEC),
            "immure: error[E604]: \"./tool\" can't start: it is an empty file\nexit 126");
}

TEST_F(ExecAnalysis, WhatMayNotBeExecutedIsToldApart) {
  write("tool", "#!/app/plain\n");
  write("plain", "", 0644);
  if (::geteuid() != 0) {
    EXPECT_EQ(
        why(EACCES),
        "immure: error[E602]: \"./tool\" can't start: its interpreter \"/app/plain\" has no x "
        "bit for you\n"
        "  help: chmod +x \"TOP/plain\"\n"
        "exit 126");
  }
  plan_.setup.back() = {BindMount{.source = top_, .target = "app", .executable = false}, {}};
  EXPECT_EQ(why(EACCES),
            "immure: error[E602]: \"./tool\" can't start: it lies on a mount of the sandbox "
            "without exec\n"
            "  help: leave out noexec for \"/app\"\n"
            "exit 126");
  plan_.command.candidates = {"/app"};
  EXPECT_EQ(why(EACCES),
            "immure: error[E602]: \"./tool\" can't start: it is a directory\nexit 126");
}

TEST_F(ExecAnalysis, ABusyFileAndTooLongArgumentsAreExplained) {
  write("tool", "#!/bin/sh\n");
  EXPECT_EQ(why(ETXTBSY),
            "immure: error[E602]: \"./tool\" can't start: it is open for writing (ETXTBSY)\n"
            "  help: wait for what writes it, or see: fuser -v FILE\n"
            "exit 126");
  plan_.command.argv = {"tool", std::string(200'000, 'x')};
  EXPECT_EQ(why(E2BIG),
            "immure: error[E602]: \"./tool\" can't start: one argument or variable has 200000 "
            "bytes, and the kernel takes 131071 (E2BIG)\n"
            "  help: give it in a file or on standard input\n"
            "exit 126");
  plan_.command.argv.assign(100'000, std::string(92, 'x'));
  plan_.command.environment = {std::string(92, 'x')};
  EXPECT_EQ(why(E2BIG),
            "immure: error[E602]: \"./tool\" can't start: its arguments and variables take "
            "10100101 bytes, more than the kernel allows (E2BIG)\n"
            "  help: a quarter of the stack limit is allowed, at most 6M: see ulimit -s, "
            "limits.stack, xargs(1)\n"
            "exit 126");
}

TEST_F(ExecAnalysis, WhatIsNotThereIsNotFound) {
  EXPECT_EQ(why(ENOENT),
            "immure: error[E601]: \"./tool\" isn't in the sandbox\n"
            "  help: --ro FILE brings it in\n"
            "exit 127");
}

TEST_F(ExecAnalysis, NothingFoundOutLeavesTheKernelsWord) {
  write("tool", "#!/app/loop\n");
  write("loop", "#!/app/loop\n");
  EXPECT_EQ(why(ELOOP),
            "immure: error[E602]: can't start \"./tool\": Too many levels of symbolic links "
            "(ELOOP)\nexit 126");
}

TEST_F(ExecAnalysis, EmulatorsOfBinfmtMiscAreMatched) {
  write("binfmt/status", "enabled\n");
  write("binfmt/off", "disabled\ninterpreter /usr/bin/no\nflags: \noffset 0\nmagic 7f454c46\n");
  write("binfmt/qemu-aarch64",
        "enabled\ninterpreter /usr/bin/qemu-aarch64\nflags: \noffset 0\n"
        "magic 7f454c460201010000000000000000000200b700\n"
        "mask ffffffffffffff00fffffffffffffffffeffffff\n");
  ProgramFile program{.kind = ProgramFile::Kind::elf, .head = std::string(64, '\0')};
  program.head.replace(0, 7,
                       "\x7f"
                       "ELF\x02\x01\x01",
                       7);
  program.head[16] = 3;
  program.head[18] = static_cast<char>(0xb7);
  EXPECT_EQ(emulator_of(program, top_ + "/binfmt"), "/usr/bin/qemu-aarch64");
  program.head[18] = 0x3e;
  EXPECT_EQ(emulator_of(program, top_ + "/binfmt"), "");
  EXPECT_EQ(emulator_of(program, top_ + "/none"), "");
}

TEST_F(ExecAnalysis, ATornFileIsReadWithoutHarm) {
  const std::string whole = own_program().substr(0, 16 << 10);
  for (std::size_t length = 0; length < 4096; length += length < 128 ? 1 : 97) {
    write("torn", whole.substr(0, length));
    (void)read_program(top_ + "/torn");
  }
  for (std::size_t at = 16; at < 1024; at += at < 128 ? 1 : 9) {
    std::string broken = whole;
    broken[at] = static_cast<char>(0xff);
    write("torn", broken);
    (void)read_program(top_ + "/torn");
  }
  EXPECT_FALSE(read_program("/dev/null").ok());
  EXPECT_FALSE(read_program(top_ + "/none").ok());
}

}  // namespace
}  // namespace immure
