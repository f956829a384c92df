// One or two layers, each the text of a profile with a line of '#' and '=' between them, down to
// the plan: what is merged, checked and lowered has the properties of plan_properties.h.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "config/toml_profile.h"
#include "made_up.h"
#include "require.h"

namespace immure::fuzz {
namespace {

constexpr std::string_view kBetween = "\n#====\n";

void try_text(std::string_view text) {
  std::vector<SandboxSpec> layers;
  while (true) {
    const std::size_t end = std::min(text.find(kBetween), text.size());
    const auto file = std::make_shared<const SourceFile>(
        SourceFile{.name = "fuzz.toml", .text = std::string(text.substr(0, end))});
    auto parsed = parse_profile(file, "/home/u/profiles", circumstances());
    if (const auto* errors = std::get_if<Errors>(&parsed)) return try_errors(*errors);
    layers.push_back(std::move(std::get<ProfileLayer>(parsed).spec));
    if (end == text.size()) break;
    text.remove_prefix(end + kBetween.size());
  }
  try_layers(layers);
}

}  // namespace
}  // namespace immure::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  immure::fuzz::try_text({reinterpret_cast<const char*>(bytes), size});
  return 0;
}
