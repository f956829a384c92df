// /dev is minimal, and no device works that was not asked for.
#include "attack/attack.h"

namespace immure::test {
namespace {

class P12Devices : public AttackTest {};

TEST_F(P12Devices, DevicesOfTheHostAreNotThere) {
  int tried = 0;
  for (const std::string device : {"/dev/fuse", "/dev/net/tun", "/dev/kvm", "/dev/dri/card0",
                                   "/dev/snd/seq", "/dev/video0", "/dev/input/event0"}) {
    const Argv open = payload({"open-device", device});
    if (outside(open) != "ok") continue;  // this machine has none, or not for this user
    ++tried;
    expect_refused(12, "open " + device, open, {"ENOENT"});
  }
  IMMURE_REQUIRE(tried > 0, "no device here can be opened by a user");
}

TEST_F(P12Devices, ABindShowsADeviceAndOpensNone) {
  IMMURE_REQUIRE(outside(payload({"open-device", "/dev/fuse"})) == "ok", "no /dev/fuse for users");
  const Argv open = payload({"open-device", "/seen"});
  for (const std::string access : {"--ro", "--rw"}) {
    expect_held({.promise = 12,
                 .attack = "open a device of a bind, " + access,
                 .control = inside(open, {"--dev", "/dev/fuse:/seen"}),
                 .inside = inside(open, {access, "/dev/fuse:/seen"})},
                {"EACCES"});
  }
}

// One terminal of the user's, which another sandbox or session holds.
TEST_F(P12Devices, TerminalsOfTheHostAreNotThere) {
  const Argv list{"sh", "-c", "ls /dev/pts | grep -q '^[0-9]' && echo ok || echo none"};
  Argv on_terminal = payload({"with-terminal"});
  const std::string control = [&] {
    Argv argv = on_terminal;
    argv.insert(argv.end(), list.begin(), list.end());
    return outside(argv);
  }();
  const std::string held = [&] {
    Argv argv = on_terminal;
    // With one of its own in its place there would be that.
    const Argv start = immure_run({"--set", "process.tty=share"}, list).argv;
    argv.insert(argv.end(), start.begin(), start.end());
    return outside(argv);
  }();
  expect_held(
      {.promise = 12, .attack = "find a terminal of the host", .control = control, .inside = held},
      {"none"});
}

}  // namespace
}  // namespace immure::test
