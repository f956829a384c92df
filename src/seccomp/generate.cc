// Runs while immure is built: writes the compiled filters as constant arrays, for filters.cc, and
// the names of the system calls, for call_names.cc.
#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "seccomp/calls.h"
#include "seccomp/compile.h"
#include "seccomp/policy.h"

namespace {

using immure::FilterChoice;

// As filters.cc names them.
std::string array_name(FilterChoice choice) {
  std::string name = choice.strict ? "kStrict" : "kStandard";
  if (choice.nested) name += "Nested";
  if (choice.i386) name += "32";
  if (choice.guard_setid) name += "Guarded";
  return name;
}

std::string array_text(FilterChoice choice, const std::vector<sock_filter>& program) {
  std::string text = "constexpr sock_filter " + array_name(choice) + "[] = {\n";
  for (const sock_filter& s : program)
    text += "    {" + std::to_string(s.code) + ", " + std::to_string(s.jt) + ", " +
            std::to_string(s.jf) + ", " + std::to_string(s.k) + "u},\n";
  return text + "};\n";
}

constexpr std::uint32_t kMostCalls = 1024;

std::string names_text(std::uint32_t arch) {
  std::string names;
  std::size_t used = 0;
  for (std::uint32_t number = 0; number < kMostCalls; ++number) {
    const std::string name = immure::call_name(number, arch);
    if (!names.empty()) names += ' ';
    names += name.empty() ? "-" : name;
    if (!name.empty()) used = names.size();
  }
  return "constexpr std::uint32_t kArch = " + std::to_string(arch) +
         "u;\nconstexpr std::string_view kCallNames =\n    \"" + names.substr(0, used) + "\";\n";
}

int complain(const immure::Error& error) {
  std::fprintf(stderr, "seccomp_generate: %s: %s\n", error.doing.c_str(), error.reason.c_str());
  return 1;
}

bool write_file(const char* path, const std::string& text) {
  std::FILE* const file = std::fopen(path, "we");
  if (file == nullptr) return false;
  const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  return std::fclose(file) == 0 && written;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: seccomp_generate FILTERS NAMES\n");
    return 2;
  }
  std::string text;
  for (const FilterChoice choice : immure::filter_choices()) {
    const auto policies = immure::make_policies(choice, immure::native_arch());
    if (!policies.ok()) return complain(policies.error());
    const auto program = immure::compile(policies.value());
    if (!program.ok()) return complain(program.error());
    text += array_text(choice, program.value());
  }
  std::string names = names_text(immure::native_arch());
  for (const auto& [path, content] : {std::pair(argv[1], &text), std::pair(argv[2], &names)}) {
    if (write_file(path, *content)) continue;
    std::perror(path);
    return 1;
  }
  return 0;
}
