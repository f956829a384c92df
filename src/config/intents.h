// The intents of [allow] become mechanism: each is a data file, a fragment of a profile with a few
// keys of its own:
//   description   one line
//   default       the value that `true` stands for, where there are values
//   value.V       the fragment for the value V, besides what stands at the top ("true" for `true`)
//   items, item   the fragments for a set of names: once, and once for each as ${ITEM}
//   part.P        a fragment that several values name in `parts`
//   implies       other intents that come along, unless the profile says what it wants of them
//   each          "arguments": the items are the existing files among the command's arguments
//   turns         "on setid", "off jit": what has no key of its own
//   unless        "cwd-private": left out, with a note, where the current directory is the home …
// Before clone; reads data files.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "config/variables.h"
#include "spec/sandbox_spec.h"

namespace immure {

// What one intent became. Its origins are the line that allowed it.
struct ExpandedIntent {
  std::string name;
  std::string description;
  std::string value;  // "true", a word, or the names
  SandboxSpec spec;
};

struct ExpandedIntents {
  std::vector<ExpandedIntent> intents;  // in the order of their names, implied ones last
  std::vector<std::string> notes;       // for the user: what was left out, and why
};

// `allow` is that of all layers together. Whatever else they say is stronger than any intent, and
// to be merged on top of the intents' specs. `cwd_is_keyed`: a layer has an entry of [fs] for the
// current directory, so that there is nothing to note where the intent leaves it out.
std::variant<ExpandedIntents, Errors> expand_intents(const Allow& allow, bool cwd_is_keyed,
                                                     const Circumstances& circumstances);

}  // namespace immure
