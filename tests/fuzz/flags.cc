// Any words as the options of a command line, down to the plan: --set and its kind, paths, globs
// and variables. Words end with a NUL.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/flag_layer.h"
#include "config/options.h"
#include "config/reset_key.h"
#include "made_up.h"
#include "require.h"

namespace immure::fuzz {
namespace {

void try_words(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\0'), text.size());
    words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  const Result<Arguments> arguments = parse_arguments(pointers, at_run);
  if (!arguments.ok()) return try_errors({arguments.error()});
  const auto read = flag_layers(arguments.value().options, circumstances());
  if (const auto* errors = std::get_if<Errors>(&read)) return try_errors(*errors);
  std::vector<SandboxSpec> layers;
  for (const FlagLayer& layer : std::get<std::vector<FlagLayer>>(read)) {
    if (layer.reset) {
      for (SandboxSpec& below : layers) {
        const auto done = reset_key(below, layer.reset->key, circumstances(), layer.reset->origin);
        if (const auto* error = std::get_if<Error>(&done)) return try_errors({*error});
      }
    }
    layers.push_back(layer.spec);
  }
  try_layers(layers);
}

}  // namespace
}  // namespace immure::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  immure::fuzz::try_words({reinterpret_cast<const char*>(bytes), size});
  return 0;
}
