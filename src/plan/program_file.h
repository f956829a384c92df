// What the kernel and the loader read of a program before it runs. Only for explaining a failure:
// no good start looks into a file. Before clone, and in the monitor. Authority: elf(5), execve(2).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"

namespace immure {

struct ProgramFile {
  enum class Kind : std::uint8_t { elf, script, other };
  Kind kind = Kind::other;
  std::uint16_t machine = 0;        // elf: EM_…
  bool is_64 = true;                // elf
  std::string interpreter;          // elf: PT_INTERP, empty: static; script: the word after "#!"
  std::vector<std::string> needed;  // elf: DT_NEEDED
  std::string run_path;             // elf: DT_RUNPATH, or DT_RPATH; "$ORIGIN" as it stands
  std::string head;                 // the first 256 bytes, as binfmt_misc compares them
};

// Never blocks on a fifo or device: what is not a regular file is an Error.
Result<ProgramFile> read_program(const std::string& path);

// "aarch64", "i386"; "machine 4711" for one without a name here.
std::string machine_name(std::uint16_t machine);

// "x86_64-linux-gnu", the directory of a machine's libraries on Debian; empty: unknown.
std::string multiarch_name(std::uint16_t machine);

// The emulator that binfmt_misc names for a file that begins so; empty: none. `entries` is its
// directory, /proc/sys/fs/binfmt_misc but in tests.
std::string emulator_of(const ProgramFile& program, const std::string& entries);

}  // namespace immure
