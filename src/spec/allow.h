// [allow]: intents, by name. What each becomes stands in its data file; the config layer expands
// them before a spec is checked. Pure values.
#pragma once

#include <cstdint>
#include <string>

#include "spec/setting.h"

namespace immure {

struct IntentValue {
  enum class Kind : std::uint8_t {
    off,    // false: withdraws what an earlier layer allowed
    on,     // true: the intent's own default
    word,   // one of the words of its data file
    items,  // a set of names
  };
  Kind kind = Kind::on;
  std::string word;  // Kind::word
  SetEdit items;     // Kind::items; united with those of earlier layers
  bool operator==(const IntentValue&) const = default;
};

using Allow = KeyedSettings<IntentValue>;

}  // namespace immure
