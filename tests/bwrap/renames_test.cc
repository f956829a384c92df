// What is renamed elsewhere on the system while the new root is built. openat2(2) does not vouch
// for a path with ".." then: it answers EAGAIN, once, or as often as it is asked.
#include <linux/openat2.h>
#include <sys/syscall.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <thread>

#include "bwrap/calls.h"
#include "bwrap/support.h"

namespace immure::test {
namespace {

// Answers EAGAIN to every lookup in the new root, as long as a program runs. bubblewrap has none.
class Disturbance {
 public:
  Heard play(const std::string& program, Case one, const HostFiles& files) {
    one.before_exec = [this] { lookups_.hold(); };
    std::thread answering([this] { answer(); });
    Heard heard = test::play(program, one, files);
    answering.join();
    return heard;
  }
  int disturbed() const { return disturbed_; }

 private:
  void answer() {
    while (const auto lookup = lookups_.next()) {
      if ((HeldCalls::at<open_how>(*lookup, lookup->arguments[2]).resolve & RESOLVE_IN_ROOT) != 0) {
        ++disturbed_;
        lookups_.answer(*lookup, -EAGAIN);
      } else {
        lookups_.go_on(*lookup);
      }
    }
  }

  HeldCalls lookups_{SYS_openat2};
  int disturbed_ = 0;
};

class Disturbed : public Compared {};

TEST_P(Disturbed, ItIsAsUnderBubblewrap) {
  const Case& one = GetParam();
  const HostFiles files;
  const Heard theirs = Disturbance().play(debians(), one, files);
  Disturbance disturbance;
  const Heard our = disturbance.play(ours(), one, files);
  EXPECT_EQ(comparable(theirs, debians(), one), comparable(our, ours(), one)) << one.options;
  EXPECT_GT(disturbance.disturbed(), 0) << one.options;
}

const std::string upwards = "--dir /a/b --dir /c --symlink ../a/b /c/l ";

std::vector<Case> disturbed() {
  std::vector<Case> rows;
  for (const std::string options : {"--dir /c/l/x/y",
                                    "--tmpfs /c/l/x",
                                    "--bind @ /c/l/x",
                                    "--ro-bind @/file /c/l/x",
                                    "--bind @/dir /c/l",
                                    "--file 20 /c/l/x",
                                    "--perms 0600 --file 20 /c/l/x --chmod 0644 /a/b/x",
                                    "--symlink x /c/l/y --file 20 /c/l/y",
                                    "--file 20 /c/l/x --file 21 /a/b/x",
                                    "--bind-data 20 /c/l/x",
                                    "--ro-bind-data 20 /c/l/x",
                                    "--symlink z /c/l/x",
                                    "--dir /c/l/x --chmod 0700 /c/l/x",
                                    "--bind @/dir /c/l/x --remount-ro /c/l/x",
                                    "--unshare-pid --proc /c/l/proc",
                                    "--dev /c/l/dev",
                                    "--bind @/dir /c/l --dir /c/l/new",
                                    "--bind @/dir /c/l --file 20 /c/l/inner",
                                    "--dir /c/l/../../e/f",
                                    "--chdir /c/l"}) {
    rows.push_back({.rule = options,
                    .options = upwards + options,
                    .given = {{20, "twenty\n"}, {21, "twenty-one\n"}},
                    .may_differ = {{"^tree: /(a/b|e)\\S* dir 07[05]{2}", "the mode of parents"}}});
  }
  return rows;
}
INSTANTIATE_TEST_SUITE_P(Lookups, Disturbed, testing::ValuesIn(disturbed()), NameOfCase());

TEST(DisturbedLookups, StayInTheNewRoot) {
  IMMURE_REQUIRE_SANDBOX();
  const HostFiles files;
  const std::string before = files.tree();
  for (const std::string target :
       {"/oldroot@/empty", "../../../..@/empty", "/proc/self/root@/empty", "/proc/1/root@/empty"}) {
    for (const std::string act :
         {"--dir /d/x", "--bind @/dir /d/x", "--symlink a /d/x", "--file 20 /d/x"}) {
      const Heard heard = Disturbance().play(ours(),
                                             {.rule = "",
                                              .options = "--symlink " + target + " /d " + act,
                                              .command = {"/probe", "quiet"},
                                              .given = {{20, "twenty\n"}}},
                                             files);
      EXPECT_EQ(heard.host, before) << target << " " << act << ": " << heard.outcome.err;
    }
  }
}

// The system's own answers, as they come.
TEST(Renames, DoNotFailAStart) {
  IMMURE_REQUIRE_SANDBOX();
  const TempDir place("/dev/shm");
  std::atomic<bool> ended = false;
  std::vector<std::thread> renaming;
  for (const std::string name : {"/a", "/b"}) {
    std::filesystem::create_directory(place.path() + name);
    renaming.emplace_back([&ended, from = place.path() + name, to = place.path() + name + "2"] {
      while (!ended) {
        std::rename(from.c_str(), to.c_str());
        std::rename(to.c_str(), from.c_str());
      }
    });
  }
  const HostFiles files;
  const Case one{.rule = "",
                 .options = upwards +
                            "--dir /c/l/x/y --bind @/dir /c/l/d --file 20 /c/l/f --tmpfs /c/l/t "
                            "--ro-bind-data 21 /c/l/r --symlink z /c/l/s --chmod 0700 /c/l/x",
                 .command = {"/probe", "quiet"},
                 .given = {{20, "twenty\n"}, {21, "twenty-one\n"}}};
  for (int start = 0; start < 100; ++start) {
    const Outcome outcome = play(ours(), one, files).outcome;
    EXPECT_EQ(outcome.out, "ran\n") << outcome.err;
  }
  ended = true;
  for (std::thread& thread : renaming) thread.join();
}

}  // namespace
}  // namespace immure::test
