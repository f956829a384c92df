// Runs while immure is built: writes the manual pages.
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include "manual/pages.h"

namespace {

namespace fs = std::filesystem;

std::string read_file(const fs::path& path) {
  std::ifstream stream(path);
  return {std::istreambuf_iterator<char>(stream), {}};
}

// False: a part that no page would show, or a page that cannot be written.
bool generate(const fs::path& parts_directory, const fs::path& out) {
  std::map<std::string, immure::Sections> parts;
  for (const auto& file : fs::directory_iterator(parts_directory)) {
    if (file.path().extension() != ".man") continue;
    immure::Sections sections = immure::parse_sections(read_file(file.path()));
    if (sections.contains("?")) {
      std::fprintf(stderr, "%s: text in a section that manual pages do not have\n",
                   file.path().c_str());
      return false;
    }
    parts[file.path().stem()] = std::move(sections);
  }
  fs::create_directories(out);
  for (const immure::Page& page : immure::manual_pages(parts)) {
    std::ofstream stream(out / page.file());
    stream << page.text(IMMURE_VERSION);
    if (!stream.flush()) {
      std::perror((out / page.file()).c_str());
      return false;
    }
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: manual_generate PARTS_DIRECTORY DIRECTORY\n");
    return 2;
  }
  try {
    return generate(argv[1], argv[2]) ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "manual_generate: %s\n", error.what());
    return 1;
  }
}
