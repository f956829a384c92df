// The network is off when it is off: no way out but to the sandbox's own loopback.
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>

#include "attack/attack.h"

namespace immure::test {
namespace {

class P13NetworkOff : public AttackTest {};

// Families for which there are no namespaces, or whose doors lead into the kernel. Those that this
// kernel lacks cannot be tried here: the filter's own tests evaluate it for every number.
TEST_F(P13NetworkOff, FamiliesThatIgnoreNamespacesAreRefused) {
  int tried = 0;
  for (const auto& [name, family, type] :
       std::vector<std::tuple<std::string, std::string, std::string>>{{"vsock", "40", "1"},
                                                                      {"vsock", "40", "5"},
                                                                      {"alg", "38", "5"},
                                                                      {"bluetooth", "31", "3"},
                                                                      {"tipc", "30", "5"},
                                                                      {"rds", "21", "5"},
                                                                      {"can", "29", "3"},
                                                                      {"nfc", "39", "5"},
                                                                      {"kcm", "41", "5"},
                                                                      {"x25", "9", "5"},
                                                                      {"ax25", "3", "5"},
                                                                      {"netrom", "6", "5"},
                                                                      {"rose", "11", "5"},
                                                                      {"phonet", "35", "2"},
                                                                      {"rxrpc", "33", "2"},
                                                                      {"qipcrtr", "42", "2"},
                                                                      {"smc", "43", "1"},
                                                                      {"xdp", "44", "3"}}) {
    for (const std::string above : {"0", "1", "0xffffffff"}) {
      const Argv open = payload({"socket", family, type, "0", above});
      if (outside(open) != "ok") continue;
      ++tried;
      std::string attack = name;
      attack.append(" of type ").append(type).append(" above ").append(above);
      expect_refused(13, attack, open, {"EAFNOSUPPORT"});
      expect_refused(13, attack + " with the host's network", open, {"EAFNOSUPPORT"},
                     {"--allow", "network=host"});
    }
  }
  IMMURE_REQUIRE(tried > 0, "this kernel has none of them");
}

TEST_F(P13NetworkOff, NetlinkIsForAddressesAndRoutesOnly) {
  for (const std::string protocol : {"4", "6", "9", "15", "16"}) {
    expect_refused(13, "netlink protocol " + protocol, payload({"socket", "16", "3", protocol}),
                   {"EAFNOSUPPORT"});
  }
}

TEST_F(P13NetworkOff, TheHostsLoopbackIsNotReached) {
  const Fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), length), 0);
  ASSERT_EQ(::listen(listener.get(), 9), 0);
  ASSERT_EQ(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &length), 0);
  expect_refused(13, "connect to a port of the host",
                 payload({"connect-port", std::to_string(ntohs(address.sin_port))}),
                 {"ECONNREFUSED"});
}

TEST_F(P13NetworkOff, AnAbstractSocketOfTheHostIsNotReached) {
  const std::string name = "immure-attack-" + std::to_string(::getpid());
  const Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::memcpy(&address.sun_path[1], name.data(), name.size());
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), length), 0);
  ASSERT_EQ(::listen(listener.get(), 9), 0);
  expect_refused(13, "connect to an abstract socket", payload({"connect-abstract", name}),
                 {"ECONNREFUSED"});
}

// Raw sockets, as root of the sandbox's own network namespace: nothing but its loopback hears them.
TEST_F(P13NetworkOff, PacketsOfTheHostAreNotHeard) {
  const Argv open = payload({"socket", "17", "3", "0x0300"});
  expect_held({.promise = 13,
               .attack = "a packet socket",
               .control = outside({"unshare", "--user", "--map-root-user", "--net",
                                   IMMURE_ATTACK_PAYLOAD, "socket", "17", "3", "0x0300"}),
               .inside = inside(open, {"--set", "user.uid=0", "--set", "user.gid=0", "--set",
                                       "caps.keep=[\"ALL\"]"})},
              {"EAFNOSUPPORT"});
}

}  // namespace
}  // namespace immure::test
