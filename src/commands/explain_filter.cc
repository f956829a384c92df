#include "commands/explain_filter.h"

#include <nlohmann/json.hpp>

#include "base/text.h"

namespace immure {
namespace {

using Json = nlohmann::ordered_json;

bool is_of_base(const CallRow& row) { return row.origin == Origin{}; }

}  // namespace

std::string filter_page(const FilterTable& table, const PageStyle& style) {
  std::string out =
      page_heading("what system calls meet; the first row of a call that holds", style);
  for (const CallRow& row : table.rows) {
    std::string text = row.call + (row.abi.empty() ? "" : " of " + row.abi) + ": " + row.verdict;
    if (!row.when.empty()) text += " if " + row.when;
    if (is_of_base(row)) text += ", by " + table.base;
    out += page_row(text, row.origin, {}, style);
  }
  out += page_row(table.others, {}, {}, style);
  if (!table.stacked.empty()) out += page_row(table.stacked, {}, {}, style);
  return out;
}

std::string filter_json(const FilterTable& table) {
  Json calls = Json::array();
  for (const CallRow& row : table.rows) {
    Json one{{"call", row.call}, {"verdict", row.verdict}};
    if (!row.abi.empty()) one["abi"] = row.abi;
    if (!row.when.empty()) one["when"] = row.when;
    one["by"] = printable(is_of_base(row) ? table.base : show(row.origin));
    calls.push_back(std::move(one));
  }
  Json all{{"base", table.base}, {"others", table.others}};
  if (!table.stacked.empty()) all["stacked"] = printable(table.stacked);
  all["calls"] = std::move(calls);
  return all.dump(2) + '\n';
}

}  // namespace immure
