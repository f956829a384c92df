#include "seccomp/filter_file.h"

#include <gtest/gtest.h>
#include <sys/syscall.h>

#include <string>
#include <vector>

#include "seccomp/calls.h"
#include "seccomp/filter_support.h"

namespace immure::test {
namespace {

sock_filter stmt(int code, std::uint32_t k) {
  return {.code = static_cast<std::uint16_t>(code), .jt = 0, .jf = 0, .k = k};
}

std::string bytes_of(const std::vector<sock_filter>& program) {
  return {reinterpret_cast<const char*>(program.data()), program.size() * sizeof(sock_filter)};
}

std::string reason(std::string_view bytes) {
  auto program = read_filter_file(bytes);
  return program.ok() ? "" : program.error().reason;
}
std::string reason(const std::vector<sock_filter>& program) { return reason(bytes_of(program)); }

const sock_filter kEnd = stmt(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);

TEST(FilterFile, TakesWhatTheKernelTakes) {
  for (const FilterChoice choice : kAllFilters) {
    const auto shipped = compiled_filter(choice);
    const std::vector<sock_filter> program(shipped.begin(), shipped.end());
    auto read = read_filter_file(bytes_of(program));
    ASSERT_TRUE(read.ok()) << read.error().reason;
    EXPECT_EQ(read.value().size(), program.size());
  }
}

TEST(FilterFile, SaysWhatTheKernelWouldNotTake) {
  EXPECT_EQ(reason(""), "the file is empty");
  EXPECT_EQ(reason("1234567"), "7 bytes are no whole number of instructions of 8");
  EXPECT_EQ(reason({stmt(BPF_LD | BPF_W | BPF_ABS, 2), kEnd}),
            "instruction 0 reads outside of what a filter is given");
  EXPECT_EQ(reason({stmt(BPF_LD | BPF_W | BPF_ABS, 64), kEnd}),
            "instruction 0 reads outside of what a filter is given");
  EXPECT_EQ(reason({stmt(BPF_LD | BPF_B | BPF_ABS, 0), kEnd}),
            "instruction 0 is none that a filter may have (code 48)");
  EXPECT_EQ(reason({stmt(BPF_JMP | BPF_JA, 1), kEnd}), "instruction 0 jumps past the end");
  EXPECT_EQ(reason({stmt(BPF_JMP | BPF_JA, 0xffffffff), kEnd}), "instruction 0 jumps past the end");
  EXPECT_EQ(reason({{BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0}, kEnd}),
            "instruction 0 jumps past the end");
  EXPECT_EQ(reason({stmt(BPF_ALU | BPF_DIV | BPF_K, 0), kEnd}), "instruction 0 divides by 0");
  EXPECT_EQ(reason({stmt(BPF_ALU | BPF_LSH | BPF_K, 32), kEnd}),
            "instruction 0 shifts by more than a word has bits");
  EXPECT_EQ(reason({stmt(BPF_ST, 16), kEnd}), "instruction 0 uses memory that there is not");
  EXPECT_EQ(reason({stmt(BPF_LD | BPF_MEM, 3), kEnd}),
            "instruction 0 reads memory that is not written before");
  // On one way it is written, on the other it is not.
  const sock_filter fork{BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 7};
  EXPECT_EQ(reason({fork, stmt(BPF_ST, 3), stmt(BPF_LDX | BPF_MEM, 3), kEnd}),
            "instruction 2 reads memory that is not written before");
  EXPECT_EQ(reason({stmt(BPF_ST, 3), fork, stmt(BPF_STX, 3), stmt(BPF_LDX | BPF_MEM, 3), kEnd}),
            "");
  EXPECT_EQ(reason({kEnd, stmt(BPF_LD | BPF_IMM, 1)}), "its last instruction is no return");
  EXPECT_EQ(reason(std::vector<sock_filter>(4097, kEnd)),
            "4097 instructions, but the kernel takes 4096");
}

class Oci : public testing::Test {
 protected:
  void SetUp() override {
    if (native_arch() != AUDIT_ARCH_X86_64) GTEST_SKIP() << "these numbers are of x86-64";
  }
  static std::vector<sock_filter> read(std::string_view json) {
    auto program = read_filter_file(json);
    EXPECT_TRUE(program.ok()) << program.error().reason;
    return program.ok() ? program.value() : std::vector<sock_filter>();
  }
  static std::string says(const std::vector<sock_filter>& program, long number,
                          std::initializer_list<std::uint64_t> args = {}) {
    return verdict(program, call_of(AUDIT_ARCH_X86_64, static_cast<std::uint32_t>(number), args));
  }
};

TEST_F(Oci, DecidesByNameAndArgument) {
  const auto program = read(R"( {
    "defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38,
    "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_RISCV64"],
    "flags": ["SECCOMP_FILTER_FLAG_LOG"],
    "syscalls": [
      {"names": ["read", "uname"], "action": "SCMP_ACT_ALLOW"},
      {"names": ["personality"], "action": "SCMP_ACT_ALLOW",
       "args": [{"index": 0, "value": 8, "op": "SCMP_CMP_EQ"}]},
      {"names": ["personality"], "action": "SCMP_ACT_ALLOW",
       "args": [{"index": 0, "value": 4294967295, "op": "SCMP_CMP_EQ"}]},
      {"names": ["clone"], "action": "SCMP_ACT_ALLOW",
       "args": [{"index": 0, "value": 2114060288, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ"}]},
      {"names": ["uname"], "action": "SCMP_ACT_KILL_PROCESS",
       "args": [{"index": 1, "value": 7, "op": "SCMP_CMP_GT"}]},
      {"names": ["lseek"], "action": "SCMP_ACT_ERRNO", "errnoRet": 13,
       "args": [{"index": 0, "value": 3, "op": "SCMP_CMP_GE"},
                {"index": 2, "value": 2, "op": "SCMP_CMP_LE"}]}]} )");
  EXPECT_EQ(says(program, SYS_read), "allow");
  EXPECT_EQ(says(program, SYS_write), "ENOSYS");
  EXPECT_EQ(says(program, SYS_personality, {kGarbageAbove | 8}), "allow");
  EXPECT_EQ(says(program, SYS_personality, {0xffffffff}), "allow");
  EXPECT_EQ(says(program, SYS_personality, {1}), "ENOSYS");
  EXPECT_EQ(says(program, SYS_clone, {17}), "allow");
  EXPECT_EQ(says(program, SYS_clone, {0x10000000}), "ENOSYS");
  EXPECT_EQ(says(program, SYS_uname, {0, 8}), "kill the process") << "the strictest decides";
  EXPECT_EQ(says(program, SYS_uname, {0, 7}), "allow");
  EXPECT_EQ(says(program, SYS_lseek, {3, 0, 2}), "EACCES");
  EXPECT_EQ(says(program, SYS_lseek, {3, 0, 3}), "ENOSYS");
  EXPECT_EQ(verdict(program, call_of(AUDIT_ARCH_I386, 3 /*read*/)), "allow");
  EXPECT_EQ(verdict(program, call_of(AUDIT_ARCH_AARCH64, 63)), "kill the process");
}

TEST_F(Oci, OfOneArgumentThatStandsTwiceEitherTestMayHold) {
  const auto program = read(R"({"defaultAction": "SCMP_ACT_KILL_PROCESS", "syscalls": [
    {"names": ["socket"], "action": "SCMP_ACT_ALLOW", "args": [
      {"index": 0, "value": 1, "op": "SCMP_CMP_EQ"}, {"index": 0, "value": 2, "op": "SCMP_CMP_EQ"}]}]})");
  EXPECT_EQ(says(program, SYS_socket, {1}), "allow");
  EXPECT_EQ(says(program, SYS_socket, {2}), "allow");
  EXPECT_EQ(says(program, SYS_socket, {3}), "kill the process");
}

TEST_F(Oci, WhatIsNotUnderstoodIsRefused) {
  EXPECT_EQ(reason("{}"), "it has no defaultAction");
  EXPECT_EQ(reason(R"({"defaultAction": "SCMP_ACT_MAYBE"})"),
            "defaultAction is \"SCMP_ACT_MAYBE\"");
  EXPECT_EQ(reason(R"({"defaultAction": "SCMP_ACT_NOTIFY"})"),
            "defaultAction asks a supervisor (SCMP_ACT_NOTIFY)");
  EXPECT_EQ(reason(R"({"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_ARM"]})"),
            "it does not name the architecture of this processor");
  EXPECT_EQ(reason(R"({"defaultAction": "SCMP_ACT_ALLOW", "flags": ["SECCOMP_FILTER_FLAG_X"]})"),
            "the flag \"SECCOMP_FILTER_FLAG_X\" is not supported");
  const auto entry = [](const std::string& text) {
    return reason(R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [)" + text + "]}");
  };
  EXPECT_EQ(entry(R"({"names": ["read"]})"), "an item of syscalls has no names or no action");
  EXPECT_EQ(entry(R"({"names": ["mount"], "action": "SCMP_ACT_ALLOW",
                      "includes": {"caps": ["CAP_SYS_ADMIN"]}})"),
            "an item of syscalls has \"includes\"");
  EXPECT_EQ(entry(R"({"names": ["read"], "action": "SCMP_ACT_KILL",
                      "args": [{"index": 6, "value": 0, "op": "SCMP_CMP_EQ"}]})"),
            "an index of args is above 5");
  EXPECT_EQ(entry(R"({"names": ["read"], "action": "SCMP_ACT_KILL",
                      "args": [{"index": 0, "value": -1, "op": "SCMP_CMP_EQ"}]})"),
            "value is no number that is 0 or above");
  EXPECT_EQ(entry(R"({"names": ["read"], "action": "SCMP_ACT_KILL",
                      "args": [{"index": 0, "value": 1, "valuetwo": 1, "op": "SCMP_CMP_EQ"}]})"),
            "an item of args has \"valuetwo\"");
  EXPECT_EQ(reason(R"({"defaultAction": "SCMP_ACT_ALLOW", "syscals": [
                      {"names": ["read"], "action": "SCMP_ACT_KILL"}]})"),
            "it has \"syscals\"");
  EXPECT_EQ(reason(R"({"defaultAction": "SCMP_ACT_ALLOW", "archMap": [{"architecture": "x"}]})"),
            "");
  EXPECT_EQ(reason("{\"defaultAction\": ").substr(0, 11), "parse error");
}

TEST_F(Oci, ANameThatNobodyKnowsIsToldOfWhereItWasToBeRefused) {
  const auto unknown = [](const std::string& unlisted, const std::string& action) {
    return unknown_to_refuse(R"({"defaultAction": ")" + unlisted +
                             R"(", "syscalls": [{"names": ["ptrce", "read", "socketcall"],
                             "action": ")" +
                             action + R"("}]})");
  };
  EXPECT_EQ(unknown("SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO"), std::vector<std::string>{"ptrce"});
  EXPECT_EQ(unknown("SCMP_ACT_ERRNO", "SCMP_ACT_ALLOW"), std::vector<std::string>{});
  EXPECT_EQ(unknown("SCMP_ACT_MAYBE", "SCMP_ACT_ERRNO"), std::vector<std::string>{});
  EXPECT_EQ(unknown_to_refuse("no JSON"), std::vector<std::string>{});
}

}  // namespace
}  // namespace immure::test
