#include "base/shell.h"

#include <gtest/gtest.h>

#include <string_view>

namespace immure {
namespace {

TEST(Shell, OneWordAsBashReadsIt) {
  EXPECT_EQ(shell_word("--ro-bind"), "--ro-bind");
  EXPECT_EQ(shell_word(""), "''");
  EXPECT_EQ(shell_word("a b"), "'a b'");
  EXPECT_EQ(shell_word("$HOME"), "'$HOME'");
  EXPECT_EQ(shell_word("~"), "'~'");
  EXPECT_EQ(shell_word("it's"), "'it'\\''s'");
  EXPECT_EQ(shell_word("gr\xc3\xbc\xc3\x9f"), "'gr\xc3\xbc\xc3\x9f'");
}

TEST(Shell, NothingThatSteersATerminalStaysAsItIs) {
  EXPECT_EQ(shell_word("a\n\x1b[2J'\\"), "$'a\\012\\033[2J\\047\\134'");
  EXPECT_EQ(shell_word("\xff"), "$'\\377'");
  EXPECT_EQ(shell_word("\xe2\x80\xae"), "$'\\342\\200\\256'");  // U+202E, right to left
}

TEST(Shell, AFormatOfPrintfIsTheBytes) {
  using std::string_view_literals::operator""sv;
  EXPECT_EQ(shell_format("a\nb\n"), "'a\\nb\\n'");
  EXPECT_EQ(shell_format("5% '\\"), "'5%% \\047\\134'");
  EXPECT_EQ(shell_format("\0001\x1b"sv), "'\\0001\\033'");
}

}  // namespace
}  // namespace immure
