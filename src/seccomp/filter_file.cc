#include "seccomp/filter_file.h"

#include <linux/seccomp.h>

#include <bitset>
#include <cstring>
#include <string>

#include "seccomp/compile.h"

namespace immure {
namespace {

constexpr std::string_view kSpaces = " \t\r\n";

Error bad(std::string reason, std::string hint) {
  return Error{.code = Code::filter_file,
               .doing = "this is no filter",
               .reason = std::move(reason),
               .hint = std::move(hint)};
}

// What the kernel lets a filter of system calls have (seccomp_check_filter), and bpf_check_classic
// besides.
bool is_known(std::uint16_t code) {
  switch (code) {
    case BPF_LD | BPF_W | BPF_ABS:
    case BPF_LD | BPF_W | BPF_LEN:
    case BPF_LDX | BPF_W | BPF_LEN:
    case BPF_LD | BPF_IMM:
    case BPF_LDX | BPF_IMM:
    case BPF_LD | BPF_MEM:
    case BPF_LDX | BPF_MEM:
    case BPF_ST:
    case BPF_STX:
    case BPF_RET | BPF_K:
    case BPF_RET | BPF_A:
    case BPF_MISC | BPF_TAX:
    case BPF_MISC | BPF_TXA:
    case BPF_ALU | BPF_NEG:
    case BPF_JMP | BPF_JA:
      return true;
    default:
      break;
  }
  if (BPF_SRC(code) != 0 && BPF_SRC(code) != BPF_X) return false;
  switch (code & ~BPF_X) {
    case BPF_ALU | BPF_ADD:
    case BPF_ALU | BPF_SUB:
    case BPF_ALU | BPF_MUL:
    case BPF_ALU | BPF_DIV:
    case BPF_ALU | BPF_AND:
    case BPF_ALU | BPF_OR:
    case BPF_ALU | BPF_XOR:
    case BPF_ALU | BPF_LSH:
    case BPF_ALU | BPF_RSH:
    case BPF_JMP | BPF_JEQ:
    case BPF_JMP | BPF_JGE:
    case BPF_JMP | BPF_JGT:
    case BPF_JMP | BPF_JSET:
      return true;
    default:
      return false;
  }
}

std::string wrong_operand(const sock_filter& s) {
  constexpr std::uint32_t kWordBits = 32;
  if (s.code == (BPF_LD | BPF_W | BPF_ABS) &&
      (s.k % sizeof(std::uint32_t) != 0 || s.k >= sizeof(seccomp_data))) {
    return "reads outside of what a filter is given";
  }
  if (s.code == (BPF_ALU | BPF_DIV | BPF_K) && s.k == 0) return "divides by 0";
  if ((s.code == (BPF_ALU | BPF_LSH | BPF_K) || s.code == (BPF_ALU | BPF_RSH | BPF_K)) &&
      s.k >= kWordBits) {
    return "shifts by more than a word has bits";
  }
  const bool memory = s.code == (BPF_LD | BPF_MEM) || s.code == (BPF_LDX | BPF_MEM) ||
                      s.code == BPF_ST || s.code == BPF_STX;
  return memory && s.k >= BPF_MEMWORDS ? "uses memory that there is not" : "";
}

bool jumps_outside(const sock_filter& s, std::size_t after) {
  if (BPF_CLASS(s.code) != BPF_JMP) return false;
  if (s.code == (BPF_JMP | BPF_JA)) return s.k >= after;
  return s.jt >= after || s.jf >= after;
}

// The first instruction that may read memory which nothing was written to; the size of the program:
// there is none. Each jump and operand is one that is allowed. The kernel's
// check_load_and_stores().
std::size_t reads_unwritten(std::span<const sock_filter> program) {
  using Cells = std::bitset<BPF_MEMWORDS>;
  // What is written for certain on every way that jumps there.
  std::vector<Cells> on_arrival(program.size(), Cells().set());
  Cells written;
  for (std::size_t i = 0; i < program.size(); ++i) {
    const sock_filter& s = program[i];
    written &= on_arrival[i];
    if (s.code == BPF_ST || s.code == BPF_STX) written.set(s.k);
    const bool loads = s.code == (BPF_LD | BPF_MEM) || s.code == (BPF_LDX | BPF_MEM);
    if (loads && !written[s.k]) return i;
    if (BPF_CLASS(s.code) != BPF_JMP) continue;
    if (s.code == (BPF_JMP | BPF_JA)) {
      on_arrival[i + 1 + s.k] &= written;
    } else {
      on_arrival[i + 1 + s.jt] &= written;
      on_arrival[i + 1 + s.jf] &= written;
    }
    written.set();  // nothing comes to the next one but by a jump
  }
  return program.size();
}

}  // namespace

std::string why_no_program(std::span<const sock_filter> program) {
  if (program.empty()) return "it is empty";
  if (program.size() > BPF_MAXINSNS) {
    return std::to_string(program.size()) + " instructions, but the kernel takes " +
           std::to_string(BPF_MAXINSNS);
  }
  for (std::size_t i = 0; i < program.size(); ++i) {
    const sock_filter& s = program[i];
    std::string wrong;
    if (!is_known(s.code)) {
      wrong = "is none that a filter may have (code " + std::to_string(s.code) + ")";
    } else if (jumps_outside(s, program.size() - i - 1)) {
      wrong = "jumps past the end";
    } else {
      wrong = wrong_operand(s);
    }
    if (!wrong.empty()) return "instruction " + std::to_string(i) + ' ' + wrong;
  }
  if (BPF_CLASS(program.back().code) != BPF_RET) return "its last instruction is no return";
  const std::size_t reader = reads_unwritten(program);
  if (reader == program.size()) return "";
  return "instruction " + std::to_string(reader) + " reads memory that is not written before";
}

Result<std::vector<sock_filter>> read_filter_file(std::string_view bytes) {
  const std::size_t first = bytes.find_first_not_of(kSpaces);
  if (first != std::string_view::npos && bytes[first] == '{') {
    auto policies = read_oci_filter(bytes);
    if (!policies.ok()) return std::move(policies.error());
    return compile(policies.value());
  }
  const std::string hint =
      "a filter is what seccomp_export_bpf(3) writes, or JSON that begins with \"{\"";
  if (bytes.empty()) return bad("the file is empty", hint);
  if (bytes.size() % sizeof(sock_filter) != 0) {
    return bad(std::to_string(bytes.size()) + " bytes are no whole number of instructions of " +
                   std::to_string(sizeof(sock_filter)),
               hint);
  }
  std::vector<sock_filter> program(bytes.size() / sizeof(sock_filter));
  std::memcpy(program.data(), bytes.data(), bytes.size());
  std::string wrong = why_no_program(program);
  if (!wrong.empty()) return bad(std::move(wrong), hint);
  return program;
}

}  // namespace immure
