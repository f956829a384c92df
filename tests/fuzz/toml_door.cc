// Any bytes as the text of a profile: a layer, or errors that can be shown and point into the text.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "base/log.h"
#include "config/document_code.h"
#include "config/toml_profile.h"
#include "made_up.h"
#include "require.h"

namespace immure::fuzz {
namespace {

void try_text(std::string text) {
  const auto file =
      std::make_shared<const SourceFile>(SourceFile{.name = "fuzz.toml", .text = std::move(text)});
  const auto parsed = parse_profile(file, "/etc/immure/profiles", circumstances());
  if (const auto* errors = std::get_if<Errors>(&parsed)) {
    try_errors(*errors);
    for (const Error& error : *errors) {
      require(error.origin.file == file, "an error of this file", error.doing);
      require(error.origin.line <= std::uint32_t(std::ranges::count(file->text, '\n') + 1),
              "a line of the file", error.doing);
    }
  }
  const auto document = parse_document(file);
  if (const auto* root = std::get_if<Node>(&document)) {
    const std::string code = encode_document(*root);
    const Node again = decode_document(code);
    require(encode_document(again) == code, "the same document from its code");
    const auto read = read_profile(again, file, "/etc/immure/profiles", circumstances());
    require(read.index() == parsed.index(), "the same profile from its code");
    if (const auto* layer = std::get_if<ProfileLayer>(&read)) {
      require(layer->spec == std::get<ProfileLayer>(parsed).spec, "the same spec from its code");
    }
  } else {
    require(std::holds_alternative<Errors>(parsed), "an error of what is no document");
  }
}

}  // namespace
}  // namespace immure::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  immure::fuzz::try_text({reinterpret_cast<const char*>(bytes), size});
  return 0;
}
