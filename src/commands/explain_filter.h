// The texts of `immure explain --seccomp`. Pure.
#pragma once

#include <string>

#include "plan/filter_table.h"
#include "plan/page.h"

namespace immure {

// A row for each answer that a call may meet, with the line that decided it at the right.
std::string filter_page(const FilterTable& table, const PageStyle& style);

// The same: { base, others, stacked, calls: [ { call, verdict, when, by } ] }.
std::string filter_json(const FilterTable& table);

}  // namespace immure
