// What the files of check() share. Pure.
#pragma once

#include <string>
#include <utility>

#include "base/error.h"
#include "spec/sandbox_spec.h"

namespace immure {

struct Problems {
  Errors list;

  void add(Code code, const Origin& origin, std::string what, std::string hint = {}) {
    list.push_back(
        Error{.code = code, .doing = std::move(what), .origin = origin, .hint = std::move(hint)});
  }
};

// Letters, digits, '-', '.' and '_': what names of hosts, users and sysctls are made of.
constexpr bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_';
}

void check_namespaces(const SandboxSpec& spec, Problems& problems);
// A mount that shows a namespace has to have an own one.
void check_kernel_mount(const SandboxSpec& spec, const Mount& mount, Problems& problems);
void check_state(const State& state, Problems& problems);
void check_user(const User& user, Problems& problems);
void check_scheduling(const Process& process, Problems& problems);

}  // namespace immure
