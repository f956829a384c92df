#include "base/text.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace immure {
namespace {

using namespace std::string_literals;

struct EscapeCase {
  std::string text, escaped;
};

class Escape : public testing::TestWithParam<EscapeCase> {};

TEST_P(Escape, MakesForeignBytesSafe) { EXPECT_EQ(escape(GetParam().text), GetParam().escaped); }

TEST_P(Escape, LeavesNothingForPrintableToChange) {
  EXPECT_EQ(printable(GetParam().escaped), GetParam().escaped);
}

INSTANTIATE_TEST_SUITE_P(Bytes, Escape,
                         testing::Values(EscapeCase{"", ""}, EscapeCase{"plain ~!", "plain ~!"},
                                         EscapeCase{"a\nb\tc\r", "a\\nb\\tc\\r"},
                                         EscapeCase{"\0"s, "\\x00"},
                                         EscapeCase{"\x1b[31m", "\\x1b[31m"},
                                         EscapeCase{"\x7f", "\\x7f"},
                                         EscapeCase{"C:\\x", "C:\\\\x"},
                                         EscapeCase{"größe 日本 🦀", "größe 日本 🦀"},
                                         EscapeCase{"\u0085", "\\u{85}"},
                                         EscapeCase{"a\u202egpj\u202c", "a\\u{202e}gpj\\u{202c}"},
                                         EscapeCase{"\u2066\u2069", "\\u{2066}\\u{2069}"},
                                         EscapeCase{"\u200b\ufeff", "\\u{200b}\\u{feff}"},
                                         EscapeCase{"\u0890\u08e2", "\\u{890}\\u{8e2}"},
                                         EscapeCase{"\U000e0041", "\\u{e0041}"}));

INSTANTIATE_TEST_SUITE_P(NotUtf8, Escape,
                         testing::Values(EscapeCase{"\xff", "\\xff"}, EscapeCase{"\x80", "\\x80"},
                                         EscapeCase{"\xc3", "\\xc3"}, EscapeCase{"\xc3(", "\\xc3("},
                                         EscapeCase{"\xc0\xaf", "\\xc0\\xaf"},
                                         EscapeCase{"\xed\xa0\x80", "\\xed\\xa0\\x80"},
                                         EscapeCase{"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},
                                         EscapeCase{"\xe2\x80", "\\xe2\\x80"}));

TEST(Printable, LeavesBackslashesOfTextThatIsEscapedAlready) {
  EXPECT_EQ(printable("\"a\\nb\" \x1b"), "\"a\\nb\" \\x1b");
}

TEST(Quote, EscapesWhatWouldEndTheQuotes) {
  EXPECT_EQ(quote("a\"b\\"), "\"a\\\"b\\\\\"");
  EXPECT_EQ(quote(""), "\"\"");
}

TEST(ErrnoWords, NamesTheErrorForPeopleAndForSearching) {
  EXPECT_EQ(errno_words(ENOENT), "No such file or directory (ENOENT)");
  EXPECT_EQ(errno_words(99999), "errno 99999");
}

TEST(ShowSize, UsesTheLargestUnitThatDivides) {
  EXPECT_EQ(show_size(0), "0");
  EXPECT_EQ(show_size(1000), "1000");
  EXPECT_EQ(show_size(1024), "1K");
  EXPECT_EQ(show_size(64ULL << 20U), "64M");
  EXPECT_EQ(show_size((64ULL << 20U) + 1024), "65537K");
  EXPECT_EQ(show_size(3ULL << 40U), "3T");
}

TEST(Octal, HasAtLeastAsManyDigitsAsAreAskedFor) {
  EXPECT_EQ(octal(0), "0");
  EXPECT_EQ(octal(07), "7");
  EXPECT_EQ(octal(01777), "1777");
  EXPECT_EQ(octal(0, 4), "0000");
  EXPECT_EQ(octal(0755, 4), "0755");
  EXPECT_EQ(octal(01777, 3), "1777");
  EXPECT_EQ(octal(UINT64_MAX), "1777777777777777777777");
}

TEST(Hex, SaysItsBase) {
  EXPECT_EQ(hex(0), "0x0");
  EXPECT_EQ(hex(0x1f), "0x1f");
  EXPECT_EQ(hex(UINT64_MAX), "0xffffffffffffffff");
}

TEST(Columns, CountsCharactersAndNotBytes) {
  EXPECT_EQ(columns(""), 0U);
  EXPECT_EQ(columns("a …"), 3U);
  EXPECT_EQ(columns("é\U0001F600"), 2U);
}

std::string closest_of(std::string_view word) {
  constexpr std::array<std::string_view, 5> names{"hostname", "limits", "ro", "rw", "fs"};
  return closest(word, names.data(), names.size());
}

TEST(Closest, FindsWordsWithinTwoEdits) {
  EXPECT_EQ(closest_of("hostnam"), "hostname");
  EXPECT_EQ(closest_of("hsotname"), "hostname");
  EXPECT_EQ(closest_of("limitss"), "limits");
  EXPECT_EQ(closest_of("lmits_"), "limits");
}

TEST(Closest, IsEmptyWhenNothingIsNear) {
  EXPECT_EQ(closest_of("network"), "");
  EXPECT_EQ(closest_of("host"), "");
  EXPECT_EQ(closest("x", nullptr, 0), "");
}

TEST(Closest, DoesNotOfferShortWordsThatShareNoLetter) {
  EXPECT_EQ(closest_of("xy"), "");
  EXPECT_EQ(closest_of("f"), "");
  EXPECT_EQ(closest_of("rp"), "ro");
}

}  // namespace
}  // namespace immure
