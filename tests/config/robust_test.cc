// Texts that are large, or no text at all.
#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
#include <string_view>

#include "config/intents.h"
#include "config/profile_text.h"
#include "spec/check.h"
#include "spec/lint.h"
#include "spec/merge.h"

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

// Of this process: how long others kept the machine does not count.
double processor_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

// What the language promises of a build that is shipped. The others are slower, by sanitizers most.
#ifdef NDEBUG
constexpr double kBound = 0.2;
#else
constexpr double kBound = 5;
#endif

TEST(Robust, AMebibyteIsReadAndCheckedAtOnce) {
  const std::string text = big_profile(std::size_t{1} << 20U);
  double least = kBound;  // what it costs on a machine that is not busy with others
  for (int round = 0; round < 5 && least >= kBound; ++round) {
    const double start = processor_seconds();
    auto parsed = parse(text);
    ASSERT_EQ(errors_of(parsed), "");
    SandboxSpec spec = std::move(std::get<ProfileLayer>(parsed).spec);
    EXPECT_GT(spec.mounts.size(), 15000U);
    const HostPlaces places{.home = "/home/ann", .runtime_dir = "/run/user/1000"};
    EXPECT_TRUE(lint(spec, places).empty());
    EXPECT_TRUE(std::holds_alternative<CheckedSpec>(check(std::move(spec), places)));
    least = std::min(least, processor_seconds() - start);
  }
  EXPECT_LT(least, kBound);
}

// One line of a hundred thousand items, and as many mistakes: what costs a look at the whole text,
// or at all others, for each of them takes minutes.
TEST(Robust, AMebibyteOfItemsOrMistakesTakesNoMinutes) {
  constexpr std::size_t kSize = std::size_t{1} << 20U;
  const auto filled = [](std::string text, std::string_view before, std::string_view behind,
                         std::string_view end) {
    for (int i = 0; text.size() + 40 < kSize; ++i) {
      text.append(before).append(std::to_string(i)).append(behind);
    }
    return text.append(end);
  };
  const double start = processor_seconds();
  for (const std::string& text :
       {filled("process.command = [", "\"a", "\",", "]\n"),
        filled("description = \"\u00fc\"\nmatch = [", "\"a", "\",", "]\n"),
        filled("process.pass_fds = [", "", ",", "]\n"),
        filled("allow.etc = [", "\"a", "\",", "]\n")}) {
    auto parsed = parse(text);
    ASSERT_EQ(errors_of(parsed), "");
    SandboxSpec spec = std::get<ProfileLayer>(parsed).spec;
    Errors warnings;
    merge(spec, std::get<ProfileLayer>(parsed).spec, warnings);
    const auto expanded = expand_intents(spec.allow, false, testing::someone());
    ASSERT_EQ(errors_of(expanded), "");
  }
  const auto mistakes = parse(filled("", "colour", " = 1\n", ""));
  EXPECT_GT(std::get<Errors>(mistakes).size(), 10000U);
  EXPECT_GT(errors_of(mistakes).size(), kSize);
  EXPECT_LT(processor_seconds() - start, 50 * kBound);
}

// The parser counts characters, a place counts bytes.
TEST(Robust, PlacesOnALongLineCountBytes) {
  for (const int letters : {0, 1, 255, 256, 400, 1000}) {
    std::string text = "description = \"\u00e4\u20ac\"\nprocess.command = [\"";
    for (int i = 0; i < letters; ++i) text += "\u00fc";
    text += "\", 5]\n";
    const auto parsed = parse(text);
    ASSERT_TRUE(std::holds_alternative<Errors>(parsed));
    const Origin& origin = std::get<Errors>(parsed).front().origin;
    EXPECT_EQ(origin.line, 2U);
    EXPECT_EQ(origin.column, text.size() - text.find('\n') - 3) << letters;
  }
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
