// A read-only mount does not stop connect(2): sockets that a bind shows are told of by explain and
// check, two levels deep, and cost a run nothing.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "attack/attack.h"

namespace immure::test {
namespace {

class P14BoundSockets : public AttackTest {
 protected:
  Fd listen_at(const std::string& name) const {
    directory_.write(name + ".d", "");  // and the directories on the way
    const std::string path = directory_.path() + "/" + name;
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the call's documented use
    const auto* generic = reinterpret_cast<const sockaddr*>(&address);
    EXPECT_EQ(::bind(socket.get(), generic, sizeof address), 0);
    EXPECT_EQ(::listen(socket.get(), 9), 0);
    return socket;
  }

  std::string profile(const std::string& more = "") const {
    return directory_.write("web.toml", "[fs]\n\"${PROFILE_DIR}/tree\" = \"ro\"\n" + more);
  }
  std::string tree(const std::string& name = "") const {
    return directory_.path() + "/tree" + name;
  }

  Outcome immure(const Argv& arguments, const std::string& cwd = "/") const {
    Program program{.argv = {binary()}, .cwd = cwd};
    program.argv.insert(program.argv.end(), arguments.begin(), arguments.end());
    return run(program);
  }

  TempDir directory_;
};

TEST_F(P14BoundSockets, AreToldOfTwoLevelsDeep) {
  const Fd first = listen_at("tree/first");
  const Fd second = listen_at("tree/below/second");
  const Fd third = listen_at("tree/below/that/third");
  const std::string connect =
      "import socket; socket.socket(socket.AF_UNIX).connect('" + tree("/first") + "')";
  EXPECT_EQ(run(immure_run({"-p", profile()}, {"python3", "-c", connect})).code, 0)
      << "a read-only mount does not stop it";

  const Outcome checked = immure({"check", profile()});
  EXPECT_EQ(checked.code, 1);
  EXPECT_TRUE(contains(checked.err, "warning[W729]: \"" + tree() +
                                        "\" shows sockets, and no mount keeps the command from "
                                        "connecting to them: \"" +
                                        tree("/below/second") + "\", \"" + tree("/first") + "\"\n"))
      << checked.err;
  EXPECT_FALSE(contains(immure({"check", "--pure", profile()}).err, "W729"))
      << "it asks nothing of this host";
  const std::string page = immure({"explain", "-p", profile(), "--steps", "true"}).err;
  EXPECT_TRUE(contains(page, "W729") && contains(page, tree("/first"))) << page;
  EXPECT_TRUE(contains(immure({"explain", "-p", profile(), "true"}).out, "W729"));
}

TEST_F(P14BoundSockets, AreNotToldOfWhereTheyAreCoveredOrMeant) {
  const Fd first = listen_at("tree/first");
  EXPECT_EQ(immure({"check", profile("\"${PROFILE_DIR}/tree/first\" = \"hide\"\n")}).code, 0);
  EXPECT_EQ(immure({"check", profile("[lint]\nallow = [\"W729\"]\n")}).code, 0);
  const std::string named =
      directory_.write("named.toml", "[fs]\n\"${PROFILE_DIR}/tree/first\" = \"ro\"\n");
  EXPECT_EQ(immure({"check", named}).code, 0) << "the profile names it itself";
  EXPECT_EQ(immure({"check", profile()}).code, 1) << "the control";
}

TEST_F(P14BoundSockets, OfTheCurrentDirectoryAreToldOfByExplain) {
  const Fd first = listen_at("tree/first");
  const Outcome outcome = immure({"explain", "true"}, tree());
  EXPECT_TRUE(contains(outcome.out, "W729")) << outcome.out;
  EXPECT_EQ(immure({"run", "true"}, tree()).err, "") << "a run says nothing of it";
}

}  // namespace
}  // namespace immure::test
