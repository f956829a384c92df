// Values that are numbers, with their units. Nothing: the reader has got the error. Pure.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string_view>

#include "config/reader.h"

namespace immure {

// `key` is the whole key, for messages.
std::optional<std::int64_t> read_integer(Reader& reader, const SchemaRow& row, std::string_view key,
                                         const Node& node);
std::optional<std::uint64_t> read_size(Reader& reader, std::string_view key, const Node& node);
// Nanoseconds.
std::optional<std::int64_t> read_time(Reader& reader, std::string_view key, const Node& node,
                                      bool is_signed);
std::optional<mode_t> read_mode(Reader& reader, std::string_view key, const Node& node);
// In the unit of setrlimit(2); those that limit a time also take "2s".
std::optional<LimitValue> read_limit(Reader& reader, std::string_view key, const Node& node);
constexpr bool is_time_limit(std::string_view key) {
  return key.ends_with("cpu") || key.ends_with("rttime");
}
std::optional<std::int64_t> read_signal(Reader& reader, std::string_view key, const Node& node);

}  // namespace immure
