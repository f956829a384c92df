#include "config/schema.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <type_traits>
#include <utility>

#include "base/text_pool.h"

namespace immure {
namespace {

template <class T>
void assign(Setting<T>& slot, Value&& value, const Origin& origin) {
  if constexpr (std::is_enum_v<T> || std::is_same_v<T, int>) {
    slot.set(static_cast<T>(std::get<std::int64_t>(value)), origin);
  } else if constexpr (std::is_same_v<T, mode_t>) {
    slot.set(static_cast<T>(std::get<std::uint64_t>(value)), origin);
  } else {
    slot.set(std::get<T>(std::move(value)), origin);
  }
}

void assign(SetEdit& slot, Value&& value, const Origin& /*origin*/) {
  slot = std::get<SetEdit>(std::move(value));
}

void assign(LandlockSet& slot, Value&& value, const Origin& /*origin*/) {
  slot = {.edit = std::get<SetEdit>(std::move(value)), .given = true};
}

// Into the member that the pointers lead to.
template <auto... path>
void put(ProfileLayer& layer, std::string_view /*name*/, Value&& value, const Origin& origin) {
  assign((layer.*....*path), std::move(value), origin);
}

// Into the entry of this name.
template <auto... path>
void put_named(ProfileLayer& layer, std::string_view name, Value&& value, const Origin& origin) {
  assign((layer.*....*path)[std::string(name)], std::move(value), origin);
}

// A word, or the text that says which namespace is joined.
template <auto kind>
void put_namespace(ProfileLayer& layer, std::string_view name, Value&& value,
                   const Origin& origin) {
  Namespaces& namespaces = layer.spec.namespaces;
  if (auto* joined = std::get_if<std::string>(&value)) {
    (namespaces.*kind).set(NamespaceChoice::joined, origin);
    namespaces.join[std::string(name)].set(std::move(*joined), origin);
  } else {
    assign(namespaces.*kind, std::move(value), origin);
  }
}

void put_bounding(ProfileLayer& layer, std::string_view /*name*/, Value&& value,
                  const Origin& /*origin*/) {
  layer.spec.caps.bounding = std::get<SetEdit>(std::move(value));
  layer.spec.caps.bounding_set = true;
}

// An empty set says that there is no family.
void put_sockets(ProfileLayer& layer, std::string_view /*name*/, Value&& value,
                 const Origin& origin) {
  layer.spec.seccomp.sockets = std::get<SetEdit>(std::move(value));
  layer.spec.seccomp.limits_sockets.set(true, origin);
}

void put_rules(ProfileLayer& layer, std::string_view /*name*/, Value&& value,
               const Origin& /*origin*/) {
  layer.spec.seccomp.rules = std::get<std::vector<FilterRule>>(std::move(value));
}

// The word can only be false.
void put_report(ProfileLayer& layer, std::string_view /*name*/, Value&& /*value*/,
                const Origin& origin) {
  layer.spec.seccomp.report.set(false, origin);
}

// The reader has checked all there is to it.
void accept(ProfileLayer& /*layer*/, std::string_view /*name*/, Value&& /*value*/,
            const Origin& /*origin*/) {}

constexpr Put put_variable = put_named<&ProfileLayer::spec, &SandboxSpec::env>;
constexpr Put put_sysctl = put_named<&ProfileLayer::spec, &SandboxSpec::sysctl>;
constexpr Put put_limit = put_named<&ProfileLayer::spec, &SandboxSpec::limits, &Limits::rlimits>;
constexpr Put put_rights = put_named<&ProfileLayer::spec, &SandboxSpec::landlock, &Landlock::fs>;
constexpr Put put_nested =
    put_named<&ProfileLayer::spec, &SandboxSpec::namespaces, &Namespaces::nested>;

constexpr int later_word = -1;

template <class T>
constexpr int number(T value) {
  return static_cast<int>(value);
}

constexpr auto kProcModes = std::to_array<Word>({{"fresh", number(ProcMode::fresh)},
                                                 {"none", number(ProcMode::none)},
                                                 {"host", number(ProcMode::host)}});
// The words of the intents; a test holds them against the data files in profiles/allow.
constexpr auto kSwitch = std::to_array<Word>({{"true", 0, true}, {"false", 0, true}});
constexpr auto kReadWords =
    std::to_array<Word>({{"ro"}, {"rw"}, {"true", 0, true}, {"false", 0, true}});
constexpr auto kCwdWords =
    std::to_array<Word>({{"ro"}, {"rw"}, {"overlay"}, {"true", 0, true}, {"false", 0, true}});
constexpr auto kSystemWords =
    std::to_array<Word>({{"minimal"}, {"true", 0, true}, {"false", 0, true}});
constexpr auto kHomeWords = std::to_array<Word>(
    {{"private"}, {"persist"}, {"overlay"}, {"ro"}, {"rw"}, {"true", 0, true}, {"false", 0, true}});
constexpr auto kTmpWords = std::to_array<Word>(
    {{"private"}, {"persist"}, {"host"}, {"true", 0, true}, {"false", 0, true}});
constexpr auto kShmWords =
    std::to_array<Word>({{"private"}, {"host"}, {"true", 0, true}, {"false", 0, true}});
constexpr auto kNetworkWords = std::to_array<Word>({{"user", later_word},
                                                    {"host"},
                                                    {"filter", later_word},
                                                    {"none"},
                                                    {"true", later_word, true},
                                                    {"false", 0, true}});
constexpr auto kGitWords =
    std::to_array<Word>({{"read"}, {"commit"}, {"true", 0, true}, {"false", 0, true}});
constexpr auto kSysWords = std::to_array<Word>({{"ro"}, {"true", 0, true}, {"false", 0, true}});
constexpr auto kGpuWords =
    std::to_array<Word>({{"compute"}, {"true", 0, true}, {"false", 0, true}});
constexpr auto kMachineIdWords =
    std::to_array<Word>({{"random"}, {"host"}, {"true", 0, true}, {"false", 0, true}});
constexpr auto kTtyModes = std::to_array<Word>({{"share", number(TtyMode::share)},
                                                {"pty", number(TtyMode::pty)},
                                                {"detach", number(TtyMode::detach)}});
constexpr auto kInitModes = std::to_array<Word>(
    {{"reaper", number(InitMode::reaper)}, {"target", number(InitMode::target)}});
constexpr auto kWaitFor =
    std::to_array<Word>({{"command", number(WaitFor::command)}, {"all", number(WaitFor::all)}});
constexpr auto kKeyrings = std::to_array<Word>(
    {{"new", number(KeyringMode::fresh)}, {"inherit", number(KeyringMode::inherit)}});
constexpr auto kGroups =
    std::to_array<Word>({{"drop", number(GroupsMode::drop)}, {"keep", number(GroupsMode::keep)}});
constexpr auto kPasswdFiles = std::to_array<Word>({{"minimal", number(PasswdFiles::minimal)},
                                                   {"host", number(PasswdFiles::host)},
                                                   {"none", number(PasswdFiles::none)}});
constexpr auto kJoinable = std::to_array<Word>({{"new", number(NamespaceChoice::fresh)},
                                                {"host", number(NamespaceChoice::host)},
                                                {"path:", number(NamespaceChoice::joined)},
                                                {"fd:", number(NamespaceChoice::joined)},
                                                {"sandbox:", later_word}});
// What is not built yet cannot be missing.
constexpr auto kBestEffort = std::to_array<Word>({{"landlock"},
                                                  {"cgroup", later_word},
                                                  {"time-ns"},
                                                  {"pid-ns"},
                                                  {"proc"},
                                                  {"sched"},
                                                  {"core-sched"},
                                                  {"mdwe"},
                                                  {"apparmor"},
                                                  {"selinux"}});
constexpr auto kLandlockModes = std::to_array<Word>({{"auto", number(LandlockMode::automatic)},
                                                     {"require", number(LandlockMode::require)},
                                                     {"scope", number(LandlockMode::scope)},
                                                     {"off", number(LandlockMode::off)}});
constexpr auto kLandlockScopes = std::to_array<Word>({{"abstract-unix-socket"}, {"signal"}});
// The values of these are their own indexes: what each stands for is in plan/landlock.
constexpr auto kLandlockRights = std::to_array<Word>(
    {{"ro"},         {"rw"},           {"exec"},      {"none"},        {"read-file"},
     {"read-dir"},   {"write-file"},   {"execute"},   {"remove-dir"},  {"remove-file"},
     {"make-char"},  {"make-dir"},     {"make-file"}, {"make-socket"}, {"make-fifo"},
     {"make-block"}, {"make-symlink"}, {"refer"},     {"truncate"},    {"ioctl-dev"}});
constexpr auto kStateScopes = std::to_array<Word>(
    {{"profile", number(StateScope::profile)}, {"project", number(StateScope::project)}});
constexpr auto kStateLocks = std::to_array<Word>(
    {{"exclusive", number(StateLock::exclusive)}, {"share", number(StateLock::share)}});
constexpr auto kFilterBases = std::to_array<Word>({{"none", number(FilterBase::none)},
                                                   {"standard", number(FilterBase::standard)},
                                                   {"strict", number(FilterBase::strict)}});
constexpr auto kOnDeny = std::to_array<Word>({{"errno", number(OnDeny::fails)},
                                              {"kill", number(OnDeny::kill)},
                                              {"log", number(OnDeny::log)}});
constexpr auto kReport = std::to_array<Word>({{"true", later_word, true}, {"false", 0, true}});
// The names of seccomp/named_numbers; a test compares.
constexpr auto kSocketFamilies = std::to_array<Word>(
    {{"unix"}, {"inet"},      {"inet6"}, {"netlink"}, {"packet"}, {"bluetooth"}, {"vsock"},
     {"alg"},  {"appletalk"}, {"ax25"},  {"caif"},    {"can"},    {"ib"},        {"ieee802154"},
     {"ipx"},  {"isdn"},      {"iucv"},  {"kcm"},     {"key"},    {"llc"},       {"mctp"},
     {"mpls"}, {"netrom"},    {"nfc"},   {"phonet"},  {"pppox"},  {"qipcrtr"},   {"rds"},
     {"rose"}, {"rxrpc"},     {"smc"},   {"tipc"},    {"x25"},    {"xdp"}});
constexpr auto kArchs =
    std::to_array<Word>({{"native"}, {"x86-64"}, {"i386"}, {"x86"}, {"x32"}, {"aarch64"}, {"arm"}});
// personality(2) in lower case and with dashes.
constexpr auto kPersonality = std::to_array<Word>({{"addr-no-randomize"},
                                                   {"addr-compat-layout"},
                                                   {"addr-limit-3gb"},
                                                   {"addr-limit-32bit"},
                                                   {"linux32"},
                                                   {"mmap-page-zero"},
                                                   {"read-implies-exec"},
                                                   {"short-inode"},
                                                   {"sticky-timeouts"},
                                                   {"uname26"},
                                                   {"whole-seconds"}});

// The values of these are their own indexes: the readers of an entry look at the word.
constexpr auto kMountTypes = std::to_array<Word>({{"ro", 0},
                                                  {"rw", 1},
                                                  {"dev", 2},
                                                  {"hide", 3},
                                                  {"tmpfs", 4},
                                                  {"dir", 5},
                                                  {"overlay", 6},
                                                  {"proc", 7},
                                                  {"devfs", 8},
                                                  {"mqueue", 9},
                                                  {"sysfs", 10},
                                                  {"cgroup", 11},
                                                  {"none", 12},
                                                  {"bind", 13},
                                                  {"file", 14},
                                                  {"symlink", 15}});
constexpr auto kAccess = std::to_array<Word>({{"ro", 0}, {"rw", 1}});
constexpr auto kUpper = std::to_array<Word>({{"tmp", 0}});
constexpr auto kPropagation = std::to_array<Word>({{"private", 0}, {"slave", 1}});
constexpr auto kProcSubset = std::to_array<Word>({{"pid", 0}});
constexpr auto kProcHidepid = std::to_array<Word>({{"invisible", 0}});

constexpr Put put_intent = put_named<&ProfileLayer::spec, &SandboxSpec::allow>;
constexpr SchemaRow intent(std::string_view key, std::span<const Word> words, std::string_view doc,
                           std::string_view fallback = "false") {
  return {.key = key,
          .type = ValueType::intent,
          .fallback = fallback,
          .doc = doc,
          .since = "0.1",
          .put = put_intent,
          .words = words};
}
constexpr SchemaRow intent_set(std::string_view key, std::span<const Word> words,
                               std::string_view fallback, std::string_view doc) {
  return {.key = key,
          .type = ValueType::intent_set,
          .fallback = fallback,
          .doc = doc,
          .since = "0.1",
          .put = put_intent,
          .words = words};
}

// Of lint codes, and of what is refused unless it is acknowledged.
constexpr auto kLintCodes = std::to_array<Word>({{"W710"},
                                                 {"W720"},
                                                 {"W721"},
                                                 {"W722"},
                                                 {"W723"},
                                                 {"W724"},
                                                 {"W725"},
                                                 {"W726"},
                                                 {"W727"},
                                                 {"W728"},
                                                 {"W729"},
                                                 {"W730"},
                                                 {"W731"},
                                                 {"W740"},
                                                 {"W741"},
                                                 {"W750"},
                                                 {"W751"},
                                                 {"W752"}});

constexpr SchemaRow table(std::string_view key, std::string_view doc) {
  return {.key = key, .type = ValueType::table, .doc = doc, .since = "0.1"};
}
constexpr SchemaRow later(std::string_view key, std::string_view fallback, std::string_view doc) {
  return {.key = key, .type = ValueType::any, .fallback = fallback, .doc = doc};
}
constexpr SchemaRow later_table(std::string_view key, std::string_view doc) {
  return {.key = key, .type = ValueType::table, .doc = doc};
}

// As it is written, for the compiler alone: what a start needs of it holds no pointers, see
// base/text_pool.h.
constexpr auto kWritten = std::to_array<SchemaRow>({
#include "config/schema_rows.inc"
});
constexpr std::size_t kCount = kWritten.size();

constexpr std::size_t kTextBytes = [] {
  std::size_t bytes = 0;
  for (const SchemaRow& row : kWritten) {
    bytes += row.key.size() + row.fallback.size() + row.doc.size() + row.since.size();
  }
  return bytes;
}();

struct StoredRow {
  PooledText key, fallback, doc, since;
  ValueType type = ValueType::any;
  std::uint8_t words = 0;  // index in kWordLists
  std::int64_t low = 0, high = 0;
};
struct StoredRows {
  TextPool<kTextBytes> texts;
  std::array<StoredRow, kCount> rows{};
};

// The lists of words that rows have, each once; the first is empty.
constexpr std::size_t kMostLists = 64;
struct WordLists {
  std::array<std::span<const Word>, kMostLists> lists{};
  std::uint8_t used = 1;

  constexpr std::uint8_t index_of(std::span<const Word> words) const {
    for (std::uint8_t i = 0; i < used; ++i) {
      if (lists[i].data() == words.data()) return i;
    }
    return used;
  }
};
constexpr WordLists kWordLists = [] {
  WordLists all;
  for (const SchemaRow& row : kWritten) {
    const std::uint8_t index = all.index_of(row.words);
    if (index < all.used) continue;
    all.lists[index] = row.words;
    ++all.used;
  }
  return all;
}();

constexpr StoredRows kStored = [] {
  StoredRows stored;
  for (std::size_t i = 0; i < kCount; ++i) {
    const SchemaRow& row = kWritten[i];
    stored.rows[i] = {.key = stored.texts.add(row.key),
                      .fallback = stored.texts.add(row.fallback),
                      .doc = stored.texts.add(row.doc),
                      .since = stored.texts.add(row.since),
                      .type = row.type,
                      .words = kWordLists.index_of(row.words),
                      .low = row.low,
                      .high = row.high};
  }
  return stored;
}();

constexpr std::array<Put, kCount> kPuts = [] {
  std::array<Put, kCount> puts{};
  for (std::size_t i = 0; i < kCount; ++i) puts[i] = kWritten[i].put;
  return puts;
}();

constexpr std::string_view key_of(std::size_t row) { return kStored.texts[kStored.rows[row].key]; }

SchemaRow row_at(std::size_t index) {
  const StoredRow& row = kStored.rows[index];
  return {.key = kStored.texts[row.key],
          .type = row.type,
          .fallback = kStored.texts[row.fallback],
          .doc = kStored.texts[row.doc],
          .since = kStored.texts[row.since],
          .put = kPuts[index],
          .words = kWordLists.lists[row.words],
          .low = row.low,
          .high = row.high};
}

// Indexes of the rows, sorted by key.
constexpr auto kSorted = [] {
  std::array<std::uint16_t, kCount> order{};
  for (std::size_t i = 0; i < kCount; ++i) order[i] = static_cast<std::uint16_t>(i);
  std::sort(order.begin(), order.end(),
            [](std::uint16_t a, std::uint16_t b) { return key_of(a) < key_of(b); });
  return order;
}();

constexpr bool all_different() {
  for (std::size_t i = 1; i < kCount; ++i) {
    if (key_of(kSorted[i - 1]) == key_of(kSorted[i])) return false;
  }
  return true;
}
static_assert(all_different());

}  // namespace

std::vector<SchemaRow> schema() {
  std::vector<SchemaRow> rows;
  rows.reserve(kCount);
  for (std::size_t i = 0; i < kCount; ++i) rows.push_back(row_at(i));
  return rows;
}

std::optional<SchemaRow> find_row(std::string_view key) {
  const auto* found =
      std::lower_bound(kSorted.begin(), kSorted.end(), key,
                       [](std::uint16_t row, std::string_view k) { return key_of(row) < k; });
  if (found == kSorted.end() || key_of(*found) != key) return std::nullopt;
  return row_at(*found);
}

}  // namespace immure
