#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "base/text.h"
#include "config/mount_entry.h"
#include "config/values.h"

namespace immure {
namespace {

using Kind = Node::Kind;

class TableReader {
 public:
  TableReader(Reader& reader, MountEntry& entry, bool* unset)
      : reader_(reader), entry_(entry), unset_(unset) {}

  bool run(const Node& node) {
    bool good = true;
    const auto expand = std::find_if(node.members.begin(), node.members.end(),
                                     [](const Member& member) { return member.key == "expand"; });
    expand_content_ = expand != node.members.end() && expand->value.boolean;
    for (const Member& member : node.members) good = read(member) && good;
    return good;
  }

 private:
  bool read(const Member& member) {
    const auto row = find_row("fs.*." + member.key);
    if (!row) {
      reader_.fail(Code::unknown_key, member.place,
                   "unknown key " + quote(member.key) + " in an entry of [fs]",
                   suggest_key("fs.*", member.key));
      return false;
    }
    const std::string_view name = row->key.substr(std::string_view("fs.*.").size());
    if (row->type == ValueType::choice) return choice(*row, name, member);
    if (row->type == ValueType::path) return path(name, member);
    if (name == "lower") return layers(member);
    if (name == "proc") return proc_options(member);
    if (name == "content") return content(member);
    const auto value = read_value(reader_, *row, name, member.value);
    return value && put(name, *value, member);
  }

  bool choice(const SchemaRow& row, std::string_view name, const Member& member) {
    const auto chosen = read_choice(reader_, row, name, member.value);
    if (!chosen) return false;
    const std::string_view word = row.words[static_cast<std::size_t>(*chosen)].word;
    if (name == "type") {
      entry_.type = word;
    } else if (name == "access") {
      entry_.access = word;
      entry_.note(name, member.place);
    } else {
      entry_.give(entry_.propagation, word == "slave" ? Propagation::slave : Propagation::isolated,
                  name, member.place);
    }
    return true;
  }

  bool path(std::string_view name, const Member& member) {
    if (name == "upper" && member.value.kind == Kind::text && member.value.text == "tmp") {
      return entry_.give(entry_.upper, "", name, member.place);
    }
    if (member.value.kind != Kind::text) {
      reader_.wrong_type(member.value, name, "a path");
      return false;
    }
    auto text = reader_.path(member.value, "for " + quote(name), unset_);
    const bool good = text.has_value() || (unset_ != nullptr && *unset_);
    entry_.give(name == "src" ? entry_.source : entry_.upper, std::move(text), name, member.place);
    return good;
  }

  bool layers(const Member& member) {
    if (member.value.kind != Kind::list || member.value.items.empty()) {
      reader_.wrong_type(member.value, "lower", "a list of paths");
      return false;
    }
    std::vector<std::string> lower;
    bool good = true;
    for (const Node& item : member.value.items) {
      if (item.kind != Kind::text) {
        reader_.wrong_type(item, "lower", "paths");
        good = false;
        continue;
      }
      auto text = reader_.path(item, "for \"lower\"", unset_);
      good = good && (text.has_value() || (unset_ != nullptr && *unset_));
      if (text) lower.push_back(std::move(*text));
    }
    entry_.give(entry_.lower, std::move(lower), "lower", member.place);
    return good;
  }

  bool proc_options(const Member& member) {
    if (member.value.kind != Kind::table) {
      reader_.wrong_type(member.value, "proc", "a table",
                         R"(write { subset = "pid", hidepid = "invisible" })");
      return false;
    }
    KernelMount proc{.kind = KernelFs::proc};
    bool good = true;
    for (const Member& option : member.value.members) {
      const auto row = find_row("fs.*.proc." + option.key);
      if (!row) {
        reader_.fail(Code::unknown_key, option.place,
                     "unknown key " + quote(option.key) + " in \"proc\"",
                     suggest_key("fs.*.proc", option.key));
        good = false;
        continue;
      }
      good = read_choice(reader_, *row, option.key, option.value).has_value() && good;
      (option.key == "subset" ? proc.subset_pid : proc.hidepid_invisible) = true;
    }
    entry_.give(entry_.proc, proc, "proc", member.place);
    return good;
  }

  bool content(const Member& member) {
    if (member.value.kind != Kind::text) {
      reader_.wrong_type(member.value, "content", "a string");
      return false;
    }
    auto text = expand_content_ ? reader_.expand_at(member.value.text, inside_quotes(member.value),
                                                    {.tilde = false}, unset_)
                                : std::optional(member.value.text);
    const bool good = text.has_value() || (unset_ != nullptr && *unset_);
    return entry_.give(entry_.content, text.value_or(""), "content", member.place) && good;
  }

  bool base64(const Value& value, const Member& member) {
    std::string bytes;
    if (!decode_base64(std::get<std::string>(value), bytes)) {
      reader_.fail(Code::wrong_type, member.value.place, "content_base64 is not base64");
      return false;
    }
    if (entry_.content) {
      reader_.fail(Code::wrong_type, member.place, "both content and content_base64 are given");
      return false;
    }
    return entry_.give(entry_.content, std::move(bytes), "content_base64", member.place);
  }

  bool put(std::string_view name, const Value& value, const Member& member) {
    const auto flag = [&](std::optional<bool>& slot) {
      return entry_.give(slot, std::get<bool>(value), name, member.place);
    };
    if (name == "optional") {
      entry_.optional = std::get<bool>(value);
      return true;
    }
    if (name == "why") {
      entry_.why = std::get<std::string>(value);
      return true;
    }
    if (name == "expand") {
      entry_.note(name, member.place);
      return true;
    }
    if (name == "create") return flag(entry_.create);
    if (name == "exec") return flag(entry_.exec);
    if (name == "recursive") return flag(entry_.recursive);
    if (name == "follow") return flag(entry_.follow);
    if (name == "dev") return flag(entry_.devices);
    if (name == "content_base64") return base64(value, member);
    if (name == "target") {
      return entry_.give(entry_.target, std::get<std::string>(value), name, member.place);
    }
    if (name == "mode") {
      const auto mode = static_cast<mode_t>(std::get<std::uint64_t>(value));
      return entry_.give(entry_.mode, mode, name, member.place);
    }
    if (name == "content_fd") {
      const auto fd = static_cast<int>(std::get<std::int64_t>(value));
      return entry_.give(entry_.content_fd, fd, name, member.place);
    }
    if (name == "inodes") {
      const auto count = static_cast<std::uint64_t>(std::get<std::int64_t>(value));
      return entry_.give(entry_.inodes, count, name, member.place);
    }
    return entry_.give(entry_.size, std::get<std::uint64_t>(value), name, member.place);
  }

  Reader& reader_;
  MountEntry& entry_;
  bool* unset_;
  bool expand_content_ = false;
};

}  // namespace

bool read_mount_table(Reader& reader, MountEntry& entry, const Node& node, bool* unset) {
  return TableReader(reader, entry, unset).run(node);
}

}  // namespace immure
