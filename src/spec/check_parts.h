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

void check_state(const State& state, Problems& problems);
void check_user(const User& user, Problems& problems);
void check_scheduling(const Process& process, Problems& problems);

}  // namespace immure
