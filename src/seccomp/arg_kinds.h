// How the kernel takes the arguments of each system call: what a rule can compare, and how.
// Constant data; build time and before clone. Authority: the kernel's include/linux/syscalls.h.
#pragma once

#include <cstdint>
#include <string_view>

namespace immure {

enum class ArgKind : std::uint8_t {
  none,     // the call has no such argument, or nothing is known of it
  int16,    // a mode of a file: cut down to 16 bits
  int32,    // an int, or cut down to one
  whole,    // all 64 bits
  pointer,  // what it points to can't be seen by a filter
  other,    // on i386, not what x86-64 has at this place
};

// `arg` counts from 0. For i386 under its own names ("mmap2") and those of x86-64.
ArgKind arg_kind(std::string_view call, unsigned arg);

// The same for i386, where `call` is how the call of x86-64 named `meant` is known there: "mmap2"
// for "mmap", or the same name twice.
ArgKind arg_kind_i386(std::string_view call, std::string_view meant, unsigned arg);

}  // namespace immure
