#include "config/reader.h"

#include <algorithm>
#include <utility>

#include "base/path.h"
#include "base/text.h"

namespace immure {

void Reader::fail(Code code, Place place, std::string what, std::string hint) {
  errors_.push_back(Error{
      .code = code, .doing = std::move(what), .origin = here(place), .hint = std::move(hint)});
}

void Reader::fail_at(Place place, Error error) {
  error.origin = here(place);
  errors_.push_back(std::move(error));
}

bool Reader::is_intent(std::string_view name) const {
  const std::vector<std::string>& others = circumstances_.intents.get();
  return std::find(others.begin(), others.end(), name) != others.end();
}

void Reader::wrong_type(const Node& node, std::string_view key, std::string_view wanted,
                        std::string hint) {
  fail(Code::wrong_type, node.place,
       quote(key) + " takes " + std::string(wanted) + ", not " + std::string(kind_words(node.kind)),
       std::move(hint));
}

std::string Reader::line_text(std::uint32_t line) const {
  std::string_view rest = file_->text;
  for (; line > 1; --line) {
    const auto newline = rest.find('\n');
    if (newline == std::string_view::npos) return {};
    rest.remove_prefix(newline + 1);
  }
  rest = rest.substr(0, rest.find('\n'));
  constexpr std::size_t kMost = 80;
  return escape(rest.substr(0, kMost));
}

std::optional<std::string> Reader::expand_at(std::string_view text, Place place, ExpandStyle style,
                                             bool* unset) {
  if (text.find('$') == std::string_view::npos && !text.starts_with('~')) return std::string(text);
  Expansion expansion = expand_text(text, circumstances_, profile_dir_, here(place), style);
  if (!expansion.error) return std::move(expansion.text);
  if (unset != nullptr && expansion.unset) {
    *unset = true;
  } else {
    errors_.push_back(std::move(*expansion.error));
  }
  return std::nullopt;
}

std::optional<std::string> Reader::path_text(std::string_view text, Place place,
                                             std::string_view where, ExpandStyle style,
                                             bool* unset) {
  const auto expanded = expand_at(text, place, style, unset);
  if (!expanded) return std::nullopt;
  // The message is about the whole value, so it points at its quotes.
  const Place value = place.column > 1 ? Place{place.line, place.column - 1} : place;
  std::string at(where);
  if (!at.empty()) at.insert(0, 1, ' ');
  if (expanded->find('\0') != std::string::npos) {
    fail(Code::relative_path, value, "path " + quote(text) + at + " holds a NUL byte");
    return std::nullopt;
  }
  if (!is_absolute(*expanded)) {
    std::string_view plain = text;
    while (plain.starts_with("./")) plain.remove_prefix(2);
    std::string tail;
    if (!plain.empty() && plain != ".") tail = std::string("/").append(escape(plain));
    std::string hint = "write \"${CWD}" + tail + "\" (where you start)";
    if (!is_flag()) hint += " or \"${PROFILE_DIR}" + tail + "\" (beside this file)";
    if (text.empty()) hint = "an absolute path, or one that begins with ~ or a variable";
    if (text.starts_with('~')) hint = "only your own home is known as ~; write the other in full";
    if (text.starts_with('$')) hint = "it begins with " + quote(*expanded);
    fail(Code::relative_path, value, "relative path " + quote(text) + at, std::move(hint));
    return std::nullopt;
  }
  if (has_dot_dot(*expanded)) {
    fail(Code::relative_path, value, "path " + quote(text) + at + " holds \"..\"",
         "write where it leads, without \"..\"");
    return std::nullopt;
  }
  return normalize(*expanded);
}

std::optional<std::string> Reader::path(const Node& node, std::string_view where, bool* unset) {
  return path_text(node.text, inside_quotes(node), where, ExpandStyle{}, unset);
}

}  // namespace immure
