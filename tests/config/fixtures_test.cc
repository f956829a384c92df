// fixtures/NAME.toml holds a profile with mistakes, NAME.expected what is printed about them.
// IMMURE_UPDATE_GOLDEN=1 writes the latter anew. Of lint_* and refused_* there is nothing left to
// say once lint.allow names the codes that their .expected names.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "config/intents.h"
#include "config/profile_text.h"
#include "spec/check.h"
#include "spec/lint.h"
#include "spec/merge.h"

namespace immure {
namespace {

namespace fs = std::filesystem;

const fs::path kFixtures = fs::path(IMMURE_SOURCE_DIR) / "tests/config/fixtures";

std::string content(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// What `immure check` would print of it, the warnings first.
std::string messages(const std::string& name, std::string profile) {
  auto file = std::make_shared<SourceFile>();
  file->name = name;
  file->text = std::move(profile);
  auto parsed = parse_profile(file, "/etc/immure/profiles", testing::someone());
  if (std::holds_alternative<Errors>(parsed)) return testing::errors_of(parsed);
  const SandboxSpec& layer = std::get<ProfileLayer>(parsed).spec;
  const auto expanded = expand_intents(layer.allow, false, testing::someone());
  if (std::holds_alternative<Errors>(expanded)) return testing::errors_of(expanded);
  SandboxSpec spec;
  Errors warnings;
  for (const ExpandedIntent& intent : std::get<ExpandedIntents>(expanded).intents) {
    merge(spec, intent.spec, warnings);
  }
  merge(spec, layer, warnings);
  spec.allow.clear();
  const HostPlaces places{.home = "/home/ann", .runtime_dir = "/run/user/1000"};
  drop_allowed(warnings, spec);
  for (Error& warning : lint(spec, places)) warnings.push_back(std::move(warning));
  std::string text;
  for (const Error& warning : warnings) text += format_warning(warning, LogStyle{});
  return text + testing::errors_of(check(std::move(spec), places));
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
  const std::string printed = messages(profile.filename(), content(profile));
  if (std::getenv("IMMURE_UPDATE_GOLDEN") != nullptr) std::ofstream(expected) << printed;
  EXPECT_EQ(printed, content(expected));
  EXPECT_NE(printed, "") << "a fixture shows at least one mistake";
}

std::set<std::string> lint_codes_in(const std::string& text) {
  constexpr std::size_t length = 4;  // W7xx
  std::set<std::string> found;
  for (std::size_t at = text.find("W7"); at != text.npos; at = text.find("W7", at + 1)) {
    const std::string code = text.substr(at, length);
    if (code.find_first_not_of("0123456789", 1) == code.npos) found.insert(code);
  }
  return found;
}

std::string allowing(const std::set<std::string>& codes) {
  std::string items;
  for (const std::string& code : codes) items += '"' + code + "\", ";
  return "lint.allow = [" + items + "]\n";
}

class Acknowledged : public ::testing::TestWithParam<std::string> {};

TEST_P(Acknowledged, IsSilentOnlyWhenItsOwnCodesAre) {
  const std::string profile = content(kFixtures / (GetParam() + ".toml"));
  const std::string before = messages("p.toml", "# \n" + profile);
  const std::set<std::string> codes = lint_codes_in(before);
  ASSERT_FALSE(codes.empty());
  EXPECT_EQ(messages("p.toml", allowing(codes) + profile), "");
  std::set<std::string> others = {"W710", "W720", "W721", "W722", "W723", "W724", "W725", "W726",
                                  "W727", "W730", "W731", "W740", "W741", "W750", "W751", "W752"};
  for (const std::string& code : codes) others.erase(code);
  EXPECT_EQ(messages("p.toml", allowing(others) + profile), before);
}

std::vector<std::string> names_to_acknowledge() {
  std::vector<std::string> found = names();
  std::erase_if(found, [](const std::string& name) {
    return (!name.starts_with("lint_") && !name.starts_with("refused_")) || name == "lint_code";
  });
  return found;
}

INSTANTIATE_TEST_SUITE_P(Lint, Acknowledged, ::testing::ValuesIn(names_to_acknowledge()),
                         [](const auto& fixture) { return fixture.param; });

INSTANTIATE_TEST_SUITE_P(Messages, Fixture, ::testing::ValuesIn(names()),
                         [](const auto& fixture) { return fixture.param; });

}  // namespace
}  // namespace immure
