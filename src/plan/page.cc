#include "plan/page.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "base/path.h"
#include "base/text.h"

namespace immure {
namespace {

constexpr std::size_t indent = 2;
constexpr std::size_t least_width = 40;
constexpr std::size_t longest_line = 32;  // of a profile, quoted at the right

constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kDim = "\x1b[2m";
constexpr std::string_view kYellow = "\x1b[33m";
constexpr std::string_view kEnd = "\x1b[0m";

std::string painted(std::string_view text, std::string_view color, const PageStyle& style) {
  if (!style.color || text.empty()) return std::string(text);
  return std::string(color).append(text).append(kEnd);
}

std::vector<std::string> wrapped(std::string_view text, std::size_t width) {
  std::vector<std::string> lines(1);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!lines.back().empty() && columns(lines.back()) + 1 + columns(word) > width) {
      lines.emplace_back();
    }
    if (!lines.back().empty()) lines.back() += ' ';
    lines.back() += word;
  }
  return lines;
}

// Without what is white at its ends.
std::string_view written_at(const Origin& origin) {
  constexpr std::string_view kWhite = " \t\r";
  const std::string_view line = line_of(*origin.file, origin.line);
  const std::size_t first = line.find_first_not_of(kWhite);
  if (first == std::string_view::npos) return {};
  return line.substr(first, line.find_last_not_of(kWhite) + 1 - first);
}

std::string subject_of(const Fact& fact, const PageStyle& style) {
  return escape(is_path(fact.heading) ? tilde(fact.subject, style.home) : fact.subject);
}

// "MODE=test", "open files: 64", "/data  from /srv/data"
std::string text_of(const Fact& fact, const std::string& subjects, const PageStyle& style) {
  if (fact.detail.empty()) return subjects;
  if (fact.heading == Heading::environment) return subjects + "=" + escape(fact.detail);
  // Details of paths may name foreign paths; the others are escaped already, as describe() is.
  if (is_path(fact.heading)) return subjects + " (" + escape(tilde(fact.detail, style.home)) + ")";
  return subjects + ": " + printable(fact.detail);
}

bool alike(const Fact& a, const Fact& b) {
  return is_path(a.heading) && a.heading == b.heading && a.detail == b.detail &&
         a.origin == b.origin && a.why == b.why;
}

using Key = std::pair<int, std::string>;

// Paths are compared whatever is done with them; the rest within its heading.
Key key_of(const Fact& fact) {
  return {is_path(fact.heading) ? -1 : static_cast<int>(fact.heading), fact.subject};
}

std::map<Key, const Fact*> by_key(const std::vector<Fact>& facts) {
  std::map<Key, const Fact*> map;
  for (const Fact& fact : facts) map[key_of(fact)] = &fact;  // the last mount is the one seen
  return map;
}

std::string told(const Fact& fact, const PageStyle& style) {
  return std::string(title(fact.heading)) + ": " + text_of(fact, subject_of(fact, style), style);
}

}  // namespace

std::string page_heading(std::string_view text, const PageStyle& style) {
  return painted(text, kBold, style) + '\n';
}

std::string page_place(const Origin& origin, const PageStyle& style) {
  if (!origin.file) return origin.flag.empty() ? "" : escape(origin.flag);
  std::string out = escape(tilde(origin.file->name, style.home));
  if (origin.line == 0) return out;
  out += ':' + std::to_string(origin.line);
  const std::string_view line = written_at(origin);
  const bool tells = !line.empty() && !line.starts_with('"') && line.size() <= longest_line;
  return tells ? out + "  " + escape(line) : out;
}

std::string page_row(std::string_view text, const Origin& origin, std::string_view why,
                     const PageStyle& style) {
  const std::size_t width = std::max(style.width, least_width);
  const std::string margin(indent, ' ');
  const std::vector<std::string> lines = wrapped(text, width - indent);
  const std::string place = page_place(origin, style);
  std::string out;
  for (const std::string& line : lines) {
    const bool last = &line == &lines.back();
    out += margin + line;
    if (last && !place.empty()) {
      const std::size_t used = indent + columns(line);
      const std::size_t need = columns(place);
      if (used + 2 + need <= width) {
        out.append(width - used - need, ' ');
      } else {
        out += '\n';
        out.append(need + indent < width ? width - need : indent, ' ');
      }
      out += painted(place, kDim, style);
    }
    out += '\n';
  }
  if (!why.empty()) {
    for (const std::string& line : wrapped("why: " + escape(why), width - 2 * indent)) {
      out.append(margin).append(margin).append(line).append(1, '\n');
    }
  }
  return out;
}

std::string page_of(const std::vector<Fact>& facts, const PageStyle& style) {
  std::string out;
  std::vector<bool> shown(facts.size(), false);
  for (std::size_t i = 0; i < facts.size(); ++i) {
    if (shown[i]) continue;
    const Fact& fact = facts[i];
    if (i == 0 || facts[i - 1].heading != fact.heading) {
      if (!out.empty()) out += '\n';
      out += page_heading(title(fact.heading), style);
    }
    std::string subjects = subject_of(fact, style);
    for (std::size_t j = i + 1; j < facts.size(); ++j) {
      if (shown[j] || !alike(fact, facts[j])) continue;
      subjects += ' ' + subject_of(facts[j], style);
      shown[j] = true;
    }
    out += page_row(text_of(fact, subjects, style), fact.origin, fact.why, style);
  }
  return out;
}

std::string page_of_changes(const std::vector<Fact>& first, const std::vector<Fact>& second,
                            const PageStyle& style) {
  const auto before = by_key(first);
  const auto after = by_key(second);
  std::string more;
  std::string less;
  std::string changed;
  for (const auto& [key, fact] : after) {
    const auto old = before.find(key);
    if (old == before.end()) {
      more += page_row("+ " + told(*fact, style), fact->origin, fact->why, style);
    } else if (old->second->heading != fact->heading || old->second->detail != fact->detail) {
      changed += page_row("- " + told(*old->second, style), old->second->origin, {}, style) +
                 page_row("+ " + told(*fact, style), fact->origin, fact->why, style);
    }
  }
  for (const auto& [key, fact] : before) {
    if (after.contains(key)) continue;
    less += page_row("- " + told(*fact, style), fact->origin, {}, style);
  }
  std::string out;
  const auto part = [&](std::string_view name, const std::string& rows) {
    if (rows.empty()) return;
    if (!out.empty()) out += '\n';
    out += painted(name, kYellow, style) + '\n' + rows;
  };
  part("only the second has", more);
  part("only the first has", less);
  part("changed", changed);
  return out;
}

}  // namespace immure
