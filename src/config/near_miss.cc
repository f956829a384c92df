#include "config/near_miss.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"

namespace immure {
namespace {

using Pair = std::pair<std::string_view, std::string_view>;

constexpr auto kAccess = std::to_array<Pair>(
    {{"read-only", "ro"},   {"readonly", "ro"},   {"read", "ro"},      {"r", "ro"},
     {"ro-bind", "ro"},     {"read-write", "rw"}, {"readwrite", "rw"}, {"write", "rw"},
     {"writable", "rw"},    {"w", "rw"},          {"device", "dev"},   {"dev-bind", "dev"},
     {"blacklist", "hide"}, {"deny", "hide"},     {"hidden", "hide"},  {"mask", "hide"},
     {"masked", "hide"},    {"private", "tmpfs"}, {"tmp", "tmpfs"},    {"empty", "dir"},
     {"directory", "dir"},  {"mkdir", "dir"},     {"cow", "overlay"},  {"remove", "none"},
     {"unset", "none"},     {"ignore", "none"}});

constexpr auto kTables = std::to_array<Pair>(
    {{"filesystem", "fs"},    {"file-system", "fs"},     {"files", "fs"},
     {"mount", "fs"},         {"mounts", "fs"},          {"binds", "fs"},
     {"paths", "fs"},         {"environment", "env"},    {"environ", "env"},
     {"variables", "env"},    {"capabilities", "caps"},  {"rlimits", "limits"},
     {"rlimit", "limits"},    {"ulimit", "limits"},      {"resources", "limits"},
     {"syscalls", "seccomp"}, {"intents", "allow"},      {"permissions", "allow"},
     {"inherits", "extends"}, {"inherit", "extends"},    {"include", "extends"},
     {"includes", "extends"}, {"unshare", "namespaces"}, {"host-name", "hostname"}});

constexpr auto kBooleans = std::to_array<Pair>({{"true", "true"},
                                                {"yes", "true"},
                                                {"on", "true"},
                                                {"1", "true"},
                                                {"enabled", "true"},
                                                {"false", "false"},
                                                {"no", "false"},
                                                {"off", "false"},
                                                {"0", "false"},
                                                {"disabled", "false"}});

// In lower case, with dashes.
std::string folded(std::string_view word) {
  std::string out(word);
  std::ranges::transform(out, out.begin(), [](char c) {
    if (c == '_' || c == ' ') return '-';
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  });
  return out;
}

std::string_view find(std::span<const Pair> pairs, std::string_view word) {
  const std::string plain = folded(word);
  const auto found = std::ranges::find(pairs, std::string_view(plain), &Pair::first);
  return found == pairs.end() ? std::string_view() : found->second;
}

}  // namespace

std::string nearest(std::string_view word, std::span<const std::string_view> words) {
  const std::string plain = folded(word);
  const auto same = std::ranges::find_if(
      words, [&](std::string_view candidate) { return folded(candidate) == plain; });
  if (same != words.end()) return std::string(*same);
  return closest(word, words.data(), words.size());
}

std::string_view meant_access(std::string_view word) { return find(kAccess, word); }

std::string_view meant_table(std::string_view key) { return find(kTables, key); }

std::string boolean_hint(const Node& node) {
  std::string_view meant;
  if (node.kind == Node::Kind::text) meant = find(kBooleans, node.text);
  if (node.kind == Node::Kind::integer) meant = find(kBooleans, std::to_string(node.number));
  if (meant.empty()) return {};
  return "write " + std::string(meant) + (node.quotes > 0 ? ", without quotes" : "");
}

std::string integer_hint(const Node& node) {
  if (node.kind != Node::Kind::text) return {};
  std::string_view digits = node.text;
  if (digits.starts_with('-') || digits.starts_with('+')) digits.remove_prefix(1);
  const bool number = !digits.empty() && digits.size() < 19 &&
                      digits.find_first_not_of("0123456789") == std::string_view::npos &&
                      (digits.size() == 1 || !digits.starts_with('0'));
  return number ? "write " + node.text + ", without quotes" : std::string();
}

std::string table_hint(std::string_view key, const Node& node) {
  const std::string head = "write [" + std::string(key) + "] on a line of its own, and below it ";
  if (node.kind == Node::Kind::list && !node.items.empty() &&
      node.items.front().kind == Node::Kind::table) {
    return "write [" + std::string(key) + "] once, in single brackets";
  }
  if (key == "fs") return head + R"("/PATH" = "ro")";
  if (key == "env") return head + R"(NAME = "text", or NAME = true)";
  if (key == "limits") return head + "nofile = 64";
  return head + "NAME = VALUE";
}

}  // namespace immure
