// Prints what the fuzzer may put into a profile: the keys and words of the schema, the groups of
// system calls, the options; and words of OCI filters.
#include <algorithm>
#include <cstdio>
#include <set>
#include <string>
#include <string_view>

#include "config/options.h"
#include "config/schema.h"
#include "seccomp/syscall_groups.h"

namespace {

std::set<std::string> all_words() {
  std::set<std::string> words{"${HOME}",
                              "${CWD}",
                              "${env:LC_ALL:-x}",
                              "~/",
                              "\n#====\n",
                              "..",
                              "\"!*\"",
                              "[fs]\n",
                              "[env]\n",
                              "= true\n",
                              "\"/srv/data\" = ",
                              "ro?,noexec",
                              "{ src = \"/srv/data\" }"};
  for (const immure::SchemaRow& row : immure::schema()) {
    words.emplace(row.key);
    words.emplace(std::string(row.key.substr(row.key.rfind('.') + 1)) + " = ");
    for (const immure::Word& word : row.words) words.emplace('"' + std::string(word.word) + '"');
  }
  for (const std::string_view group : immure::group_names()) words.emplace(group);
  for (const char* word :
       {"SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_CMP_MASKED_EQ", "SCMP_CMP_GT", "SCMP_ARCH_X86",
        "\"names\": [", "\"args\": [{\"index\": 0, \"value\": "}) {
    words.emplace(word);
  }
  for (const immure::OptionRow& row : immure::option_table()) {
    words.emplace("--" + std::string(row.name));
  }
  return words;
}

}  // namespace

int main() {
  for (const std::string& word : all_words()) {
    std::string line;
    for (const char c : word) {
      if (c == '\n') {
        line += "\\x0a";
        continue;
      }
      if (c == '"' || c == '\\') line += '\\';
      line += c;
    }
    std::printf("\"%s\"\n", line.c_str());
  }
  return 0;
}
