// The whole page of explain: pages/NAME.toml is a profile, pages/NAME.page what is shown of it on
// the machine of plan/fake_host.cc, 80 columns wide and without colour. The first lines of a
// profile may change the start: "# shipped: X" takes the shipped profile X instead of the text;
// "# command: ls -l", "# file: /x", "# directory: /x" and "# program: /x" as in the golden plans.
// IMMURE_UPDATE_GOLDEN=1 writes the pages anew.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "commands/explain_text.h"
#include "commands/pipeline.h"
#include "plan/fake_host.h"

namespace immure {
namespace {

namespace fs = std::filesystem;

const fs::path kPages = fs::path(IMMURE_SOURCE_DIR) / "tests/commands/pages";
constexpr std::size_t kWidth = 80;

std::string read(const fs::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<std::string> words(const std::string& line) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < line.size();) {
    const std::size_t end = std::min(line.find(' ', at), line.size());
    if (end > at) out.push_back(line.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

struct Start {
  std::vector<std::string> command = {"true"};
  std::string shipped;  // the name of the profile; empty: the text is one
};

void apply_directives(const std::string& profile, FakeFiles& files, Start& start) {
  for (std::size_t at = 0; profile.compare(at, 2, "# ") == 0;) {
    const std::size_t end = profile.find('\n', at);
    const std::string line = profile.substr(at + 2, end - at - 2);
    const std::size_t colon = std::min(line.find(": "), line.size());
    const std::string name = line.substr(0, colon);
    const std::string value = line.substr(std::min(colon + 2, line.size()));
    if (name == "shipped") start.shipped = value;
    if (name == "command") start.command = words(value);
    if (name == "file") files.add_file(value);
    if (name == "directory") files.add_directory(value);
    if (name == "program") files.add_program(value);
    at = end + 1;
  }
}

std::string page_of_profile(const std::string& name, const std::string& profile) {
  FakeFiles files;
  add_usual_files(files);
  Start start;
  apply_directives(profile, files, start);
  const Host host = usual_host(files);
  Choice choice;
  if (start.shipped.empty()) {
    choice.project = ProfileText{.source = std::make_shared<const SourceFile>(
                                     SourceFile{.name = name + ".toml", .text = profile}),
                                 .path = "/home/u/proj/" + name + ".toml",
                                 .directory = "/home/u/proj",
                                 .identity = name,
                                 .project = name};
  } else {
    choice.names = {"system:" + start.shipped};
  }
  const auto result = prepare(choice, {.rest = start.command}, Purpose::explain, host);
  if (const auto* errors = std::get_if<Errors>(&result)) {
    std::string text;
    for (const Error& error : *errors) text += format_error(error, {});
    return text;
  }
  return explain_page(std::get<Prepared>(result), {.width = kWidth, .home = host.home}, true);
}

std::vector<std::string> page_names() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(kPages)) {
    if (entry.path().extension() == ".toml") names.push_back(entry.path().stem());
  }
  std::sort(names.begin(), names.end());
  return names;
}

class Page : public testing::TestWithParam<std::string> {};

TEST_P(Page, ProfileIsExplainedLikeThis) {
  const std::string page = page_of_profile(GetParam(), read(kPages / (GetParam() + ".toml")));
  const fs::path expected = kPages / (GetParam() + ".page");
  if (std::getenv("IMMURE_UPDATE_GOLDEN") != nullptr) std::ofstream(expected) << page;
  EXPECT_EQ(page, read(expected));
}

INSTANTIATE_TEST_SUITE_P(Explain, Page, testing::ValuesIn(page_names()), [](const auto& test) {
  std::string name = test.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

// So that "everything" stays true: a kind of fact that no page shows is not seen in any review.
TEST(Pages, TheyShowEveryHeadingThereIs) {
  std::string all;
  for (const std::string& name : page_names()) all += read(kPages / (name + ".page"));
  for (int i = 0; i <= static_cast<int>(Heading::filter); ++i) {
    const std::string heading(title(static_cast<Heading>(i)));
    EXPECT_TRUE(all.contains("\n" + heading + "\n")) << heading;
  }
}

}  // namespace
}  // namespace immure
