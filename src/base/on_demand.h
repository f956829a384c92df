// A value that is found when it is first asked for: no start pays for what its profile does not
// mention. For one thread. Before clone.
#pragma once

#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

namespace immure {

template <class T>
class OnDemand {
 public:
  // Settled: stands for the value.
  // NOLINTNEXTLINE(google-explicit-constructor)
  OnDemand(T value) : value_(std::move(value)) {}

  // `find` is called once at most for each copy; what it refers to must outlive them all.
  template <class Find>
  requires std::is_invocable_r_v<T, Find>
  explicit OnDemand(Find find) : find_(std::move(find)) {}

  const T& get() const {
    if (!value_) value_ = find_();
    return *value_;
  }

 private:
  std::function<T()> find_;
  mutable std::optional<T> value_;
};

}  // namespace immure
