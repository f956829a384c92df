// The values of [user] and [namespaces] that are more than a word.
#include <charconv>
#include <string>
#include <utility>

#include "base/text.h"
#include "config/reader.h"

namespace immure {
namespace {

using Kind = Node::Kind;

constexpr std::int64_t kLastId = 4'294'967'294;
constexpr int kLastDescriptor = 1'048'575;
constexpr std::string_view kPath = "path:";
constexpr std::string_view kDescriptor = "fd:";
constexpr std::string_view kMapHint =
    R"(write "subid", or [{ inside = 0, outside = 1000 }, { inside = 1, outside = 100000, count = 65536 }])";

std::optional<IdRange> read_range(Reader& reader, std::string_view key, const Node& node) {
  if (node.kind != Kind::table) {
    reader.wrong_type(node, key, "{ inside, outside, count }", std::string(kMapHint));
    return std::nullopt;
  }
  IdRange range;
  bool inside = false;
  bool outside = false;
  for (const Member& member : node.members) {
    const bool counts = member.key == "count";
    if (member.key != "inside" && member.key != "outside" && !counts) {
      reader.fail(Code::unknown_key, member.place,
                  "unknown key " + quote(member.key) + " in " + quote(key),
                  "a range is { inside, outside, count = 1 }");
      return std::nullopt;
    }
    const Node& value = member.value;
    const std::string name = std::string(key) + '.' + member.key;
    if (value.kind != Kind::integer) {
      reader.wrong_type(value, name, "an integer");
      return std::nullopt;
    }
    if (value.number < (counts ? 1 : 0) || value.number > kLastId + (counts ? 1 : 0)) {
      reader.fail(Code::id_map, value.place,
                  quote(name) + " can't be " + std::to_string(value.number),
                  counts ? "at least 1" : "ids go from 0 to 4294967294");
      return std::nullopt;
    }
    (counts ? range.count : member.key == "inside" ? range.inside : range.outside) = value.number;
    inside = inside || member.key == "inside";
    outside = outside || member.key == "outside";
  }
  if (inside && outside) return range;
  reader.fail(Code::wrong_type, node.place,
              "a range of " + quote(key) + " needs inside and outside", std::string(kMapHint));
  return std::nullopt;
}

}  // namespace

std::optional<Value> read_namespace(Reader& reader, const SchemaRow& row, std::string_view key,
                                    const Node& node) {
  const auto choice = read_choice(reader, row, key, node);
  if (!choice) return std::nullopt;
  if (node.text.starts_with(kPath)) {
    const Place place{node.place.line,
                      inside_quotes(node).column + static_cast<std::uint32_t>(kPath.size())};
    auto path = reader.path_text(std::string_view(node.text).substr(kPath.size()), place,
                                 "for " + quote(key), {});
    if (!path) return std::nullopt;
    return Value(std::string(kPath) + *path);
  }
  if (!node.text.starts_with(kDescriptor)) return Value(*choice);
  const std::string_view number = std::string_view(node.text).substr(kDescriptor.size());
  const char* end = number.data() + number.size();
  int fd = -1;
  const auto parsed = std::from_chars(number.data(), end, fd);
  if (parsed.ec != std::errc{} || parsed.ptr != end || fd < 0 || fd > kLastDescriptor) {
    reader.fail(Code::namespace_value, node.place,
                quote(number) + " is not the number of a descriptor", "write \"fd:3\"");
    return std::nullopt;
  }
  return Value(std::string(kDescriptor) + std::to_string(fd));
}

std::optional<IdMap> read_id_map(Reader& reader, std::string_view key, const Node& node) {
  if (node.kind == Kind::text && node.text == "subid") return IdMap{.subordinate = true};
  if (node.kind != Kind::list) {
    reader.wrong_type(node, key, "\"subid\" or a list of ranges", std::string(kMapHint));
    return std::nullopt;
  }
  IdMap map;
  bool good = true;
  for (const Node& item : node.items) {
    const auto range = read_range(reader, key, item);
    good = good && range.has_value();
    if (range) map.ranges.push_back(*range);
  }
  if (!good) return std::nullopt;
  if (!map.ranges.empty()) return map;
  reader.fail(Code::id_map, node.place, quote(key) + " is empty", std::string(kMapHint));
  return std::nullopt;
}

}  // namespace immure
