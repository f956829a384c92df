// THE table of the keys of a profile: what each may hold, what it means, and where it goes in the
// spec. The parser is driven by it; the JSON Schema and immure-profile(5) are made from it. All
// keys of the language stand in it, also those that this version does not support yet. Constant.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/toml_profile.h"

namespace immure {

enum class ValueType : std::uint8_t {
  table,         // its keys are rows of their own
  boolean,       // true or false
  integer,       // between low and high
  text,          // as it stands
  expanded,      // a text with variables
  path,          // absolute, with variables; or one of `words`
  paths,         // list of paths
  redirect,      // "inherit", "null" or a path
  size,          // bytes, or "64M"
  time,          // seconds, or "10min"; not negative
  signed_time,   // "+3d"
  mode,          // 0o640 or "0640"
  limit,         // a count or size, "inherit", "hard", "unlimited", or { soft, hard }
  choice,        // one of `words`
  namespaced,    // the same; "path:/…" and "fd:N" keep their text
  id_map,        // "subid", or a list of { inside, outside, count }
  signal,        // "TERM"
  processors,    // "0-3,5"
  texts,         // list of texts with variables
  profiles,      // list of names and paths of profiles
  set,           // set of texts; of `words` only, where there are some
  descriptors,   // set of descriptor numbers
  ports,         // set of port numbers
  capabilities,  // set of CAP_ names
  calls,         // set of names and groups of system calls
  rules,         // list of rules on system calls: { syscalls, action, args, arch }
  mount,         // an entry of [fs]
  variable,      // an entry of [env]
  rights,        // an entry of [landlock.fs]: words, in a list or with commas
  intent,        // true, false, or one of `words`
  intent_set,    // the same, or a set of names
  any,           // not built yet
};

// A word that a choice or set may hold.
struct Word {
  std::string_view word;  // one that ends in ':' stands for all that begin with it
  int value = 0;          // the enumerator; below 0: not supported by this version
  bool boolean = false;   // written as true or false, without quotes
};

using Value = std::variant<std::monostate, bool, std::int64_t, std::uint64_t, std::string,
                           std::vector<std::string>, SetEdit, LimitValue, IdMap, Mount, EnvRule,
                           IntentValue, std::vector<FilterRule>>;

// Puts a value that is of the row's type into the layer. `name` is the last part of the key.
using Put = void (*)(ProfileLayer& layer, std::string_view name, Value&& value,
                     const Origin& origin);

struct SchemaRow {
  std::string_view key;  // "process.tty"; "env.*": any name below env
  ValueType type = ValueType::any;
  std::string_view fallback;  // what holds when the key is not given, in words
  std::string_view doc;       // one line
  std::string_view since;     // version that brought it; empty: not supported yet
  Put put = nullptr;          // null for tables, for parts of an entry, and what is not supported
  std::span<const Word> words = {};
  std::int64_t low = INT64_MIN, high = INT64_MAX;

  bool built() const { return !since.empty(); }
};

// All rows, in the order of the manual page.
std::vector<SchemaRow> schema();

// The row of exactly this key ("fs.*.src" for the keys of an [fs] entry), if there is one. To be
// kept while its words are gone through.
std::optional<SchemaRow> find_row(std::string_view key);

// The row for `name` in the table `prefix` ("" is the top level): its own, or that of "PREFIX.*".
std::optional<SchemaRow> find_row(std::string_view prefix, std::string_view name);

// Help for a key that does not exist: the closest one of that table, else the table it belongs to.
std::string suggest_key(std::string_view prefix, std::string_view name);

}  // namespace immure
