// Services of the session are out of reach: no socket of the host's /tmp, /run or home.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "attack/attack.h"

namespace immure::test {
namespace {

class P14Services : public AttackTest {
 protected:
  // A service that listens there.
  static Fd serve(const std::string& path) {
    Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::memcpy(&address.sun_path[0], path.data(), path.size());
    EXPECT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listener.get(), 9), 0);
    return listener;
  }
};

TEST_F(P14Services, SocketsOfTheHostAreNotThere) {
  std::vector<std::string> places{"/tmp", "/var/tmp"};
  if (!own_home().empty()) places.push_back(own_home());
  for (const std::string& place : places) {
    const TempDir directory(place);
    const std::string path = directory.path() + "/socket";
    const Fd listener = serve(path);
    expect_refused(14, "connect to a socket below " + place, payload({"connect-path", path}),
                   {"ENOENT"}, {"--set", "allow.cwd=false"});
  }
}

TEST_F(P14Services, TheRuntimeDirectoryIsNotThere) {
  const TempDir runtime;
  const std::string path = runtime.path() + "/bus";
  const Fd listener = serve(path);
  const Argv connect{"sh", "-c", "exec \"$0\" connect-path \"${XDG_RUNTIME_DIR:-/run/none}/bus\"",
                     IMMURE_ATTACK_PAYLOAD};
  const auto with_runtime = [&](const Argv& argv) {
    return said({.argv = argv,
                 .environment = {{{"PATH", "/usr/bin:/bin"}, {"XDG_RUNTIME_DIR", runtime.path()}}},
                 .cwd = "/usr"});
  };
  expect_held({.promise = 14,
               .attack = "the bus of the session",
               .control = with_runtime(connect),
               .inside = with_runtime(immure_run({"--ro", IMMURE_ATTACK_PAYLOAD}, connect).argv)},
              {"ENOENT"});
}

TEST_F(P14Services, TheAgentsSocketIsNotNamedNorThere) {
  const TempDir directory;
  const std::string path = directory.path() + "/agent";
  const Fd listener = serve(path);
  for (const std::string name : {"SSH_AUTH_SOCK", "DBUS_SESSION_BUS_ADDRESS", "WAYLAND_DISPLAY",
                                 "PULSE_SERVER", "DOCKER_HOST"}) {
    const Argv connect{"sh", "-c", "exec \"$0\" connect-path \"${" + name + ":-/tmp/none}\"",
                       IMMURE_ATTACK_PAYLOAD};
    const auto with_agent = [&](const Argv& argv) {
      return said({.argv = argv,
                   .environment = {{{"PATH", "/usr/bin:/bin"}, {name, path}}},
                   .cwd = "/usr"});
    };
    expect_held({.promise = 14,
                 .attack = "the socket that $" + name + " names",
                 .control = with_agent(connect),
                 .inside = with_agent(immure_run({"--ro", IMMURE_ATTACK_PAYLOAD}, connect).argv)},
                {"ENOENT"});
  }
}

}  // namespace
}  // namespace immure::test
