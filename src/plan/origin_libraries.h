// Whether a program loads libraries from its own directory. Reads the file. Before clone only.
// Authority: elf(5), ld.so(8) on $ORIGIN.
#pragma once

#include <string>

namespace immure {

// The file is an ELF program of this machine's class whose DT_RPATH or DT_RUNPATH begins a part
// with $ORIGIN. False also for what cannot be read.
bool uses_origin(const std::string& path);

}  // namespace immure
