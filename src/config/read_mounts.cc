// The entries of [fs]: "DEST" = "ACCESS[?][,OPTION…]" or "DEST" = { … }.
#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <string>
#include <utility>

#include "base/path.h"
#include "base/text.h"
#include "config/mount_entry.h"
#include "config/near_miss.h"
#include "config/reader.h"
#include "config/values.h"

namespace immure {
namespace {

using Kind = Node::Kind;

std::string near_hint(std::string_view word, std::span<const std::string_view> words) {
  const std::string near = nearest(word, words);
  if (!near.empty()) return "did you mean " + quote(near) + "?";
  std::string all = "write one of ";
  for (const std::string_view known : words) {
    if (known != words.front()) all += ", ";
    all += known;
  }
  return all;
}

// "size=16M" and "mode=1777" of an entry written as one text.
bool option_value(Reader& reader, MountEntry& entry, Place place, std::string_view name,
                  std::string_view value) {
  if (name == "size") {
    auto size = parse_size(value);
    if (size.ok()) return entry.give(entry.size, size.value(), "size", place);
    reader.fail_at(place, std::move(size.error()));
    return false;
  }
  auto mode = parse_mode(value);
  if (mode.ok()) return entry.give(entry.mode, mode.value(), "mode", place);
  reader.fail_at(place, std::move(mode.error()));
  return false;
}

bool read_option(Reader& reader, MountEntry& entry, Place place, std::string_view option) {
  const std::size_t equals = option.find('=');
  const std::string_view name = option.substr(0, equals);
  const bool valued = name == "size" || name == "mode";
  if (std::find(kMountOptions.begin(), kMountOptions.end(), name) == kMountOptions.end() ||
      valued != (equals != std::string_view::npos)) {
    reader.fail(Code::bad_enum, place, "unknown option " + quote(option) + " in [fs]",
                valued ? "write " + std::string(name) + "=VALUE" : near_hint(name, kMountOptions));
    return false;
  }
  if (valued) return option_value(reader, entry, place, name, option.substr(equals + 1));
  if (name == "create") return entry.give(entry.create, true, "create", place);
  if (name == "norec") return entry.give(entry.recursive, false, "norec", place);
  if (name == "follow") return entry.give(entry.follow, true, "follow", place);
  return entry.give(entry.exec, name == "exec", name, place);
}

// "ro?,noexec"
bool read_words(Reader& reader, MountEntry& entry, const Node& node) {
  std::string_view rest = node.text;
  std::size_t comma = rest.find(',');
  std::string_view access = rest.substr(0, comma);
  if (access.ends_with('?')) {
    entry.optional = true;
    access.remove_suffix(1);
  }
  if (std::find(kAccessWords.begin(), kAccessWords.end(), access) == kAccessWords.end()) {
    reader.fail(Code::bad_enum, node.place, quote(access) + " is no access word of [fs]",
                meant_access(access).empty() ? near_hint(access, kAccessWords)
                                             : "write " + quote(std::string(meant_access(access)) +
                                                                (entry.optional ? "?" : "")));
    return false;
  }
  entry.type = access;
  bool good = true;
  while (comma != std::string_view::npos) {
    rest.remove_prefix(comma + 1);
    comma = rest.find(',');
    std::string_view option = rest.substr(0, comma);
    if (option.ends_with('?')) {
      reader.fail(Code::bad_enum, node.place, "the \"?\" of " + quote(node.text) + " is misplaced",
                  "it stands right behind the access word: " + quote(std::string(access) + "?"));
      return false;
    }
    good = read_option(reader, entry, node.place, option) && good;
  }
  return good;
}

// Backslashes before pattern characters belong to patterns only.
std::string without_escapes(std::string_view path) {
  std::string plain;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '\\' && i + 1 < path.size() &&
        std::string_view("*?[]\\").find(path[i + 1]) != std::string_view::npos) {
      ++i;
    }
    plain.push_back(path[i]);
  }
  return plain;
}

bool is_optional(const Node& node) {
  if (node.kind == Kind::text) {
    return std::string_view(node.text).substr(0, node.text.find(',')).ends_with('?');
  }
  return std::any_of(node.members.begin(), node.members.end(), [](const Member& member) {
    return member.key == "optional" && member.value.boolean;
  });
}

// The target of an entry, or nothing. An optional entry that has a variable without value goes.
std::optional<std::string> read_target(Reader& reader, const Member& member, bool glob,
                                       bool* unset) {
  // A bare key has no quotes to step over; it can hold no variable either.
  const Place inside{member.place.line, member.place.column + 1};
  auto target = reader.path_text(member.key, inside, "in [fs]", {.escape_globs = glob}, unset);
  if (target && !glob && target->find('\\') != std::string::npos &&
      member.key.find('\\') != std::string::npos) {
    return without_escapes(*target);
  }
  return target;
}

// Where a key belongs that was written below [fs] by mistake; empty for what may be an entry.
std::string home_of_key(const Member& member) {
  if (member.key.find_first_of("/~$") != std::string::npos) return {};
  const Node& node = member.value;
  const std::string_view access = std::string_view(node.text).substr(0, node.text.find(','));
  const bool entry =
      node.kind == Kind::table ||
      std::ranges::find(kAccessWords, access.substr(0, access.find('?'))) != kAccessWords.end();
  return entry ? std::string() : suggest_key("fs", member.key);
}

void read_mount(Reader& reader, const Member& member, std::map<std::string, Place>& seen,
                std::vector<Mount>& mounts) {
  const Node& node = member.value;
  if (const std::string home = home_of_key(member); !home.empty()) {
    return reader.fail(Code::unknown_key, member.place, "unknown key " + quote("fs." + member.key),
                       home);
  }
  MountEntry entry(reader, member.key);
  bool unset = false;
  bool* const may_be_unset = is_optional(node) ? &unset : nullptr;
  const bool glob = has_glob(member.key);
  auto target = read_target(reader, member, glob, may_be_unset);

  bool good = false;
  if (node.kind == Kind::text) {
    good = read_words(reader, entry, node);
  } else if (node.kind == Kind::table) {
    good = read_mount_table(reader, entry, node, may_be_unset);
  } else {
    reader.wrong_type(node, member.key, "an access word or a table", R"(write "ro" or "rw")");
  }
  if (!target) return;
  const auto [first, is_new] = seen.emplace(*target, member.place);
  if (!is_new) {
    reader.fail(Code::duplicate_key, member.place,
                quote(member.key) + " is given twice in [fs]: it names " + quote(*target),
                "first in line " + std::to_string(first->second.line) + ":  " +
                    reader.line_text(first->second.line));
    return;
  }
  if (!good || unset) return;

  Mount mount{.target = std::move(*target), .optional = entry.optional, .glob = glob};
  mount.origin = reader.origin(member.place);
  // Not where the caller chooses the path: what is refused to an entry is refused to it too.
  mount.by_intent =
      reader.is_for_intent() && !member.key.contains("${CWD}") && !member.key.contains("${ITEM}");
  mount.why = std::move(entry.why);
  if (entry.build(node.place, mount.what)) mounts.push_back(std::move(mount));
}

}  // namespace

void read_mounts(Reader& reader, const Node& table, std::vector<Mount>& mounts) {
  std::map<std::string, Place> seen;
  mounts.reserve(mounts.size() + table.members.size());
  for (const Member& member : table.members) read_mount(reader, member, seen, mounts);
}

}  // namespace immure
