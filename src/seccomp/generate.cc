// Runs while immure is built: writes the compiled filters as constant arrays, for filters.cc.
#include <cstdio>
#include <string>
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
  if (argc != 2) {
    std::fprintf(stderr, "usage: seccomp_generate FILE\n");
    return 2;
  }
  std::string text;
  for (const FilterChoice choice : immure::filter_choices()) {
    const auto policy = immure::make_policy(choice, immure::native_arch());
    if (!policy.ok()) return complain(policy.error());
    const auto program = immure::compile(policy.value());
    if (!program.ok()) return complain(program.error());
    text += array_text(choice, program.value());
  }
  if (!write_file(argv[1], text)) {
    std::perror(argv[1]);
    return 1;
  }
  return 0;
}
