// Texts that are large, or no text at all.
#include <gtest/gtest.h>

#include <chrono>

#include "config/profile_text.h"
#include "spec/check.h"
#include "spec/lint.h"

namespace immure {
namespace {

using testing::errors_of;
using testing::parse;

std::string big_profile(std::size_t size) {
  std::string text = "extends = []\n[fs]\n";
  for (int i = 0; text.size() + 60 < size; ++i) {
    text += "\"/srv/data/" + std::to_string(i) + "\" = \"ro?,noexec\"  # one of many\n";
  }
  return text;
}

// In a release build this takes a tenth of a second; the bound is for the slowest of builds.
TEST(Robust, AMebibyteIsReadAndCheckedAtOnce) {
  const std::string text = big_profile(std::size_t{1} << 20U);
  const auto start = std::chrono::steady_clock::now();
  auto parsed = parse(text);
  ASSERT_EQ(errors_of(parsed), "");
  SandboxSpec spec = std::move(std::get<ProfileLayer>(parsed).spec);
  EXPECT_GT(spec.mounts.size(), 15000U);
  const HostPlaces places{.home = "/home/ann", .runtime_dir = "/run/user/1000"};
  EXPECT_TRUE(lint(spec, places).empty());
  EXPECT_TRUE(std::holds_alternative<CheckedSpec>(check(std::move(spec), places)));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

TEST(Robust, NulMarksAndLineEnds) {
  EXPECT_EQ(errors_of(parse(std::string("hostname = \"a\"\nx\0 = 1\n", 21))),
            "immure: error[E103]: a NUL byte\n"
            "  --> web.toml:2:2\n"
            "   2 | x\\x00 = 1\n"
            "     |  ^\n"
            "  help: a profile is a text file\n");
  EXPECT_EQ(errors_of(parse("\xef\xbb\xbfhostname = \"a\"\r\n[process]\r\nnice = 5\r\n")), "");
  EXPECT_EQ(errors_of(parse("hostname = \"a\"\r\n[process]\r\nnice = \"5\"\r\n")),
            "immure: error[E203]: \"process.nice\" takes an integer, not a string\n"
            "  --> web.toml:3:8\n"
            "   3 | nice = \"5\"\n"
            "     |        ^\n"
            "  help: write 5, without quotes\n");
  EXPECT_EQ(errors_of(parse("hostname = \"a\"\n\xef\xbb\xbf[process]\n")),
            "immure: error[E103]: a byte order mark within the file\n"
            "  --> web.toml:2:1\n"
            "   2 | \\u{feff}[process]\n"
            "     | ^\n"
            "  help: take U+FEFF away\n");
}

}  // namespace
}  // namespace immure
