// Runs while immure is built: writes the shipped profiles and intents as rows {name, text, code,
// match} for profile_file.cc, each parsed already. A file that is no TOML ends the build.
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <variant>

#include "base/log.h"
#include "config/document_code.h"

namespace {

// Any byte survives as three octal digits.
std::string literal(const std::string& bytes) {
  std::string out = "{\"";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += '\\';
    for (const unsigned shift : {6U, 3U, 0U}) out += static_cast<char>('0' + (byte >> shift & 7U));
  }
  return out + "\", " + std::to_string(bytes.size()) + "}";
}

// "…/profiles/allow/cwd.toml" -> "allow/cwd", "…/profiles/build.toml" -> "build".
std::string name_of(const std::string& path, const std::string& top) {
  constexpr std::size_t kExtension = 5;  // ".toml"
  return path.substr(top.size() + 1, path.size() - top.size() - 1 - kExtension);
}

// The items of its top-level `match`.
std::string match_of(const immure::Node& root) {
  std::string items;
  for (const immure::Member& member : root.members) {
    if (member.key != "match") continue;
    for (const immure::Node& item : member.value.items) items += item.text + '\n';
  }
  return items;
}

}  // namespace

int main(int argc, char** argv) {  // NOLINT(bugprone-exception-escape): it ends the build
  if (argc < 3) {
    std::fprintf(stderr, "usage: profiles_generate OUT DIRECTORY FILE…\n");
    return 2;
  }
  std::string rows;
  for (int i = 3; i < argc; ++i) {
    const std::string path = argv[i];
    std::ifstream in(path, std::ios::binary);
    auto file = std::make_shared<immure::SourceFile>();
    file->name = path;
    file->text.assign(std::istreambuf_iterator<char>(in), {});
    if (!in) {
      std::perror(path.c_str());
      return 1;
    }
    const auto parsed = immure::parse_document(file);
    if (const auto* errors = std::get_if<immure::Errors>(&parsed)) {
      for (const immure::Error& error : *errors) immure::log_error(error, {});
      return 1;
    }
    const auto& root = std::get<immure::Node>(parsed);
    rows += "{\"" + name_of(path, argv[2]) + "\", " + literal(file->text) + ", " +
            literal(immure::encode_document(root)) + ", " + literal(match_of(root)) + "},\n";
  }
  std::ofstream out(argv[1], std::ios::binary);
  out << rows;
  return out.flush() ? 0 : 1;
}
