// Text as roff, the language of manual pages: groff_man(7). Pure.
#pragma once

#include <string>
#include <string_view>

namespace immure {

// The text as it stands: nothing of it is taken for a request, and '-' can be copied as one.
std::string roff(std::string_view text);

std::string roff_bold(std::string_view text);

// As a synopsis has it: "[OPTIONS] PATH[:DEST]", with the words in capitals in italics.
std::string roff_arguments(std::string_view text);

// A paragraph with a tag, which is roff already.
std::string roff_tagged(const std::string& tag, const std::string& text);

// "immure-run(1)"
std::string roff_reference(std::string_view page, int section);

}  // namespace immure
