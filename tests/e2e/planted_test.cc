// Links that an earlier sandbox could have left behind, for a later start to follow.
#include <gtest/gtest.h>
#include <unistd.h>

#include "support/inside.h"

namespace immure::test {
namespace {

class Planted : public TwoDirectories {};

// The sandbox ran in the project; the next one starts above it, where nothing was ever writable.
TEST_F(Planted, ALinkPlantedInAProjectIsNotFollowedFromAbove) {
  const std::string link = project() + "/d.db";
  ASSERT_EQ(::symlink((other() + "/secret").c_str(), link.c_str()), 0);
  const auto from_above = [&](const Argv& options) {
    return in_sandbox(options, "cat project/d.db other/secret", directory_.path());
  };
  EXPECT_TRUE(contains(from_above({"--ro", "project/d.db"}).out, "secret")) << "no project yet";
  directory_.write("project/.git/HEAD", "");
  for (const char* access : {"--ro", "--rw", "--overlay"}) {
    const Outcome outcome = from_above({access, "project/d.db"});
    EXPECT_EQ(outcome.code, 125) << outcome.out;
    EXPECT_TRUE(contains(outcome.err, "E323")) << outcome.err;
    EXPECT_TRUE(contains(outcome.err, "\"" + project() + "\" is writable in starts from there"))
        << outcome.err;
  }
  EXPECT_EQ(from_above({"--ro", "other/secret"}).out, "secret\nsecret\n") << "what it says to do";
}

// A link that leads out of the narrower place stays in the wider one.
TEST_F(Planted, WhereAWiderDirectoryWasWritableBeforeTheNarrowerIsRememberedToo) {
  ASSERT_EQ(in_sandbox({"--rw", directory_.path()}, "true", "/").code, 0);
  ASSERT_EQ(in_sandbox({"-w"}, "ln -s ../other/secret notes", project()).code, 0);
  const Outcome outcome =
      in_sandbox({"--ro", "project/notes"}, "cat project/notes", directory_.path());
  EXPECT_EQ(outcome.code, 125) << outcome.out;
  EXPECT_TRUE(contains(outcome.err, "\"" + project() + "\" was writable in an earlier start"))
      << outcome.err;
}

// Of no project at all: that a sandbox could write there is remembered.
TEST_F(Planted, ALinkPlantedWhereASandboxCouldWriteIsNotFollowedLater) {
  const auto from_above = [&] {
    return in_sandbox({"--ro", "project/notes"}, "cat project/notes", directory_.path());
  };
  const std::string link = project() + "/notes";
  ASSERT_EQ(::symlink((other() + "/secret").c_str(), link.c_str()), 0);
  EXPECT_EQ(from_above().out, "secret\n") << "a link of the user's own";
  ASSERT_EQ(::unlink(link.c_str()), 0);
  ASSERT_EQ(in_sandbox({"-w"}, "ln -s ../other/secret notes", project()).code, 0);
  const Outcome outcome = from_above();
  EXPECT_EQ(outcome.code, 125) << outcome.out;
  EXPECT_TRUE(contains(outcome.err, "\"" + project() + "\" was writable in an earlier start"))
      << outcome.err;
}

// As venv/bin/python is: what everybody may see, and the program that is started.
TEST_F(Planted, ALinkOfAProjectToAProgramIsNoPlantedOne) {
  directory_.write("project/.git/HEAD", "");
  const std::string own = directory_.write("tools/own", "#!/bin/sh\necho own\n", 0755);
  ASSERT_EQ(::symlink("/usr/bin/echo", (project() + "/echo").c_str()), 0);
  ASSERT_EQ(::symlink(own.c_str(), (project() + "/tool").c_str()), 0);
  for (const std::string& cwd : {project(), directory_.path()}) {
    const auto start = [&](Argv options, const std::string& program, const Argv& rest) {
      Argv command{project() + program};
      command.insert(command.end(), rest.begin(), rest.end());
      Program run_it = immure_run(std::move(options), command);
      run_it.cwd = cwd;
      return run(run_it);
    };
    EXPECT_EQ(start({}, "/echo", {"hi"}).out, "hi\n");
    EXPECT_EQ(start({}, "/tool", {}).out, "own\n");
    EXPECT_EQ(start({"--ro", own}, "/tool", {}).out, "own\n");
    EXPECT_EQ(start({"--ro", project() + "/tool"}, "/echo", {"hi"}).code, 125) << "asked for";
  }
}

}  // namespace
}  // namespace immure::test
