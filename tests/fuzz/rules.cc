// [seccomp] as texts: what is taken is a program that the kernel takes, too, and that answers each
// call as the lines say when they are read one by one. A line of the input is one of
//   base WORD   on_deny WORD   guard   arch WORD…   sockets WORD…
//   allow NAME…   deny NAME…   later-allow NAME…   later-deny NAME…      (later: a second layer)
//   rule ACTION NAME,NAME ABI,ABI EXPRESSION; EXPRESSION      ("-" for no ABI)
#include <linux/audit.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "filter_reading.h"
#include "kernel_filter.h"
#include "plan/lower_filter.h"
#include "require.h"
#include "seccomp/arg_expression.h"
#include "seccomp/calls.h"
#include "seccomp/evaluate.h"
#include "seccomp/filter_file.h"
#include "seccomp/named_numbers.h"

namespace immure::fuzz {
namespace {

// More takes longer, and says nothing new.
constexpr std::size_t kMostWords = 8;

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty() && parts.size() < kMostWords) {
    const std::size_t end = std::min(text.find(separator), text.size());
    if (end > 0) parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

std::vector<PlacedText> placed(const std::vector<std::string>& texts) {
  std::vector<PlacedText> result;
  for (const std::string& text : texts) result.push_back({.text = text, .origin = {}});
  return result;
}

// The lines, as a profile's parser would give them.
struct Lines {
  SandboxSpec spec;
  bool guard = false;

  void add(SetEdit& set, const std::vector<std::string>& words, std::uint32_t layer = 0) {
    for (const std::string& word : words) {
      set.items.push_back({.text = word, .origin = {}, .layer = layer});
    }
  }

  void add_rule(std::string_view text) {
    FilterRule rule;
    std::array<std::string, 3> front;
    for (std::string& part : front) {
      const std::size_t end = std::min(text.find(' '), text.size());
      part = text.substr(0, end);
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    rule.action.text = front[0];
    rule.syscalls = placed(split(front[1], ','));
    if (front[2] != "-") rule.arch = placed(split(front[2], ','));
    rule.args = placed(split(text, ';'));
    if (spec.seccomp.rules.size() < kMostWords) spec.seccomp.rules.push_back(std::move(rule));
  }

  void add_line(std::string_view line) {
    Seccomp& seccomp = spec.seccomp;
    const std::size_t end = std::min(line.find(' '), line.size());
    const std::string_view key = line.substr(0, end);
    line.remove_prefix(std::min(end + 1, line.size()));
    if (key == "rule") return add_rule(line);
    const std::vector<std::string> words = split(line, ' ');
    const std::string first = words.empty() ? "" : words[0];
    if (key == "base") {
      seccomp.base.set(first == "none"     ? FilterBase::none
                       : first == "strict" ? FilterBase::strict
                                           : FilterBase::standard,
                       {});
    }
    if (key == "on_deny") seccomp.on_deny.set(first == "log" ? OnDeny::log : OnDeny::kill, {});
    if (key == "guard") guard = true;
    if (key == "arch") add(seccomp.arch, words);
    if (key == "allow") add(seccomp.allow, words);
    if (key == "deny") add(seccomp.deny, words);
    if (key == "later-allow") add(seccomp.allow, words, 1);
    if (key == "later-deny") add(seccomp.deny, words, 1);
    if (key != "sockets") return;
    seccomp.limits_sockets.set(true, {});
    add(seccomp.sockets, words);
  }
};

Lines read(std::string_view text) {
  constexpr std::size_t kMostLines = 12;
  Lines lines;
  for (std::size_t i = 0; i < kMostLines && !text.empty(); ++i) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.add_line(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// What was understood, written again, means the same.
std::string print(const ArgExpression& expression) {
  constexpr std::array kOperators{"", " == ", " != ", " < ", " <= ", " > ", " >= ", " in ["};
  const bool list = expression.op == ArgExpression::Operator::in;
  std::string text = std::to_string(expression.arg);
  if (expression.mask) text += " & " + std::to_string(expression.mask->value);
  text += kOperators.at(static_cast<std::size_t>(expression.op));
  for (const ArgNumber& number : expression.values) {
    text += (&number == expression.values.data() ? "" : ", ") + std::to_string(number.value);
  }
  return text + (list ? "]" : "");
}

void try_expression(const std::string& text) {
  auto parsed = parse_arg_expression(text);
  if (const auto* bad = std::get_if<BadExpression>(&parsed)) {
    require(bad->at <= text.size() && !bad->what.empty() && !bad->hint.empty(),
            "a place, a reason and a way out", text);
    require(is_plain(bad->what) && is_plain(bad->hint), "a plain message", bad->what);
    return;
  }
  const auto& expression = std::get<ArgExpression>(parsed);
  const std::string printed = print(expression);
  const auto again = parse_arg_expression(printed);
  const auto* same = std::get_if<ArgExpression>(&again);
  require(same != nullptr && print(*same) == printed, "the same expression again", printed);
}

// Calls by chance, near to what the lines are about.
class Calls {
 public:
  Calls(const FilterRequest& request, std::string_view text) {
    std::uint64_t seed = text.size();
    for (const char c : text) seed = seed * 31 + static_cast<unsigned char>(c);
    random_.seed(seed);
    for (const CallChange& change : request.changes) add_names(change.name);
    for (const CallRule& rule : request.rules) {
      for (const std::string& name : rule.calls) add_names(name);
      for (const ArgExpression& test : rule.tests) {
        if (test.mask) numbers_.push_back(static_cast<std::uint64_t>(test.mask->value));
        for (const ArgNumber& n : test.values) {
          numbers_.push_back(static_cast<std::uint64_t>(n.value));
        }
      }
    }
    if (request.sockets) add_names("socket");
  }

  seccomp_data next(const KnownAbi& abi) {
    seccomp_data call{};
    call.arch = abi.abi == Abi::x32 ? AUDIT_ARCH_X86_64 : abi.arch;
    std::uint32_t number = below(512) | (abi.abi == Abi::x32 ? kX32Bit : 0);
    if (!names_.empty() && below(4) != 0) {
      const auto known = numbers_of(names_[below(names_.size())], abi.arch);
      if (!known.empty()) number = *known.begin();
      if (below(2) == 0 && !known.empty()) number = *known.rbegin();
    }
    call.nr = static_cast<int>(number);
    for (auto& arg : call.args) arg = argument();
    return call;
  }

  std::uint32_t below(std::size_t end) { return static_cast<std::uint32_t>(random_() % end); }

 private:
  void add_names(const std::string& name) {
    for (const std::string_view call : members(name)) names_.emplace_back(call);
  }

  std::uint64_t argument() {
    if (below(8) == 0) return random_();
    std::uint64_t value = below(20);
    if (!numbers_.empty() && below(3) != 0) value = numbers_[below(numbers_.size())];
    value += below(3);
    value -= 1;
    if (below(4) == 0) value = (value & 0xffffffff) | random_() << 32U;
    if (below(4) == 0) value &= 0xffffffff;
    if (below(8) == 0) value |= 1ULL << below(64);
    return value;
  }

  std::mt19937_64 random_;
  std::vector<std::string> names_;
  std::vector<std::uint64_t> numbers_;
};

void try_calls(const Lines& lines, const FilterRequest& request,
               const std::vector<sock_filter>& program, std::string_view text) {
  const FilterReading reading(lines.spec.seccomp, lines.guard, request);
  Calls calls(request, text);
  for (int round = 0; round < 60; ++round) {
    const KnownAbi& abi =
        known_abis.at(round % 4 < 2 ? 0 : static_cast<std::size_t>(round % 4 - 1));
    const seccomp_data call = calls.next(abi);
    const auto number = static_cast<std::uint32_t>(call.nr);
    const bool open = abi.abi == Abi::native || (abi.abi == Abi::x32 && request.x32) ||
                      (abi.abi == Abi::i386 && request.choice.i386);
    // Their answers follow from many other calls.
    const std::string name = call_name(number, abi.arch);
    if (abi.abi == Abi::i386 && (name == "socketcall" || name == "ipc")) continue;
    const std::uint32_t expected = open ? reading.answer(abi, call) : kKill.value;
    const auto given = evaluate(program, call);
    require(given.has_value(), "an answer");
    require(*given == expected, "of " + name + ": " + show_action(expected), show_action(*given));
    if (round < 2) require(kernel_answers(program, call, *given), "the kernel's answer", name);
  }
}

void try_text(std::string_view text) {
  Lines lines = read(text);
  for (const FilterRule& rule : lines.spec.seccomp.rules) {
    for (const PlacedText& arg : rule.args) try_expression(arg.text);
  }
  // Words of other kinds are refused by the parser of profiles.
  std::erase_if(lines.spec.seccomp.sockets.items, [](const SetItem& item) {
    const auto families = socket_families();
    return std::ranges::find(families, item.text, &NamedNumber::name) == families.end();
  });
  const FilterModel model = filter_model(lines.spec, lines.guard);
  if (!model.warnings.empty()) try_errors(model.warnings);
  if (!model.errors.empty()) return try_errors(model.errors);
  const auto policies = make_custom(model.request);
  require(policies.ok(), "policies");
  auto program = compile(policies.value());
  if (!program.ok()) {
    require(program.error().reason.ends_with("instructions, but the kernel takes 4096"),
            "that it is too long", program.error().reason);
    return;
  }
  require(why_no_program(program.value()).empty(), "a program", why_no_program(program.value()));
  require(kernel_takes(program.value()), "a program that the kernel takes");
  try_calls(lines, model.request, program.value(), text);
}

}  // namespace
}  // namespace immure::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  immure::fuzz::try_text({reinterpret_cast<const char*>(bytes), size});
  return 0;
}
