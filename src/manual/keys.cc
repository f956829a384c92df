#include <algorithm>

#include "config/schema.h"
#include "manual/pages.h"
#include "manual/roff.h"

namespace immure {
namespace {

std::string words_of(const SchemaRow& row) {
  std::string out;
  for (const Word& word : row.words) {
    if (word.value < 0) continue;
    if (!out.empty()) out += ", ";
    out += word.boolean ? roff(word.word) : '"' + roff(word.word) + '"';
  }
  return out;
}

// What the value may be, in words.
std::string_view type_words(ValueType type) {
  switch (type) {
    case ValueType::table:
      return "table";
    case ValueType::boolean:
      return "true or false";
    case ValueType::integer:
      return "integer";
    case ValueType::text:
    case ValueType::expanded:
      return "string";
    case ValueType::path:
      return "path";
    case ValueType::paths:
      return "list of paths";
    case ValueType::redirect:
      return R"("inherit", "null" or path)";
    case ValueType::size:
      return "size";
    case ValueType::time:
      return "time";
    case ValueType::signed_time:
      return "time, with a sign";
    case ValueType::mode:
      return "mode";
    case ValueType::limit:
      return "limit";
    case ValueType::choice:
    case ValueType::namespaced:
      return "one of";
    case ValueType::id_map:
      return R"("subid" or list of tables)";
    case ValueType::signal:
      return "signal";
    case ValueType::processors:
      return "numbers of processors";
    case ValueType::texts:
      return "list of strings";
    case ValueType::profiles:
      return "list of profiles";
    case ValueType::set:
      return "set";
    case ValueType::descriptors:
      return "set of integers";
    case ValueType::ports:
      return "set of ports";
    case ValueType::rights:
      return "words or list of words:";
    case ValueType::capabilities:
      return "set of capabilities";
    case ValueType::calls:
      return "set of system calls";
    case ValueType::rules:
      return "list of rules";
    case ValueType::mount:
      return "string or table";
    case ValueType::variable:
      return "string, true, false or table";
    case ValueType::intent:
      return "one of";
    case ValueType::intent_set:
      return "set of names, or";
    case ValueType::any:
      break;
  }
  return "value";
}

// "fs.PATH.src" for "fs.*.src".
std::string shown_key(std::string_view key) {
  std::string out(key);
  const std::size_t star = out.find('*');
  if (star != std::string::npos)
    out.replace(star, 1,
                out.starts_with("fs.") || out.starts_with("landlock.fs.") ? "PATH" : "NAME");
  return out;
}

std::string entry(const SchemaRow& row) {
  std::string type(roff(type_words(row.type)));
  const std::string words = words_of(row);
  if (!words.empty() && row.type == ValueType::path) type = words + " or " + type;
  if (!words.empty() && row.type == ValueType::set) type += " of";
  if (words.empty() && row.type == ValueType::intent) type = "true, false, or as it is described";
  if (!words.empty() && row.type != ValueType::path) type += ' ' + words;
  std::string text = roff(row.doc);
  if (!row.fallback.empty()) text += "\nDefault: " + roff(row.fallback) + '.';
  return roff_tagged(roff_bold(shown_key(row.key)) + ": " + type, text);
}

}  // namespace

std::string manual_keys() {
  std::string out = ".SS At the top, before the first table\n";
  for (const SchemaRow& row : schema()) {
    if (!row.built()) continue;
    if (row.type == ValueType::table && row.key.find('*') == std::string_view::npos) {
      out += ".SS [" + roff(row.key) + "]\n" + roff(row.doc) + '\n';
    } else {
      out += entry(row);
    }
  }
  return out;
}

}  // namespace immure
