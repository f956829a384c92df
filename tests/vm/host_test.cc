// A sandbox starts, with all that it promises, on a kernel that is not that of the build machines.
#include <gtest/gtest.h>

#include "support/immure.h"

namespace immure::test {
namespace {

TEST(Host, StartsACommandWithNothingToItsName) {
  const Outcome outcome =
      in_sandbox({},
                 "grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status\n"
                 "echo $$; tail -n +3 /proc/net/dev | cut -d: -f1\n"
                 "touch /usr/here 2>/dev/null || echo read-only\n"
                 "unshare -U true 2>/dev/null || echo no namespaces\n");
  EXPECT_EQ(outcome.out,
            "CapEff:\t0000000000000000\nCapBnd:\t0000000000000000\n"
            "NoNewPrivs:\t1\nSeccomp:\t2\n2\n    lo\nread-only\nno namespaces\n");
  EXPECT_EQ(outcome.err, "");
}

TEST(Host, StartsOneByBubblewrapsCommandLine) {
  const Outcome outcome = run(
      {.argv = {IMMURE_BWRAP, "--unshare-all", "--ro-bind", "/", "/", "--proc", "/proc", "--dev",
                "/dev", "--tmpfs", "/tmp", "sh", "-c",
                "echo $$; ls /dev; ls -A /tmp; touch /etc/here 2>/dev/null || echo read-only"}});
  EXPECT_EQ(outcome.out,
            "2\ncore\nfd\nfull\nnull\nptmx\npts\nrandom\nshm\nstderr\nstdin\nstdout\ntty\n"
            "urandom\nzero\nread-only\n")
      << outcome.err;
}

TEST(Host, IsFitByItsDoctor) {
  const Outcome outcome = run({.argv = {binary(), "doctor"}});
  EXPECT_EQ(outcome.code, 0) << outcome.out;
  EXPECT_TRUE(contains(outcome.out, "The profile `default` can run here.\n")) << outcome.out;
}

}  // namespace
}  // namespace immure::test
