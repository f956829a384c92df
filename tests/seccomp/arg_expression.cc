#include "seccomp/arg_expression.h"

#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <string>

namespace immure {
namespace {

// "arg mask op value, value", or "at 3: what (hint)".
std::string read(std::string_view text) {
  auto parsed = parse_arg_expression(text);
  if (const auto* bad = std::get_if<BadExpression>(&parsed)) {
    return "at " + std::to_string(bad->at) + ": " + bad->what;
  }
  const auto& good = std::get<ArgExpression>(parsed);
  std::string shown = std::to_string(good.arg);
  if (good.mask) shown += " & " + std::to_string(good.mask->value);
  constexpr const char* kOperators[] = {"", "==", "!=", "<", "<=", ">", ">=", "in"};
  shown += std::string(" ") + kOperators[static_cast<std::size_t>(good.op)];
  for (const ArgNumber& value : good.values) shown += ' ' + std::to_string(value.value);
  return shown;
}

TEST(ArgExpression, HasTheseForms) {
  EXPECT_EQ(read("0 == AF_UNIX"), "0 == 1");
  EXPECT_EQ(read("  0==1 "), "0 == 1");
  EXPECT_EQ(read("1 & O_CREAT"), "1 & 64 ");
  EXPECT_EQ(read("1 & 0x7 == 0x2"), "1 & 7 == 2");
  EXPECT_EQ(read("1 & 0xf in [SOCK_STREAM, SOCK_DGRAM]"), "1 & 15 in 1 2");
  EXPECT_EQ(read("5 in [1,0o17, 017,-1]"), "5 in 1 15 15 -1");
  EXPECT_EQ(read("2 != 3"), "2 != 3");
  EXPECT_EQ(read("2 < 3"), "2 < 3");
  EXPECT_EQ(read("2 <= 3"), "2 <= 3");
  EXPECT_EQ(read("2 > 3"), "2 > 3");
  EXPECT_EQ(read("2 >= 3"), "2 >= 3");
  EXPECT_EQ(read("1 == O_CREAT|O_EXCL | 1"), "1 == 193");
  EXPECT_EQ(read("0 == AT_FDCWD"), "0 == -100");
  EXPECT_EQ(read("1 == TIOCSTI"), "1 == " + std::to_string(TIOCSTI));
  EXPECT_EQ(read("0 == 0xffffffffffffffff"), "0 == -1");
}

TEST(ArgExpression, SaysWhereItIsWrong) {
  EXPECT_EQ(read(""), "at 0: the number of an argument is expected");
  EXPECT_EQ(read("x == 1"), "at 0: the number of an argument is expected");
  EXPECT_EQ(read("6 == 1"), "at 0: a system call has no argument 6");
  EXPECT_EQ(read("12 == 1"), "at 0: the number of an argument is expected");
  EXPECT_EQ(read("0"), "at 1: a comparison is expected");
  EXPECT_EQ(read("0 = 1"), "at 2: \"=\" compares nothing, \"==\" does");
  EXPECT_EQ(read("0 == "), "at 5: a number or the name of one is expected");
  EXPECT_EQ(read("0 == AF_UNX"), "at 5: \"AF_UNX\" is not the name of a number known here");
  EXPECT_EQ(read("0 == 1x"), "at 5: \"1x\" is not a number");
  EXPECT_EQ(read("0 == 08"), "at 5: \"08\" is not a number");
  EXPECT_EQ(read("0 == 0x1ffffffffffffffff"),
            "at 5: \"0x1ffffffffffffffff\" has more than 64 bits");
  EXPECT_EQ(read("0 & 0"), "at 4: no bit is left of the argument");
  EXPECT_EQ(read("0 in 1"), "at 5: a list is expected after \"in\"");
  EXPECT_EQ(read("0 in [1 2]"), "at 8: \",\" or \"]\" is expected");
  EXPECT_EQ(read("0 in []"), "at 6: a number or the name of one is expected");
  EXPECT_EQ(read("0 == 1 && 1 == 2"), "at 7: nothing is expected after the comparison");
  EXPECT_EQ(read("0 == 1 == 2"), "at 7: nothing is expected after the comparison");
}

TEST(ArgExpression, NumbersFitTheArgument) {
  const auto wrong = [](std::string_view text, ArgKind kind) {
    const auto parsed = parse_arg_expression(text);
    auto test = to_test(std::get<ArgExpression>(parsed), kind);
    const auto* bad = std::get_if<BadExpression>(&test);
    return bad == nullptr ? std::string() : bad->what;
  };
  EXPECT_EQ(wrong("0 == 0xffffffff", ArgKind::int32), "");
  EXPECT_EQ(wrong("0 == -2147483648", ArgKind::int32), "");
  EXPECT_EQ(wrong("0 == 0x100000000", ArgKind::int32),
            "the number does not fit: the argument has 32 bits");
  EXPECT_EQ(wrong("0 == 0x100000000", ArgKind::whole), "");
  EXPECT_EQ(wrong("0 & 0x10000", ArgKind::int16),
            "the number does not fit: the argument has 16 bits");
  EXPECT_EQ(wrong("0 & 1 == 2", ArgKind::int32), "the number has bits that \"&\" takes away");
}

}  // namespace
}  // namespace immure
