// Foreign bytes made safe to print, and other small text work. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace immure {

// Every control character, invalid UTF-8 byte, and bidi or invisible format character becomes an
// escape (\n, \x1b, \u{202e}); a backslash becomes two. Safe on a terminal and in a log.
std::string escape(std::string_view text);

// As escape(), but a backslash stays one: for text of ours that holds escape()d parts. Doing it
// twice changes nothing.
std::string printable(std::string_view text);

// escape()d and in double quotes, with '"' escaped too.
std::string quote(std::string_view text);

// A JSON string with its quotes, in ASCII alone: what is not ASCII becomes \uXXXX (a pair of them
// above U+FFFF), a byte that is not UTF-8 becomes U+FFFD. RFC 8259
std::string json_string(std::string_view text);

// "No such file or directory (ENOENT)".
std::string errno_words(int errnum);

// "64M", "512K", "1000": the largest binary unit that divides it.
std::string show_size(unsigned long long bytes);

// In base 8, with zeros in front of what has fewer digits: "755"; with 4 digits "0755".
std::string octal(unsigned long long value, std::size_t digits = 1);

std::string hex(unsigned long long value);  // "0x1f"

// Of a terminal, where each character takes one. `utf8` holds nothing that is not shown.
std::size_t columns(std::string_view utf8);

// The closest of the candidates within an edit distance of 2 (a swap of neighbours counts as one),
// or empty. Both words must be twice as long as the distance, or short words would be like any
// other.
std::string closest(std::string_view word, const std::string_view* candidates, std::size_t count);

}  // namespace immure
