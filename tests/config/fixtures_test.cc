// fixtures/NAME.toml holds a profile with mistakes, NAME.expected what is printed about them.
// IMMURE_UPDATE_GOLDEN=1 writes the latter anew.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "config/profile_text.h"
#include "spec/check.h"
#include "spec/merge.h"

namespace immure {
namespace {

namespace fs = std::filesystem;

const fs::path kFixtures = fs::path(IMMURE_SOURCE_DIR) / "tests/config/fixtures";

std::string content(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// What `immure check` would print.
std::string messages(const fs::path& path) {
  auto file = std::make_shared<SourceFile>();
  file->name = path.filename();
  file->text = content(path);
  auto parsed = parse_profile(file, "/etc/immure/profiles", testing::someone());
  if (std::holds_alternative<Errors>(parsed)) return testing::errors_of(parsed);
  SandboxSpec spec;
  Errors warnings;
  merge(spec, std::get<ProfileLayer>(parsed).spec, warnings);
  std::string text;
  for (const Error& warning : warnings) text += format_warning(warning, LogStyle{});
  return text + testing::errors_of(check(std::move(spec)));
}

std::vector<std::string> names() {
  std::vector<std::string> found;
  for (const auto& entry : fs::directory_iterator(kFixtures)) {
    if (entry.path().extension() == ".toml") found.push_back(entry.path().stem());
  }
  std::sort(found.begin(), found.end());
  return found;
}

class Fixture : public ::testing::TestWithParam<std::string> {};

TEST_P(Fixture, IsAnsweredWithExactlyTheseWords) {
  const fs::path profile = kFixtures / (GetParam() + ".toml");
  const fs::path expected = kFixtures / (GetParam() + ".expected");
  const std::string printed = messages(profile);
  if (std::getenv("IMMURE_UPDATE_GOLDEN") != nullptr) std::ofstream(expected) << printed;
  EXPECT_EQ(printed, content(expected));
  EXPECT_NE(printed, "") << "a fixture shows at least one mistake";
}

INSTANTIATE_TEST_SUITE_P(Messages, Fixture, ::testing::ValuesIn(names()),
                         [](const auto& fixture) { return fixture.param; });

}  // namespace
}  // namespace immure
