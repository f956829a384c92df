// The texts of values: sizes, times, modes, signals. Pure. Errors have no origin yet; those of
// units are Code::unit and carry the way to write it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "spec/mount.h"

namespace immure {

// "512K" "64M" "2GiB" "1T" or plain bytes: bytes.
Result<std::uint64_t> parse_size(std::string_view text);

// "250ms" "2s" "10min" "1h" "3d": nanoseconds. "+3d" and "-1h" only if `is_signed`.
Result<std::int64_t> parse_time(std::string_view text, bool is_signed);

// Whole seconds as nanoseconds.
Result<std::int64_t> seconds_to_ns(std::int64_t seconds);

// "0640" or "1777": octal.
Result<mode_t> parse_mode(std::string_view text);

// "TERM", "SIGTERM" or "15": the number. signal(7)
Result<int> parse_signal(std::string_view text);

// Ranges and numbers, joined by commas: "0-3,5".
bool is_processor_list(std::string_view text);

// The bytes of RFC 4648 base64; false if it is none.
bool decode_base64(std::string_view text, std::string& bytes);

}  // namespace immure
