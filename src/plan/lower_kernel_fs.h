// The kernel's own file systems, and a minimal /dev. Pure.
#pragma once

#include <string>
#include <string_view>

#include "plan/host.h"
#include "plan/root_builder.h"
#include "spec/sandbox_spec.h"

namespace immure {

// `place` is a mount point that exists when the steps run.
void add_kernel_fs(const KernelMount& mount, const SandboxSpec& spec, const Host& host,
                   RootBuilder& builder, const std::string& place, const Origin& origin);

// "/dev/null" and the others of the minimal /dev, which keep nothing that is written to them.
bool is_plain_device(std::string_view source);

// Covers what a /proc at `place` says of the whole machine, and makes its switches read-only. Not
// where nested user namespaces are open to an ordinary user: the kernel refuses them a fresh /proc
// while any part of the one they see is covered, and root of the machine alone could use the rest.
void mask_proc(const SandboxSpec& spec, const Host& host, RootBuilder& builder,
               const std::string& place, const Origin& origin);

}  // namespace immure
