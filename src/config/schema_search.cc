#include "base/text.h"
#include "config/near_miss.h"
#include "config/schema.h"

namespace immure {
namespace {

std::string joined(std::string_view prefix, std::string_view name) {
  std::string key(prefix);
  if (!key.empty()) key += '.';
  key += name;
  return key;
}

// "process" for "process.cwd", "" for "hostname".
std::string_view table_of(std::string_view key) {
  const auto dot = key.rfind('.');
  return dot == std::string_view::npos ? std::string_view() : key.substr(0, dot);
}

std::string_view last_part(std::string_view key) {
  const auto dot = key.rfind('.');
  return dot == std::string_view::npos ? key : key.substr(dot + 1);
}

}  // namespace

std::optional<SchemaRow> find_row(std::string_view prefix, std::string_view name) {
  // "*" is not a name, and a name with a dot would be looked for in another table.
  if (name != "*" && name.find('.') == std::string_view::npos) {
    if (auto row = find_row(joined(prefix, name))) return row;
  }
  return prefix.empty() ? std::nullopt : find_row(joined(prefix, "*"));
}

std::string suggest_key(std::string_view prefix, std::string_view name) {
  std::string homes;
  std::vector<std::string_view> siblings;
  for (const SchemaRow& row : schema()) {
    const std::string_view home = table_of(row.key);
    const std::string_view last = last_part(row.key);
    if (home == prefix) {
      if (last != "*") siblings.push_back(last);
    } else if (last == name && home.find('*') == std::string_view::npos) {
      if (home.empty()) return quote(name) + " stands at the top, before the first table";
      if (!homes.empty()) homes += " or ";
      homes.append("[").append(home).append("]");
    }
  }
  if (!homes.empty()) return quote(name) + " belongs in " + homes;
  if (prefix.empty() && !meant_table(name).empty()) {
    const std::string meant(meant_table(name));
    const auto row = find_row(meant);
    return "write " + (row->type == ValueType::table ? "[" + meant + "]" : meant);
  }
  const std::string near = nearest(name, siblings);
  return near.empty() ? std::string() : "did you mean " + quote(near) + "?";
}

}  // namespace immure
