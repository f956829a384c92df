// immure is a real project: it builds and unit-tests itself inside `immure run -p build`.
#include <gtest/gtest.h>

#include "support/immure.h"

namespace immure::test {
namespace {

TEST(Self, BuildsAndTestsItselfInsideTheBuildProfile) {
  IMMURE_REQUIRE_SANDBOX();
  IMMURE_REQUIRE(installed("cmake") && installed("ninja") && installed("g++"), "no build tools");
  const TempDir directory("/var/tmp");
  const std::string tree = directory.path() + "/immure";
  const Outcome copied =
      run({.argv = {"sh", "-c",
                    "mkdir \"$1\" && cd \"$0\" && tar --exclude=./build --exclude=./.git "
                    "-cf - . | tar -C \"$1\" -xf -",
                    IMMURE_SOURCE_DIR, tree}});
  ASSERT_EQ(copied.code, 0) << copied.err;

  Program build = immure_sh({"-p", "build"},
                            "set -e; cmake --preset release -DIMMURE_BENCH=OFF -DIMMURE_E2E=OFF; "
                            "cmake --build --preset release; ctest --preset release -L unit; "
                            "build/release/immure version; echo planted > ../outside || true",
                            tree);
  build.limit = std::chrono::seconds(2300);
  const Outcome outcome = run(build);
  const std::string end =
      outcome.out.substr(outcome.out.size() - std::min<std::size_t>(outcome.out.size(), 4000));
  EXPECT_EQ(outcome.code, 0) << end << outcome.err;
  EXPECT_TRUE(contains(end, "100% tests passed")) << end;
  EXPECT_FALSE(exists(directory.path() + "/outside"));
}

}  // namespace
}  // namespace immure::test
