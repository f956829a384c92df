// The words of a command line, and those that are read from a descriptor: side by side with
// Debian's bubblewrap; and more of them than it takes.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bwrap/support.h"

namespace immure::test {
namespace {

using namespace std::string_literals;

// Words as --args reads them, each closed by a NUL.
std::string block(const std::string& text) {
  std::string result;
  for (const std::string& word : words(text, "")) result += word + '\0';
  return result;
}

Case with_blocks(const std::string& rule, const std::string& options, const std::string& first,
                 const std::string& second = "") {
  return {.rule = rule,
          .options = options,
          .command = {"/probe", "report", "tree"},
          .given = {{20, first}, {21, second}, {22, "data\n"}}};
}

class Arguments : public Compared {};
TEST_P(Arguments, AreReadAsBubblewrapDoes) { expect_same(GetParam()); }

const std::vector<Case> blocks{
    with_blocks("a block", "--args 20", block("--dir /a --tmpfs /b --setenv C 1")),
    with_blocks("a block whose last word has no end", "--args 20", "--dir\0/a"s),
    with_blocks("an empty block", "--args 20", ""),
    with_blocks("an empty word alone", "--args 20", "\0"s),
    with_blocks("an empty word as value", "--args 20", block("--setenv A \"\" --dir /b")),
    with_blocks("two blocks", "--args 20 --dir /c --args 21", block("--dir /a"), block("--dir /b")),
    with_blocks("a block in its place", "--dir /a --args 20 --chmod 0500 /a",
                block("--chmod 0700 /a --dir /a/b")),
    with_blocks("what follows the first other word is dropped", "--args 20",
                block("--dir /a command --dir /b --bogus")),
    with_blocks("what follows -- is dropped", "--args 20", block("--dir /a -- --dir /b --bogus")),
    with_blocks("a block in a block", "--args 20", block("--dir /a --args 21"), block("--dir /b")),
    with_blocks("a value that is missing at the end of a block", "--args 20 /a", block("--dir")),
    with_blocks("an unknown option in a block", "--args 20", block("--dir /a --bogus")),
    with_blocks("a modifier that waits at the end of a block", "--args 20 --dir /a",
                block("--perms 0700")),
    with_blocks("a block that uses another descriptor", "--args 20", block("--file 22 /a")),
    with_blocks("the descriptor of a block twice", "--args 20 --args 20", block("--dir /a")),
    with_blocks("words with every sign", "--args 20", "--setenv\0A\0 b\tc\nd\x01\xff$\"'\\\0"s),
    with_blocks("seccomp of a block and of the line", "--args 20 --seccomp 22",
                block("--add-seccomp-fd 21")),
    with_blocks("the last of two, one in a block", "--chdir / --args 20", block("--chdir /proc")),
};
INSTANTIATE_TEST_SUITE_P(Blocks, Arguments, testing::ValuesIn(blocks), NameOfCase());

// A descriptor that is rewound where it stands, as flatpak hands it on: sealed, in memory.
TEST(SealedArguments, AreRead) {
  IMMURE_REQUIRE_SANDBOX();
  const Fd memory(::memfd_create("arguments", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  const std::string text = block("--ro-bind " + probe() + " /probe --setenv A 1");
  ASSERT_EQ(::write(memory.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  ASSERT_EQ(::fcntl(memory.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE), 0);
  ASSERT_EQ(::lseek(memory.get(), 0, SEEK_SET), 0);
  const Outcome outcome =
      run(started(ours(), {"--args", "20"}, {"/probe", "quiet", "4"}, {{20, memory.get()}}));
  EXPECT_EQ(outcome.code, 4) << outcome.err;
}

// What bubblewrap refuses with "Exceeded maximum number of arguments 9000".
TEST(ManyArguments, AreTaken) {
  IMMURE_REQUIRE_SANDBOX();
  Argv options{"--ro-bind", probe(), "/probe"};
  for (int i = 0; i < 5000; ++i) {
    options.insert(options.end(), {"--setenv", "A", std::to_string(i)});
  }
  const Outcome outcome = run(started(ours(), options, {"/probe", "report"}));
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(contains(outcome.out, "env: A=4999\n")) << outcome.out;
}

// As many as a build system asks for.
class ManyBinds : public testing::TestWithParam<int> {};

TEST_P(ManyBinds, AreMade) {
  IMMURE_REQUIRE_SANDBOX();
  const TempDir directory;
  std::string arguments = block("--ro-bind / / --tmpfs /mnt --dev /dev");
  const int many = GetParam();
  for (int i = 0; i < many; ++i) {
    const std::string file = directory.write("f" + std::to_string(i), std::to_string(i) + "\n");
    arguments +=
        block("--ro-bind " + file + " /mnt/" + std::to_string(i % 50) + "/" + std::to_string(i));
  }
  const Fd list(::open(directory.write("arguments", arguments).c_str(), O_RDONLY | O_CLOEXEC));
  const Outcome outcome = run(started(ours(), {"--args", "20"},
                                      {"sh", "-c",
                                       "cat /mnt/*/* | sort -n | md5sum; "
                                       "grep -c ' /mnt/[0-9]' /proc/self/mountinfo"},
                                      {{20, list.get()}}));
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  const Outcome wanted =
      run({.argv = {"sh", "-c", "seq 0 " + std::to_string(many - 1) + " | md5sum"}});
  EXPECT_EQ(outcome.out, wanted.out + std::to_string(many) + "\n");
}
INSTANTIATE_TEST_SUITE_P(Of, ManyBinds, testing::Values(1000, 5000));

}  // namespace
}  // namespace immure::test
