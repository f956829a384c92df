// Any bytes as the file of seccomp.file, cBPF or an OCI filter: an error that can be shown, or a
// program that the kernel takes, too, and in which it finds the answers that we do.
#include "seccomp/filter_file.h"

#include <linux/audit.h>

#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "kernel_filter.h"
#include "policy_answer.h"
#include "require.h"
#include "seccomp/compile.h"
#include "seccomp/evaluate.h"

namespace immure::fuzz {
namespace {

constexpr std::array<std::uint32_t, 3> kArchs{AUDIT_ARCH_X86_64, AUDIT_ARCH_I386,
                                              AUDIT_ARCH_AARCH64};

// The constants of a program are the corners of what it asks for.
std::vector<seccomp_data> calls_for(const std::vector<sock_filter>& program) {
  constexpr int kCalls = 24;
  std::mt19937_64 random(program.size());  // NOLINT(cert-msc51-cpp): the same each time
  const auto word = [&]() -> std::uint32_t {
    const auto any = static_cast<std::uint32_t>(random());
    if (any % 4 == 0) return any;
    return program[random() % program.size()].k + any / 4 % 3 - 1;
  };
  std::vector<seccomp_data> calls(kCalls);
  for (seccomp_data& call : calls) {
    call.nr = static_cast<int>(word());
    call.arch = kArchs.at(random() % kArchs.size() * (random() % 2));
    call.instruction_pointer = random();
    for (auto& arg : call.args) {
      arg = random() % 2 == 0 ? word() : std::uint64_t{word()} << 32U | word();
    }
  }
  return calls;
}

void try_program(const std::vector<sock_filter>& program, const std::vector<seccomp_data>& calls) {
  require(kernel_takes(program), "a program that the kernel takes");
  int round = 0;
  for (const seccomp_data& call : calls) {
    const auto given = evaluate(program, call);
    require(given.has_value(), "an answer");
    if (round++ < 4) require(kernel_answers(program, call, *given), "the kernel's answer");
  }
}

void try_oci(std::string_view text) {
  auto policies = read_oci_filter(text);
  if (!policies.ok()) return try_errors({policies.error()});
  const auto program = compile(policies.value());
  if (!program.ok()) return try_errors({program.error()});
  for (const seccomp_data& call : calls_for(program.value())) {
    require(evaluate(program.value(), call) == answer(policies.value(), call),
            "what the policies of the file say", std::string(text));
  }
}

void try_file(std::string_view bytes) {
  const auto program = read_filter_file(bytes);
  if (!program.ok()) {
    try_errors({program.error()});
  } else {
    try_program(program.value(), calls_for(program.value()));
  }
  try_oci(bytes);
}

}  // namespace
}  // namespace immure::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  immure::fuzz::try_file({reinterpret_cast<const char*>(bytes), size});
  return 0;
}
