// A filter that comes ready-made in a file, for `seccomp.file`: a classic BPF program as bwrap's
// --seccomp takes it (an array of sock_filter as it lies in memory, what seccomp_export_bpf(3)
// writes), or the object `linux.seccomp` of an OCI config.json. Pure: takes the bytes. See
// seccomp(2) and the OCI runtime specification, config-linux.
#pragma once

#include <linux/filter.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "seccomp/policy.h"

namespace immure {

// The program, as the kernel would take it: each instruction one that it lets a filter have, each
// jump inside, the last one a return. Errors are Code::filter_file, with no origin.
Result<std::vector<sock_filter>> read_filter_file(std::string_view bytes);

// The policies that an OCI filter stands for, one for each ABI of this processor that it names; of
// several entries that hold for a call, the strictest decides. Calls of other ABIs end the process.
// Without a word on ABIs it is for the processor's own.
Result<std::vector<Policy>> read_oci_filter(std::string_view json);

// The names that no system call known here has, of entries that are stricter than defaultAction: a
// slip of the pen, or a call that is newer than immure. Empty where the filter cannot be read.
std::vector<std::string> unknown_to_refuse(std::string_view json);

// Whether the kernel would load it, in words; empty: it would.
std::string why_no_program(std::span<const sock_filter> program);

}  // namespace immure
