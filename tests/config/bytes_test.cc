#include <gtest/gtest.h>

#include "config/document.h"
#include "config/profile_text.h"

namespace immure {
namespace {

using namespace std::string_literals;

using testing::first_error;
using testing::parse;
using testing::spec_of;

TEST(Bytes, WhatTheParserCannotTakeIsFoundBeforeItRuns) {
  const std::string outside =
      "[E103]: a character that is not ASCII, outside of strings and comments";
  EXPECT_EQ(first_error("\xd1\x88"), outside);
  EXPECT_EQ(first_error("r\xef\xbb\xb7"), outside);
  EXPECT_EQ(first_error("a = 'x'\xd1\x88"), outside);
  EXPECT_EQ(first_error("a = \"\\\"\" \xc3\xa9"), outside);
  EXPECT_EQ(first_error("a = \"\"\"x\"\"\"\"\" \xc3\xa9"), outside);
  EXPECT_EQ(first_error("a = '\n\xc3\xa9"), outside);
}

TEST(Bytes, AreUtf8) {
  for (const char* text : {"# \xff", "# \xc3", "# \xc0\xaf", "# \xed\xa0\x80", "# \xf5\x80\x80\x80",
                           "# \xe2\x82", "# \xf0\x8f\xbf\xbf", "\x80"}) {
    EXPECT_EQ(first_error(text), "[E103]: not valid UTF-8") << text;
  }
}

TEST(Bytes, AByteOrderMarkMayLeadOnly) {
  EXPECT_EQ(spec_of("\xef\xbb\xbfhostname = 'x'").hostname.value, "x");
  EXPECT_EQ(first_error("# \xef\xbb\xbf"), "[E103]: a byte order mark within the file");
}

TEST(Bytes, ANulIsRefused) {
  EXPECT_EQ(first_error("# \0"s), "[E103]: a NUL byte");
  EXPECT_EQ(first_error("hostname = \"a\\u0000b\""), "[E203]: \"hostname\" holds a NUL byte");
  EXPECT_EQ(first_error("[fs]\n\"/a\\u0000b\" = 'ro'"),
            "[E301]: path \"/a\\x00b\" in [fs] holds a NUL byte");
}

TEST(Bytes, OtherCharactersMayStandInStringsAndComments) {
  const SandboxSpec spec = spec_of(
      "# \xd1\x88\nhostname = 'x' # \xc3\xa9\n"
      "description = \"\"\"\xc3\xa9 \" \\\"\"\" \xc3\xa9\"\"\"\n"
      "why = '''\xe2\x82\xac'''''\n"
      "[env]\n\"\xc3\xa9\" = '\xc3\xa9'\n");
  EXPECT_EQ(spec.description.value, "\xc3\xa9 \" \"\"\" \xc3\xa9");
  EXPECT_EQ(spec.why.value, "\xe2\x82\xac''");
  EXPECT_EQ(spec.env.count("\xc3\xa9"), 1U);
}

TEST(Bytes, KeysOfManyPartsDoNotExhaustTheStack) {
  std::string key = "a";
  for (int i = 0; i < 200'000; ++i) key += ".a";
  EXPECT_EQ(first_error(key + " = 1"), "[E101]: a key of more than 32 parts");
  EXPECT_EQ(first_error("[" + key + "]"), "[E101]: a key of more than 32 parts");
  std::string brackets = "a = ";
  brackets.append(100'000, '[');
  EXPECT_NE(first_error(brackets), "");
}

// Every text of up to three of these pieces; the sanitizers watch.
TEST(Bytes, NoShortTextUpsetsTheParser) {
  const std::vector<std::string> pieces = {"a",
                                           "=",
                                           "1",
                                           ".",
                                           "[",
                                           "]",
                                           "{",
                                           "}",
                                           "\"",
                                           "'",
                                           "\n",
                                           "\r",
                                           ",",
                                           "#",
                                           "\\",
                                           "\xd1\x88",
                                           "-",
                                           "\t",
                                           R"(""")",
                                           "'''",
                                           " ",
                                           "e",
                                           "0x",
                                           "\xef\xbb\xb7",
                                           "\xef\xbb\xbf",
                                           "\xe2\x80\xa8",
                                           "inf",
                                           "0o",
                                           "\x7f",
                                           "\x01"};
  std::size_t parsed = 0;
  for (const std::string& first : pieces) {
    for (const std::string& second : pieces) {
      for (const std::string& third : pieces) {
        std::string text = first;
        text.append(second).append(third);
        (void)parse(text);
        (void)parse(text.insert(0, "a = "));
        ++parsed;
      }
    }
  }
  EXPECT_EQ(parsed, pieces.size() * pieces.size() * pieces.size());
}

}  // namespace
}  // namespace immure
