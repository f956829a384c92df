// The options of bubblewrap that are operations, in their order, with those that modify the next
// one: --perms, --size, --overlay-src. Internal to parse_bwrap. Pure. Authority: bwrap(1).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/bwrap_args.h"
#include "config/bwrap_options.h"

namespace immure {

// The first mistake is the one that is told. What fails gives false.
struct BwrapMistakes {
  std::optional<BwrapMistake> first;

  bool fail(std::string text, int errnum = 0);
  bool read_descriptor(const std::string& word, int& fd);
};

// Each function gives false after a mistake.
class BwrapOperations {
 public:
  // Both are borrowed.
  BwrapOperations(OrderedSpec& spec, BwrapMistakes& mistake) : spec_(spec), mistake_(mistake) {}

  // Nothing comes between the layers of an overlay and what makes it.
  bool fits_layers(BwrapOption option);

  // Nothing comes between a modifier and what it modifies but the other one.
  bool fits_modifiers(BwrapOption option);

  // Also false, without a mistake: the option is none of these.
  bool take(BwrapOption option, std::span<const std::string> values, const Origin& origin);

  // At the end: there are no layers left.
  bool are_complete();

 private:
  using What = decltype(Operation::what);

  bool read_mode(const std::string& word, const char* name, mode_t& mode);
  bool take_modifier(BwrapOption option, std::span<const std::string> values);
  // `has_mode`: it is one that --perms is for, which is used up then.
  bool add(What what, const std::string& target, bool has_mode = false);
  bool take_operation(BwrapOption option, std::span<const std::string> values);
  bool add_overlay(BwrapOption option, std::span<const std::string> values);

  OrderedSpec& spec_;
  BwrapMistakes& mistake_;
  Origin origin_;  // of the option that is read

  std::optional<mode_t> perms_;
  std::optional<std::uint64_t> size_;
  std::vector<std::string> layers_;
};

}  // namespace immure
