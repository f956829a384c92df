// What the parts of the TOML door share while one profile is read: where it is, and its errors.
// Pure, but for variables that are looked up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "config/document.h"
#include "config/schema.h"
#include "config/variables.h"

namespace immure {

class Reader {
 public:
  // All arguments outlive the Reader. A `flag` that is not empty is the origin of everything.
  Reader(const std::shared_ptr<const SourceFile>& file, std::string_view flag,
         std::string_view profile_dir, const Circumstances& circumstances)
      : file_(file), flag_(flag), profile_dir_(profile_dir), circumstances_(circumstances) {}

  // For the data file of an intent: its values come from the line that allowed it. Must outlive the
  // Reader. Errors still name the place in the file.
  void set_asked_by(const Origin& origin) { asked_by_ = &origin; }

  Origin origin(Place place) const { return asked_by_ != nullptr ? *asked_by_ : here(place); }

  bool is_for_intent() const { return asked_by_ != nullptr; }

  // There is a data file of this name among the intents of other packages.
  bool is_intent(std::string_view name) const;

  void fail(Code code, Place place, std::string what, std::string hint = {});
  // For errors of values, which do not know yet where they are.
  void fail_at(Place place, Error error);
  // `"process.nice" takes an integer, not a string`.
  void wrong_type(const Node& node, std::string_view key, std::string_view wanted,
                  std::string hint = {});

  // The line's text, for hints that quote another one.
  std::string line_text(std::uint32_t line) const;

  // Expands the variables of a text that stands `offset` bytes behind `place`. `unset` (may be
  // null) is set instead of an error when all that is wrong is a variable without value.
  std::optional<std::string> expand_at(std::string_view text, Place place, ExpandStyle style,
                                       bool* unset = nullptr);

  // An absolute, normalised path; `where` ends the message: "in [fs]", "for \"process.cwd\"".
  std::optional<std::string> path(const Node& node, std::string_view where, bool* unset = nullptr);
  std::optional<std::string> path_text(std::string_view text, Place place, std::string_view where,
                                       ExpandStyle style, bool* unset = nullptr);

  Errors& errors() { return errors_; }
  bool is_flag() const { return !flag_.empty(); }

 private:
  Origin here(Place place) const {
    if (!flag_.empty()) return Origin{.flag = std::string(flag_)};
    return Origin{.file = file_, .line = place.line, .column = place.column};
  }

  const Origin* asked_by_ = nullptr;
  const std::shared_ptr<const SourceFile>& file_;
  std::string_view flag_;
  std::string_view profile_dir_;
  const Circumstances& circumstances_;
  Errors errors_;
};

// The place of the first byte of a text, behind its quotes.
inline Place inside_quotes(const Node& node) {
  return Place{node.place.line, node.place.column + node.quotes};
}

// The keys of a profile, or of a part of one, into the layer, but for those named in `except`; in
// toml_profile.cc.
void read_keys(Reader& reader, const Node& table, ProfileLayer& layer,
               std::span<const std::string_view> except = {});

// A value as the row wants it, or nothing and an error in the reader. `key` is the whole key.
std::optional<Value> read_value(Reader& reader, const SchemaRow& row, std::string_view key,
                                const Node& node);

// The word's number, or nothing and an error.
std::optional<std::int64_t> read_choice(Reader& reader, const SchemaRow& row, std::string_view key,
                                        const Node& node);

// "new" and "host" as their numbers, "path:/…" and "fd:N" as the text, with variables expanded.
std::optional<Value> read_namespace(Reader& reader, const SchemaRow& row, std::string_view key,
                                    const Node& node);

// A map of ids: user.uid_map, user.gid_map.
std::optional<IdMap> read_id_map(Reader& reader, std::string_view key, const Node& node);

// The entries of seccomp.rules.
std::optional<std::vector<FilterRule>> read_rules(Reader& reader, std::string_view key,
                                                  const Node& node);

// All entries of [fs] into `mounts`. The same target twice is an error that names both lines.
void read_mounts(Reader& reader, const Node& table, std::vector<Mount>& mounts);

// All entries of [landlock.fs] into the layer.
void read_rights(Reader& reader, const Node& table, ProfileLayer& layer);

// One entry of [env].
std::optional<EnvRule> read_variable(Reader& reader, std::string_view name, const Node& node);

}  // namespace immure
