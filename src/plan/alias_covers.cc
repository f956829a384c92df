#include "plan/alias_covers.h"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "base/path.h"
#include "plan/root_tree.h"

namespace immure {
namespace {

bool is_hidden(const MountItem& item) { return std::holds_alternative<Hide>(item.mount->what); }

const Bind* bind_of(const MountItem& item) {
  return item.is_link ? nullptr : std::get_if<Bind>(&item.mount->what);
}

// A host directory that an item shows, by another name than its own.
struct Alias {
  const MountItem* item;
  std::string source;
  bool writes;  // to the host
};

std::vector<Alias> aliases_of(const MountItem& item) {
  if (item.is_link || item.kind != FileKind::directory) return {};
  const Bind* bind = bind_of(item);
  std::vector<std::string> sources = item.layers;
  if (!item.source.empty()) sources.push_back(item.source);
  std::erase(sources, item.target);
  std::vector<Alias> aliases;
  aliases.reserve(sources.size());
  for (std::string& source : sources) {
    aliases.push_back({&item, std::move(source), bind != nullptr && !bind->read_only});
  }
  return aliases;
}

class Coverer {
 public:
  Coverer(const std::vector<MountItem>& items, const HostFiles& files, Errors& errors)
      : items_(items), files_(files), errors_(errors) {
    for (const MountItem& item : items) {
      for (Alias& alias : aliases_of(item)) aliases_.push_back(std::move(alias));
    }
  }

  std::vector<MountItem> run() {
    if (aliases_.empty()) return {};
    for (const MountItem& item : items_) {
      if (is_hidden(item)) hide(item);
    }
    for (const MountItem& item : items_) {
      const Bind* bind = bind_of(item);
      if (bind == nullptr || !bind->read_only || item.source != item.target) continue;
      cover(item, item.source, true);
    }
    return std::move(more_);
  }

 private:
  void hide(const MountItem& item) {
    const MountItem* shown_by = nearest(item.target);
    if (shown_by != nullptr && !aliases_of(*shown_by).empty()) return;
    const Result<ResolvedPath> host = files_.resolve(item.target);
    if (!host.ok()) {
      errors_.push_back(host.error());
      errors_.back().origin = item.mount->origin;
    } else if (host.value().kind != FileKind::missing || host.value().errnum == EACCES) {
      cover(item, host.value().canonical, false);
    }
  }

  // `path`: the host's, by which the item is known.
  void cover(const MountItem& item, const std::string& path, bool only_writable) {
    for (const Alias& alias : aliases_) {
      if (path == alias.source || !is_within(path, alias.source)) continue;
      if (only_writable && !alias.writes) continue;
      const std::size_t front = alias.source == "/" ? 0 : alias.source.size();
      MountItem more = item;
      more.target = join(alias.item->target, std::string_view(path).substr(front));
      if (!is_decided(more.target, *alias.item)) more_.push_back(std::move(more));
    }
  }

  // The nearest item at or above a path; null: none. Links only lead to others.
  const MountItem* nearest(std::string_view path) const {
    const MountItem* found = nullptr;
    for (const MountItem& item : items_) {
      if (item.is_link || is_hidden(item) || !is_within(path, item.target)) continue;
      if (found == nullptr || depth(item.target) >= depth(found->target)) found = &item;
    }
    return found;
  }

  // Another item lies at the path, or between it and the alias that it is seen through.
  bool is_decided(std::string_view path, const MountItem& alias) const {
    const auto decides = [&](const MountItem& item) {
      return is_within(path, item.target) && depth(item.target) > depth(alias.target);
    };
    const auto is_there = [&](const MountItem& item) { return item.target == path; };
    return std::ranges::any_of(items_, decides) || std::ranges::any_of(more_, is_there);
  }

  const std::vector<MountItem>& items_;
  const HostFiles& files_;
  Errors& errors_;
  std::vector<Alias> aliases_;
  std::vector<MountItem> more_;
};

}  // namespace

void cover_aliases(std::vector<MountItem>& items, const HostFiles& files, Errors& errors) {
  std::vector<MountItem> more = Coverer(items, files, errors).run();
  std::move(more.begin(), more.end(), std::back_inserter(items));
}

}  // namespace immure
