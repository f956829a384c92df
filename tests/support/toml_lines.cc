#include "support/toml_lines.h"

#include "support/run.h"

namespace immure::test {
namespace {

std::string joined(const std::vector<std::string>& parts, const std::string& between) {
  std::string out;
  for (const std::string& part : parts) out += (out.empty() ? "" : between) + part;
  return out;
}

std::vector<std::string> split(const std::string& text, const std::string& between) {
  std::vector<std::string> parts;
  std::size_t at = 0;
  while (true) {
    const std::size_t end = text.find(between, at);
    parts.push_back(text.substr(at, end - at));
    if (end == std::string::npos) return parts;
    at = end + between.size();
  }
}

// What stands between the first and the last character of a value.
std::string inner(const std::string& value) { return value.substr(1, value.size() - 2); }

class Taker {
 public:
  explicit Taker(std::vector<std::string> all) : all_(std::move(all)) {}

  std::vector<Removal> take(std::string& mistake) {
    for (at_ = 0; at_ < all_.size(); ++at_) {
      const std::string& line = all_[at_];
      if (line.empty() || line.starts_with('#')) continue;
      if (line.starts_with('[') && line.ends_with(']')) {
        table_ = line;
      } else if (!key_and_value(line)) {
        mistake = line;
      }
    }
    return std::move(removals_);
  }

 private:
  bool key_and_value(const std::string& line) {
    const std::size_t equals = line.find(" = ");
    if (equals == std::string::npos) return false;
    const std::string key = line.substr(0, equals);
    const std::string value = line.substr(equals + 3);
    for (const char* other : {"'", "{", "\"\"\""}) {
      if (value.starts_with(other)) return false;
    }
    if (table_.empty() && (key == "description" || key == "version")) return true;
    label_ = table_.empty() ? key : table_ + " " + key;
    without(label_, {});
    if (value.starts_with('[')) {
      if (!value.ends_with(']')) return false;
      const std::vector<std::string> items = split(inner(value), ", ");
      if (items.size() < 2) return true;
      less(items, 0, ", ", "item", key + " = [", "]");
    } else if (value.starts_with('"') && table_ == "[fs]") {
      less(split(inner(value), ","), 1, ",", "option", key + " = \"", "\"");
    }
    return true;
  }

  // One removal for each part from `first` on.
  void less(const std::vector<std::string>& parts, std::size_t first, const std::string& between,
            const std::string& kind, const std::string& before, const std::string& after) {
    for (std::size_t i = first; i < parts.size(); ++i) {
      std::vector<std::string> rest = parts;
      rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(i));
      without(label_ + ", " + kind + " " + parts[i], {before + joined(rest, between) + after});
    }
  }

  void without(std::string label, const std::vector<std::string>& instead) {
    std::vector<std::string> changed = all_;
    const auto line = changed.begin() + static_cast<std::ptrdiff_t>(at_);
    changed.insert(changed.erase(line), instead.begin(), instead.end());
    removals_.push_back({.label = std::move(label), .text = joined(changed, "\n") + "\n"});
  }

  std::vector<std::string> all_;
  std::size_t at_ = 0;
  std::string table_, label_;
  std::vector<Removal> removals_;
};

}  // namespace

std::vector<Removal> removals(const std::string& profile, std::string& mistake) {
  return Taker(lines(profile)).take(mistake);
}

}  // namespace immure::test
