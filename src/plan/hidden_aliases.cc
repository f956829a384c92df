#include "plan/hidden_aliases.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "base/path.h"
#include "plan/root_tree.h"

namespace immure {
namespace {

bool is_hidden(const MountItem& item) { return std::holds_alternative<Hide>(item.mount->what); }

// The host directories that an item shows, each by another name than its own.
std::vector<std::string> shown_elsewhere(const MountItem& item) {
  if (item.is_link || item.kind != FileKind::directory) return {};
  std::vector<std::string> sources = item.layers;
  if (!item.source.empty()) sources.push_back(item.source);
  std::erase(sources, item.target);
  return sources;
}

// The nearest item at or above a path; null: none. Links only lead to others.
const MountItem* nearest(const std::vector<MountItem>& items, std::string_view path) {
  const MountItem* found = nullptr;
  for (const MountItem& item : items) {
    if (item.is_link || is_hidden(item) || !is_within(path, item.target)) continue;
    if (found == nullptr || depth(item.target) >= depth(found->target)) found = &item;
  }
  return found;
}

// Another item lies at the path, or between it and the alias that it is seen through.
bool is_decided(const std::vector<MountItem>& items, std::string_view path,
                const MountItem& alias) {
  return std::ranges::any_of(items, [&](const MountItem& item) {
    return is_within(path, item.target) && depth(item.target) > depth(alias.target);
  });
}

}  // namespace

void hide_aliases(std::vector<MountItem>& items, const HostFiles& files, Errors& errors) {
  std::vector<std::pair<std::size_t, std::string>> aliases;  // item, host directory
  for (std::size_t i = 0; i < items.size(); ++i) {
    for (std::string& source : shown_elsewhere(items[i]))
      aliases.emplace_back(i, std::move(source));
  }
  if (aliases.empty()) return;
  std::vector<MountItem> more;
  for (const MountItem& hidden : items) {
    if (!is_hidden(hidden)) continue;
    const MountItem* shown_by = nearest(items, hidden.target);
    if (shown_by != nullptr && !shown_elsewhere(*shown_by).empty()) continue;
    const Result<ResolvedPath> host = files.resolve(hidden.target);
    if (!host.ok()) {
      errors.push_back(host.error());
      errors.back().origin = hidden.mount->origin;
      return;
    }
    if (host.value().kind == FileKind::missing) continue;
    const std::string& path = host.value().canonical;
    for (const auto& [index, source] : aliases) {
      if (path == source || !is_within(path, source)) continue;
      const std::string_view rest =
          std::string_view(path).substr(source == "/" ? 0 : source.size());
      std::string target = join(items[index].target, rest);
      if (is_decided(items, target, items[index])) continue;
      more.push_back({.target = std::move(target), .mount = hidden.mount});
    }
  }
  std::move(more.begin(), more.end(), std::back_inserter(items));
}

}  // namespace immure
