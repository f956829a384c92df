// The entries of [landlock.fs]: a path, and the words of its rights.
#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "config/near_miss.h"
#include "config/reader.h"

namespace immure {
namespace {

using Kind = Node::Kind;

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

bool read_word(Reader& reader, const SchemaRow& row, std::string_view word, Place place,
               std::vector<std::string>& words) {
  std::vector<std::string_view> known;
  for (const Word& one : row.words) known.push_back(one.word);
  if (std::ranges::find(known, word) == known.end()) {
    const std::string near = nearest(word, known);
    reader.fail(Code::bad_enum, place, quote(word) + " is no right of [landlock.fs]",
                near.empty()
                    ? R"(write "ro", "rw", "exec", "none", or single rights as "read-file")"
                    : "did you mean " + quote(near) + "?");
    return false;
  }
  words.emplace_back(word);
  return true;
}

// "ro,exec" or ["ro", "exec"].
bool read_words(Reader& reader, const SchemaRow& row, std::string_view key, const Node& node,
                std::vector<std::string>& words) {
  bool good = true;
  if (node.kind == Kind::text) {
    std::string_view rest = node.text;
    for (bool more = true; more;) {
      const std::size_t comma = rest.find(',');
      good = read_word(reader, row, trimmed(rest.substr(0, comma)), node.place, words) && good;
      more = comma != std::string_view::npos;
      if (more) rest.remove_prefix(comma + 1);
    }
  } else if (node.kind == Kind::list && !node.items.empty()) {
    for (const Node& item : node.items) {
      if (item.kind == Kind::text) {
        good = read_word(reader, row, item.text, item.place, words) && good;
      } else {
        reader.wrong_type(item, key, "words of rights");
        good = false;
      }
    }
  } else {
    reader.wrong_type(node, key, "words of rights, as \"ro,exec\"",
                      node.kind == Kind::list ? R"(no right at all is "none")" : std::string());
    good = false;
  }
  if (good && words.size() > 1 && std::ranges::find(words, "none") != words.end()) {
    reader.fail(Code::bad_enum, node.place, "\"none\" stands alone in " + quote(key),
                "take the other rights away, or \"none\"");
    good = false;
  }
  return good;
}

}  // namespace

void read_rights(Reader& reader, const Node& table, ProfileLayer& layer) {
  const auto row = find_row("landlock.fs.*");
  std::map<std::string, Place> seen;
  for (const Member& member : table.members) {
    const Place inside{member.place.line, member.place.column + 1};
    auto path = reader.path_text(member.key, inside, "in [landlock.fs]", {});
    std::vector<std::string> words;
    const bool good = read_words(reader, *row, "landlock.fs." + member.key, member.value, words);
    if (!path) continue;
    const auto [first, is_new] = seen.emplace(*path, member.place);
    if (!is_new) {
      reader.fail(Code::duplicate_key, member.place,
                  quote(member.key) + " is given twice in [landlock.fs]: it names " + quote(*path),
                  "first in line " + std::to_string(first->second.line) + ":  " +
                      reader.line_text(first->second.line));
      continue;
    }
    if (good) row->put(layer, *path, std::move(words), reader.origin(member.place));
  }
}

}  // namespace immure
