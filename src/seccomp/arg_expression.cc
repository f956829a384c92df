#include "seccomp/arg_expression.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <utility>

#include "base/text.h"
#include "seccomp/named_numbers.h"

namespace immure {
namespace {

using Operator = ArgExpression::Operator;

constexpr std::string_view kForms =
    R"(write "0 == AF_UNIX", "1 & O_CREAT", "1 & 0xf == 2" or "2 in [1, 2]"; also != < <= > >=)";
constexpr unsigned kMostArgs = 6;

struct OperatorText {
  std::string_view text;
  Operator op;
};
// The longer ones first.
constexpr auto kOperators = std::to_array<OperatorText>({{"==", Operator::equal},
                                                         {"!=", Operator::unequal},
                                                         {"<=", Operator::at_most},
                                                         {">=", Operator::at_least},
                                                         {"<", Operator::less},
                                                         {">", Operator::more}});

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  std::variant<ArgExpression, BadExpression> expression() {
    ArgExpression result;
    if (!argument(result.arg) || !comparison(result)) return std::move(bad_);
    skip_spaces();
    if (at_ != text_.size()) {
      fail("nothing is expected after the comparison", std::string(kForms));
      return std::move(bad_);
    }
    return result;
  }

 private:
  void skip_spaces() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
  }
  bool fail(std::string what, std::string hint) {
    bad_ = {.at = std::min(at_, text_.size()), .what = std::move(what), .hint = std::move(hint)};
    return false;
  }
  bool take(std::string_view token) {
    skip_spaces();
    if (!text_.substr(at_).starts_with(token)) return false;
    at_ += token.size();
    return true;
  }
  std::string_view word_here() const {
    std::size_t end = at_;
    while (end < text_.size() && is_word(text_[end])) ++end;
    return text_.substr(at_, end - at_);
  }

  bool argument(unsigned& arg) {
    skip_spaces();
    const std::string_view word = word_here();
    const bool counts = word.size() == 1 && is_digit(word[0]);
    if (!counts) return fail("the number of an argument is expected", std::string(kForms));
    arg = static_cast<unsigned>(word[0] - '0');
    if (arg >= kMostArgs) {
      return fail("a system call has no argument " + std::string(word),
                  "they are counted from 0 to 5");
    }
    ++at_;
    return true;
  }

  bool comparison(ArgExpression& result) {
    if (take("&")) {
      ArgNumber mask;
      if (!number(mask)) return false;
      if (mask.value == 0) {
        at_ = mask.at;
        return fail("no bit is left of the argument", "name the bits: \"1 & O_CREAT\"");
      }
      result.mask = mask;
      skip_spaces();
      if (at_ == text_.size()) return true;
    }
    if (take_in()) {
      result.op = Operator::in;
      return list(result.values);
    }
    for (const auto& [token, op] : kOperators) {
      if (!take(token)) continue;
      result.op = op;
      return number(result.values.emplace_back());
    }
    skip_spaces();
    return fail(text_.substr(at_).starts_with('=') ? R"("=" compares nothing, "==" does)"
                                                   : "a comparison is expected",
                std::string(kForms));
  }

  bool take_in() {
    skip_spaces();
    if (word_here() != "in") return false;
    at_ += 2;
    return true;
  }

  bool list(std::vector<ArgNumber>& values) {
    if (!take("[")) return fail("a list is expected after \"in\"", R"(write "2 in [1, 2]")");
    for (;;) {
      if (!number(values.emplace_back())) return false;
      if (take("]")) return true;
      if (!take(",")) return fail(R"("," or "]" is expected)", R"(write "2 in [1, 2]")");
    }
  }

  // Numbers and names joined by '|'.
  bool number(ArgNumber& result) {
    skip_spaces();
    result.at = at_;
    do {
      std::int64_t value = 0;
      if (!one_number(value)) return false;
      result.value |= value;
    } while (take("|"));
    return true;
  }

  bool one_number(std::int64_t& value) {
    skip_spaces();
    const std::size_t begin = at_;
    const bool negative = take("-");
    const std::string_view word = word_here();
    if (word.empty() || (negative && !is_digit(word[0]))) {
      return fail("a number or the name of one is expected", std::string(kForms));
    }
    if (!is_digit(word[0])) return named(word, value);
    std::string_view digits = word;
    int base = 10;
    if (digits.starts_with("0x") || digits.starts_with("0X")) base = 16;
    if (base == 10 && digits.size() > 1 && digits[0] == '0') base = 8;
    if (base == 16 || digits.starts_with("0o")) digits.remove_prefix(2);
    std::uint64_t unsigned_value = 0;
    const char* const end = digits.data() + digits.size();
    const auto parsed = std::from_chars(digits.data(), end, unsigned_value, base);
    constexpr auto kMost = std::uint64_t{1} << 63U;
    if (parsed.ptr != end || digits.empty()) {
      return fail(quote(word) + " is not a number", "write 10, 0xa, 0o12 or a name");
    }
    if (parsed.ec != std::errc{} || (negative && unsigned_value > kMost)) {
      at_ = begin;
      return fail(quote(word) + " has more than 64 bits", "no argument is that large");
    }
    value = static_cast<std::int64_t>(negative ? 0 - unsigned_value : unsigned_value);
    at_ += word.size();
    return true;
  }

  bool named(std::string_view word, std::int64_t& value) {
    if (const auto found = find_number(word)) {
      value = *found;
      at_ += word.size();
      return true;
    }
    std::vector<std::string_view> names;
    for (const NamedNumber& known : named_numbers()) names.push_back(known.name);
    const std::string near = closest(word, names.data(), names.size());
    return fail(quote(word) + " is not the name of a number known here",
                near.empty() ? "write the number itself" : "did you mean " + quote(near) + "?");
  }

  std::string_view text_;
  std::size_t at_ = 0;
  BadExpression bad_;
};

// The bits of a number in an argument of so many; nothing: it does not fit. -1 fits as all bits.
std::optional<std::uint64_t> fit(std::int64_t value, unsigned bits) {
  if (bits == 64) return static_cast<std::uint64_t>(value);
  const std::int64_t most = (std::int64_t{1} << bits) - 1;
  if (value > most || value < -(std::int64_t{1} << (bits - 1))) return std::nullopt;
  return static_cast<std::uint64_t>(value & most);
}

unsigned bits_of(ArgKind kind) {
  switch (kind) {
    case ArgKind::int16:
      return 16;
    case ArgKind::int32:
      return 32;
    case ArgKind::whole:
    case ArgKind::pointer:
    case ArgKind::none:
    case ArgKind::other:
      break;
  }
  return 64;
}

}  // namespace

std::variant<ArgExpression, BadExpression> parse_arg_expression(std::string_view text) {
  return Parser(text).expression();
}

std::variant<ArgTest, BadExpression> to_test(const ArgExpression& expression, ArgKind kind) {
  const unsigned bits = bits_of(kind);
  const std::uint64_t all = std::numeric_limits<std::uint64_t>::max() >> (64 - bits);
  ArgTest test{.arg = static_cast<std::uint8_t>(expression.arg), .mask = all, .wide = bits == 64};
  const auto too_large = [&](const ArgNumber& number) {
    return BadExpression{
        .at = number.at,
        .what = "the number does not fit: the argument has " + std::to_string(bits) + " bits",
        .hint = "the kernel looks at these only"};
  };
  if (expression.mask) {
    const auto mask = fit(expression.mask->value, bits);
    if (!mask) return too_large(*expression.mask);
    test.mask = *mask;
  }
  for (const ArgNumber& number : expression.values) {
    const auto value = fit(number.value, bits);
    if (!value) return too_large(number);
    if (expression.mask && (*value & ~test.mask) != 0 &&
        (expression.op == Operator::equal || expression.op == Operator::unequal ||
         expression.op == Operator::in)) {
      return BadExpression{.at = number.at,
                           .what = "the number has bits that \"&\" takes away",
                           .hint = "it could never be equal"};
    }
    test.values.push_back(*value);
  }
  switch (expression.op) {
    case Operator::any_bit:
    case Operator::equal:
    case Operator::in:
      break;
    case Operator::unequal:
      test.negate = true;
      break;
    case Operator::at_least:
      test.at_least = true;
      break;
    case Operator::less:
      test.at_least = test.negate = true;
      break;
    case Operator::more:
    case Operator::at_most:
      test.at_least = true;
      test.negate = expression.op == Operator::at_most;
      if (test.values[0] != all) {
        ++test.values[0];
        break;
      }
      // Nothing is above: no bit of it is 1, so it never holds, and its opposite always.
      test.at_least = false;
      test.mask = 0;
      test.values = {1};
      break;
  }
  return test;
}

}  // namespace immure
