// The launcher's own files are not rewritten from inside: its binary, and the profiles that it
// reads.
#include <sys/stat.h>
#include <unistd.h>

#include "attack/attack.h"

namespace immure::test {
namespace {

class P03OwnFiles : public AttackTest {
 protected:
  void SetUp() override {
    AttackTest::SetUp();
    ASSERT_EQ(run({.argv = {"cp", binary(), copy()}}).code, 0);
  }
  std::string copy() const { return directory_.path() + "/immure"; }
  std::string start(const Argv& options, const Argv& command) const {
    Argv argv{copy(), "run"};
    argv.insert(argv.end(), options.begin(), options.end());
    argv.emplace_back("--");
    argv.insert(argv.end(), command.begin(), command.end());
    return said({.argv = argv, .cwd = directory_.path()});
  }

  TempDir directory_;
};

TEST_F(P03OwnFiles, TheBinaryInAWritableDirectory) {
  const std::string away = directory_.path() + "/away";
  const std::string replaced = start({"-w"}, payload({"rename", copy(), away}));
  expect_held({.promise = 3,
               .attack = "put another binary in its place",
               .control = outside(payload({"rename", copy(), away})),
               .inside = replaced},
              {"EBUSY"});
  ASSERT_EQ(outside(payload({"rename", away, copy()})), "ok");
  const Argv change = payload({"make-executable", copy()});
  expect_held({.promise = 3,
               .attack = "change the binary",
               .control = outside(change),
               .inside = start({"-w"}, change)},
              {"EROFS"});
}

TEST_F(P03OwnFiles, TheProfileInAWritableDirectory) {
  const std::string profile = directory_.write("own.toml", "extends = ['build']\n");
  const std::string included =
      directory_.write("including.toml", "extends = ['${PROFILE_DIR}/own.toml']\n");
  const Argv overwrite = payload({"open-write", profile});
  for (const std::string& file : {profile, included}) {
    expect_held({.promise = 3,
                 .attack = "overwrite a profile, started with " + file.substr(file.rfind('/') + 1),
                 .control = outside(overwrite),
                 .inside = start({"-p", file}, overwrite)},
                {"EROFS"});
  }
}

// runc CVE-2019-5736: a command that is a link, or a script for an interpreter that is one, to
// /proc/self/exe is the launcher's binary, by a way on which it can be written.
TEST_F(P03OwnFiles, TheBinaryIsNotTheCommandByALinkToItself) {
  const std::string link = directory_.path() + "/link";
  ASSERT_EQ(::symlink("/proc/self/exe", link.c_str()), 0);
  const std::string script = directory_.write("script", "#!/proc/self/exe\n", 0755);
  const std::string by_link = directory_.write("by-link", "#!" + link + "\n", 0755);
  for (const std::string& command : {link, script, by_link}) {
    // Outside, what a process starts by this name is itself.
    const Argv itself{"sh", "-c", "exec \"$1\" -c 'echo ok' 2>/dev/null || \"$1\" -c 'echo ok'",
                      "sh", link};
    const std::string started = start({}, {command, "version"});
    expect_held(
        {.promise = 3,
         .attack = "start the launcher by " + command.substr(command.rfind('/') + 1),
         .control = outside(itself),
         .inside =
             contains(started, "(exit 12") && !contains(started, "E400") ? "not started" : started},
        {"not started"});
  }
}

}  // namespace
}  // namespace immure::test
