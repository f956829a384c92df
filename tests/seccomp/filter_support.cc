#include "seccomp/filter_support.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "seccomp/evaluate.h"

namespace immure::test {

seccomp_data call_of(std::uint32_t arch, std::uint32_t number,
                     std::initializer_list<std::uint64_t> args) {
  seccomp_data call{};
  call.nr = static_cast<int>(number);
  call.arch = arch;
  std::copy(args.begin(), args.end(), std::begin(call.args));
  return call;
}

std::string verdict(std::span<const sock_filter> program, const seccomp_data& call) {
  const auto value = evaluate(program, call);
  return value ? show_action(*value) : "not a program";
}

std::string verdict(FilterChoice choice, long number, std::initializer_list<std::uint64_t> args) {
  return verdict(compiled_filter(choice),
                 call_of(AUDIT_ARCH_X86_64, static_cast<std::uint32_t>(number), args));
}

std::vector<sock_filter> custom_program(const FilterRequest& request) {
  EXPECT_FALSE(find_bad_test(request).has_value());
  auto policies = make_custom(request);
  EXPECT_TRUE(policies.ok());
  if (!policies.ok()) return {};
  auto program = compile(policies.value());
  EXPECT_TRUE(program.ok());
  return program.ok() ? program.value() : std::vector<sock_filter>();
}

int load_filter(std::span<const sock_filter> program) {
  std::vector<sock_filter> copy(program.begin(), program.end());
  const sock_fprog wanted{.len = static_cast<unsigned short>(copy.size()), .filter = copy.data()};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno;
  return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &wanted) == 0 ? 0 : errno;
}

int run_filtered(std::span<const sock_filter> program, const std::function<int()>& body) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (!program.empty() && load_filter(program) != 0) ::_exit(99);
    ::_exit(body());
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace immure::test
