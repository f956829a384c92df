// A profile given as text, and made-up circumstances, for the tests of this folder.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/log.h"
#include "config/toml_profile.h"

namespace immure::testing {

inline Circumstances someone() {
  return Circumstances{.home = "/home/ann",
                       .user = "ann",
                       .cwd = "/home/ann/work",
                       .exe = "/opt/tool/bin/tool",
                       .uid = 1000,
                       .gid = 1001,
                       .arch = "x86_64",
                       .project = {"/home/ann/work"},
                       .environment = {{"EDITOR", "vi"}, {"EMPTY", ""}},
                       .name = "web"};
}

inline std::variant<ProfileLayer, Errors> parse(std::string text,
                                                const Circumstances& circumstances = someone()) {
  auto file = std::make_shared<SourceFile>();
  file->name = "web.toml";
  file->text = std::move(text);
  return parse_profile(file, "/etc/immure/profiles", circumstances);
}

// Every error as it is printed; empty when there is none.
inline std::string printed(const Errors& errors) {
  std::string text;
  for (const Error& error : errors) text += format_error(error, LogStyle{});
  return text;
}

template <class T>
std::string errors_of(const std::variant<T, Errors>& result) {
  const auto* errors = std::get_if<Errors>(&result);
  return errors == nullptr ? std::string() : printed(*errors);
}

// The spec of a text without errors; an empty one, and the errors on the terminal, otherwise.
inline SandboxSpec spec_of(std::string text, const Circumstances& circumstances = someone()) {
  auto result = parse(std::move(text), circumstances);
  if (auto* layer = std::get_if<ProfileLayer>(&result)) return std::move(layer->spec);
  log_error(std::get<Errors>(result).front(), LogStyle{});
  return {};
}

// The first line of the first error: "[E301] relative path …"; empty when there is none.
inline std::string first_error(std::string text, const Circumstances& circumstances = someone()) {
  const auto result = parse(std::move(text), circumstances);
  const std::string all = errors_of(result);
  const std::string_view line = std::string_view(all).substr(0, all.find('\n'));
  constexpr std::string_view kFront = "immure: error";
  return std::string(line.starts_with(kFront) ? line.substr(kFront.size()) : line);
}

}  // namespace immure::testing
