// Descriptors of named pipes as sources: whoever writes to them may come late, or not at all.
#include <fcntl.h>
#include <linux/filter.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include "bwrap/support.h"

namespace immure::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Source {
  std::string options;  // with descriptor 20
  std::string data;
  std::string complaint;  // where it cannot be read
};

// What runs below the filter is all.
std::string allow_everything() {
  const sock_filter all{BPF_RET | BPF_K, 0, 0, 0x7fff0000U};
  return {reinterpret_cast<const char*>(&all), sizeof all};
}

const std::vector<Source>& sources() {
  static const std::vector<Source> all{
      {"--file 20 /a", "text\n", "Can't write data to file /a: "},
      {"--bind-data 20 /a", "text\n", "Can't write data to file /a: "},
      {"--ro-bind-data 20 /a", "text\n", "Can't write data to file /a: "},
      {"--seccomp 20", allow_everything(), "Can't read seccomp data: "},
      {"--add-seccomp-fd 20", allow_everything(), "Can't read seccomp data: "},
      {"--args 20", std::string("--dir\0/a", 8), "Can't read --args data: "}};
  return all;
}

class NamedPipes : public Both {
 protected:
  void SetUp() override {
    Both::SetUp();
    ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  }

  // An end of the pipe, above the numbers of the options.
  Fd opened(int flags) const {
    const Fd fd(::open(path_.c_str(), flags | O_CLOEXEC));
    EXPECT_TRUE(fd);
    return Fd(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 200));
  }
  // One to read, and wait, from: with a writer, as else the open would wait.
  Ends both_ends() const {
    const Fd reader = opened(O_RDONLY | O_NONBLOCK);
    Ends ends{.read = {}, .write = opened(O_WRONLY)};
    ends.read = opened(O_RDONLY);
    return ends;
  }
  static Program start(const Source& source, const std::map<int, int>& descriptors,
                       const std::string& more = "") {
    const Argv options =
        words("--ro-bind " + probe() + " /probe --proc /proc " + more + source.options, "");
    Program start = started(program(), options, {"/probe", "report", "tree"}, descriptors);
    start.limit = seconds(10);
    return start;
  }
  static void write(const Fd& fd, const std::string& data) {
    EXPECT_EQ(::write(fd.get(), data.data(), data.size()), static_cast<ssize_t>(data.size()));
  }
  // The command ran, with what was written.
  static void expect_all(const Source& source, const Outcome& outcome) {
    EXPECT_FALSE(outcome.timed_out) << source.options;
    EXPECT_EQ(outcome.code, 0) << source.options << ": " << outcome.err;
    const std::string seen = contains(source.options, "seccomp") ? "status: Seccomp:\t2"
                             : contains(source.options, "args")  ? "tree: /a dir"
                                                                 : " \"text\\n\"";
    EXPECT_TRUE(contains(outcome.out, seen)) << source.options << ": " << outcome.out;
  }

  TempDir directory_;
  std::string path_ = directory_.path() + "/pipe";
};
INSTANTIATE_TEST_SUITE_P(For, NamedPipes, testing::Values("Ours", "Debians"),
                         [](const auto& one) { return one.param; });

TEST_P(NamedPipes, AreReadToTheirEnd) {
  for (const Source& source : sources()) {
    Ends ends = both_ends();
    Running running(start(source, {{20, ends.read.get()}}));
    ends.read.reset();
    const std::size_t half = source.data.size() / 2;
    write(ends.write, source.data.substr(0, half));
    std::this_thread::sleep_for(milliseconds(100));
    write(ends.write, source.data.substr(half));
    ends.write.reset();
    expect_all(source, running.wait());
  }
}

// A caller may first wait to hear of the sandbox, and only then have something to write.
TEST_P(NamedPipes, AreReadAfterTheSandboxIsAnnounced) {
  for (const Source& source : sources()) {
    if (contains(source.options, "--args")) continue;  // it may say what is announced
    if (contains(source.options, "--add") && program() == debians()) continue;  // read at once
    Ends ends = both_ends();
    const Ends info = pipe_above();
    Running running(
        start(source, {{20, ends.read.get()}, {21, info.write.get()}}, "--info-fd 21 "));
    ends.read.reset();
    EXPECT_TRUE(contains(written_until(info.read, "}"), "child-pid")) << source.options;
    write(ends.write, source.data);
    ends.write.reset();
    expect_all(source, running.wait());
  }
}

TEST_P(NamedPipes, FiltersAreReadAfterTheWait) {
  for (const Source& source : sources()) {
    if (!contains(source.options, "seccomp")) continue;
    if (contains(source.options, "--add") && program() == debians()) continue;
    Ends ends = both_ends();
    const Ends block = pipe_above();
    Running running(
        start(source, {{20, ends.read.get()}, {21, block.read.get()}}, "--block-fd 21 "));
    ends.read.reset();
    write(block.write, "x");
    std::this_thread::sleep_for(milliseconds(100));
    write(ends.write, source.data);
    ends.write.reset();
    expect_all(source, running.wait());
  }
}

TEST_P(NamedPipes, ThatNobodyWritesToAreEmpty) {
  for (const Source& source : sources()) {
    const Fd reader = opened(O_RDONLY | O_NONBLOCK);
    const Outcome outcome = run(start(source, {{20, reader.get()}}));
    EXPECT_FALSE(outcome.timed_out) << source.options;
    if (contains(source.options, "seccomp")) {
      EXPECT_TRUE(contains(outcome.err, "reported EINVAL")) << outcome.err;
      EXPECT_EQ(outcome.code, 1);
    } else {
      EXPECT_EQ(outcome.code, 0) << source.options << ": " << outcome.err;
    }
  }
}

TEST_P(NamedPipes, ThatAreNotToBeWaitedForAreNot) {
  for (const Source& source : sources()) {
    const Fd reader = opened(O_RDONLY | O_NONBLOCK);
    const Fd writer = opened(O_WRONLY);
    const Outcome outcome = run(start(source, {{20, reader.get()}}));
    EXPECT_EQ(outcome.err, "bwrap: " + source.complaint + "Resource temporarily unavailable\n")
        << source.options;
    EXPECT_EQ(outcome.code, 1);
  }
}

TEST_P(NamedPipes, OfWhichTheOtherEndIsGivenCannotBeRead) {
  for (const Source& source : sources()) {
    const Ends ends = both_ends();
    const Outcome outcome = run(start(source, {{20, ends.write.get()}}));
    EXPECT_EQ(outcome.err, "bwrap: " + source.complaint + "Bad file descriptor\n")
        << source.options;
    EXPECT_EQ(outcome.code, 1);
  }
}

TEST_P(NamedPipes, AreClosedToTheCommand) {
  for (const Source& source : sources()) {
    for (const std::string more : {"", "--unshare-pid ", "--unshare-pid --as-pid-1 "}) {
      Ends ends = both_ends();
      write(ends.write, source.data);
      ends.write.reset();
      const Outcome outcome = run(start(source, {{20, ends.read.get()}}, more));
      expect_all(source, outcome);
      EXPECT_FALSE(contains(outcome.out, "fd: 20 ")) << source.options << ": " << outcome.out;
    }
  }
}

}  // namespace
}  // namespace immure::test
