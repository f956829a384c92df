// Groups of system calls, "@mount", by the names and the meaning that systemd gave them; see
// SystemCallFilter= in systemd.exec(5). Constant data; build time and before clone.
#pragma once

#include <span>
#include <string_view>
#include <vector>

namespace immure {

struct SyscallGroup {
  std::string_view name;   // "@mount"
  std::string_view about;  // a few words
  std::string_view calls;  // and other groups, separated by spaces; those of all ABIs
};

// All but @known.
std::span<const SyscallGroup> syscall_groups();

// The names of all groups, "@known" among them.
std::vector<std::string_view> group_names();

// Whether there is a group of this name, which begins with '@'.
bool is_group(std::string_view name);

// The calls of a group, those of the groups in it too, each once and sorted. "@known": all that
// stand in another group or in the tables of our filters. Empty: no such group.
std::vector<std::string_view> calls_of_group(std::string_view name);

}  // namespace immure
