// A document in bytes. Shipped profiles are parsed when immure is built (config/generate.cc), so
// that no start parses them again; what is read back is the tree that parse_document() made. Pure.
#pragma once

#include <string>
#include <string_view>

#include "config/document.h"

namespace immure {

std::string encode_document(const Node& root);

// `code` is what encode_document() gave, by this same build; anything else is undefined.
Node decode_document(std::string_view code);

}  // namespace immure
