// Command lines that nobody would write: operations in any order, on a few paths, so that each
// meets what others have left. Ours does what Debian's does.
#include <random>

#include "bwrap/support.h"

namespace immure::test {
namespace {

template <class T, std::size_t N>
const T& any(const T (&choices)[N], std::mt19937& random) {
  return choices[random() % N];
}

// Where the two are known to differ nothing is drawn: links that are absolute, as destinations
// themselves, or there already (Holes, Newer), files on the root, a descriptor that is read twice.
std::string any_operation(std::mt19937& random, int& descriptor) {
  static const std::string places[] = {"/a",   "/a/b", "/a/b/c", "/b",         "/b/inner", "/c/d",
                                       "/l/x", "/h",   "/h/dir", "/h/dir/new", "/h/new"};
  static const std::string sources[] = {"@", "@/dir", "@/file", "@/other", "@/link", "@/missing"};
  static const std::string binds[] = {"--bind", "--ro-bind", "--dev-bind", "--bind-try",
                                      "--ro-bind-try"};
  static const std::string modes[] = {"0700", "0755", "0711", "0500", "1777", "0644"};
  static const std::string data[] = {"--file", "--bind-data", "--ro-bind-data"};
  const std::string& place = any(places, random);
  switch (random() % 10) {
    case 0:
      return "--dir " + place;
    case 1:
      return "--perms " + any(modes, random) + " --dir " + place;
    case 2:
      return "--tmpfs " + place;
    case 3:
      return "--perms " + any(modes, random) + " --size 8192 --tmpfs " + place;
    case 4:
    case 5:
      return any(binds, random) + " " + any(sources, random) + " " + place;
    case 6:
      // On a name of its own: nothing can be mounted on the unlinked file that bubblewrap binds.
      ++descriptor;
      return any(data, random) + " " + std::to_string(descriptor) + " " + place + "." +
             std::to_string(descriptor);
    case 7:
      return "--chmod " + any(modes, random) + " " + place;
    case 8:
      return any(binds, random) + " @/dir /";
    default:
      return "--remount-ro " + place;
  }
}

class RandomLines : public testing::TestWithParam<unsigned> {};

TEST_P(RandomLines, DoAsUnderBubblewrap) {
  IMMURE_REQUIRE_SANDBOX();
  IMMURE_REQUIRE_PEER();
  std::mt19937 random(GetParam());
  for (int round = 0; round < 25 && !HasFailure(); ++round) {
    std::string options = "--symlink a /l";
    int descriptor = 19;
    for (auto left = 1 + random() % 6; left > 0; --left) {
      options += " " + any_operation(random, descriptor);
    }
    expect_same(
        {.rule = "seed " + std::to_string(GetParam()),
         .options = options,
         .given = {{20, "0\n"}, {21, "1\n"}, {22, "2\n"}, {23, "3\n"}, {24, "4\n"}, {25, "5\n"}},
         .may_differ = {{"^(tree: )?\\S+ (dir 07[05]{2}|0407[05]{2})", "modes of parents"},
                        {"^err: bwrap: ", "which of two mistakes is told"}}});
  }
}
INSTANTIATE_TEST_SUITE_P(Seeds, RandomLines, testing::Range(1U, 11U));

}  // namespace
}  // namespace immure::test
