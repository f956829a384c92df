// The language of `args` in a rule on system calls: one comparison of one argument.
//   "0 == AF_UNIX"  "0 != 2"  "1 < 4096"  "1 <= 0x1000"  "2 > 0"  "2 >= 1"
//   "0 in [AF_INET, AF_INET6]"    one of these
//   "1 & O_CREAT"                 any of these bits
//   "1 & 0xf == SOCK_STREAM"      these bits, compared; != and in as well
// Arguments count from 0. A number is decimal, hexadecimal (0x), octal (0 or 0o), negative, a name
// (seccomp/named_numbers), or several joined by "|". Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "seccomp/arg_kinds.h"
#include "seccomp/policy.h"

namespace immure {

struct ArgNumber {
  std::int64_t value = 0;
  std::size_t at = 0;  // where it stands in the text, from 0
};

struct ArgExpression {
  enum class Operator : std::uint8_t { any_bit, equal, unequal, less, at_most, more, at_least, in };
  unsigned arg = 0;  // 0 to 5
  std::optional<ArgNumber> mask;
  Operator op = Operator::any_bit;
  std::vector<ArgNumber> values;  // of any_bit: none
};

struct BadExpression {
  std::size_t at = 0;  // the first byte that is wrong, from 0
  std::string what;    // "5 operators …"
  std::string hint;
};

std::variant<ArgExpression, BadExpression> parse_arg_expression(std::string_view text);

// The test, for an argument of this kind (none of ArgKind::none, pointer and other). An error when
// a number does not fit into the argument.
std::variant<ArgTest, BadExpression> to_test(const ArgExpression& expression, ArgKind kind);

}  // namespace immure
