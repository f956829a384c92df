// Prints what the fuzzer may put into a profile: the keys and words of the schema, and the options.
#include <algorithm>
#include <cstdio>
#include <set>
#include <string>

#include "config/options.h"
#include "config/schema.h"

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
