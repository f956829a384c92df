// Every shipped profile at its real work: what its program must do it does, what is refused is
// refused (and works outside), and no line of the profile is there for nothing. What is checked
// stands in profiles/NAME.checks, in the form of support/check_file.h.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "support/check_file.h"
#include "support/immure.h"
#include "support/toml_lines.h"

namespace immure::test {
namespace {

namespace fs = std::filesystem;

const fs::path kSource = IMMURE_SOURCE_DIR;

// What the scripts of checks call.
constexpr char kOutside[] = "run() { \"$@\"; }\nshell() { bash; }\n";
constexpr char kInside[] = R"(
run() { "$IMMURE" run -q -p "$PROFILE" -- "$@"; }
shell() { "$IMMURE" shell -q -p "$PROFILE"; }
chosen() { "$IMMURE" run -v --dry-run -- "$1" 2>&1 | sed -n 's/^profile \([^:]*\): .*/\1/p' | tail -n 1; }
)";

std::vector<std::string> shipped() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(kSource / "profiles")) {
    if (entry.path().extension() == ".toml") names.push_back(entry.path().stem());
  }
  std::sort(names.begin(), names.end());
  return names;
}

class Profiles : public testing::TestWithParam<std::string> {
 protected:
  // In the home, where all that is not shared is out of reach.
  Profiles() : top_(own_home()) {}

  void SetUp() override {
    IMMURE_REQUIRE_SANDBOX();
    file_ = parse_check_file(read_file(kSource / "tests/e2e/profiles" / (GetParam() + ".checks")));
    ASSERT_EQ(file_.mistake, "");
    ASSERT_FALSE(file_.checks.empty()) << "tests/e2e/profiles/" << GetParam() << ".checks";
    for (const std::string& program : file_.needs) {
      IMMURE_REQUIRE(installed(program), "no " + program);
    }
    fs::create_directories(top_.path() + "/input");
    top_.write("secret", "private words\n");
    const Outcome made = bash("set -e\n" + file_.setup, top_.path() + "/input", "");
    ASSERT_EQ(made.code, 0) << made.out << made.err;
  }

  Outcome bash(const std::string& script, const std::string& cwd, const std::string& profile) {
    const std::string run = profile.empty() ? kOutside : kInside;
    return immure::test::run({.argv = {"bash", "-c", run + script},
                              .environment = {{{"HOME", own_home()},
                                               {"USER", "user"},
                                               {"PATH", "/usr/bin:/bin"},
                                               {"LANG", "C.UTF-8"},
                                               {"SHELL", "/bin/bash"},
                                               {"TERM", "dumb"},
                                               {"XDG_CONFIG_HOME", top_.path() + "/config"},
                                               {"XDG_STATE_HOME", top_.path() + "/state"},
                                               {"XDG_DATA_HOME", top_.path() + "/data"},
                                               {"SECRET", top_.path() + "/secret"},
                                               {"IMMURE", binary()},
                                               {"PAYLOAD", IMMURE_PAYLOAD},
                                               {"PROFILE", profile}}},
                              .cwd = cwd});
  }

  // In a new copy of the input. An empty profile: outside.
  Outcome run_check(const Check& check, const std::string& profile) {
    const fs::path work = top_.path() + "/work";
    fs::remove_all(work);
    fs::remove_all(top_.path() + "/state");
    fs::copy(top_.path() + "/input", work,
             fs::copy_options::recursive | fs::copy_options::copy_symlinks);
    return bash(check.script, work, profile);
  }

  // The first check that ends otherwise than it does under the whole profile; empty: none.
  std::string changed_check(const std::string& profile) {
    for (const Check& check : file_.checks) {
      if (trimmed(run_check(check, profile).out) != trimmed(check.inside)) return check.title;
    }
    return {};
  }

  TempDir top_;
  CheckFile file_;
};

TEST_P(Profiles, DoesItsWorkAndNoMore) {
  for (const Check& check : file_.checks) {
    const Outcome inside = run_check(check, "system:" + GetParam());
    EXPECT_EQ(trimmed(inside.out), trimmed(check.inside)) << check.title << "\n" << inside.err;
    if (!check.run_outside) continue;
    const Outcome outside = run_check(check, "");
    EXPECT_EQ(trimmed(outside.out), trimmed(check.outside.value_or(check.inside)))
        << check.title << ", outside\n"
        << outside.err;
  }
}

TEST_P(Profiles, NoLineIsThereForNothing) {
  std::string mistake;
  const std::string whole = read_file(kSource / "profiles" / (GetParam() + ".toml"));
  const std::vector<Removal> all = removals(whole, mistake);
  ASSERT_EQ(mistake, "") << "a line that this test cannot take apart";
  ASSERT_FALSE(all.empty());
  for (const auto& [label, why] : file_.no_effect) {
    EXPECT_FALSE(trimmed(why).empty()) << label << " has no reason";
    EXPECT_TRUE(std::ranges::count(all, label, &Removal::label) == 1) << label << " is not there";
  }
  // As a profile of the user's, which is found before the shipped one, by the same name.
  const std::string name = "config/immure/profiles/" + GetParam() + ".toml";
  top_.write(name, whole);
  ASSERT_EQ(changed_check(GetParam()), "");
  for (const Removal& removal : all) {
    top_.write(name, removal.text);
    const Outcome parsed =
        immure::test::run({.argv = {binary(), "check", top_.path() + "/" + name}});
    EXPECT_FALSE(contains(parsed.err, "E101")) << removal.label << "\n" << parsed.err;
    const std::string changed = changed_check(GetParam());
    EXPECT_EQ(changed.empty(), file_.no_effect.contains(removal.label))
        << removal.label
        << (changed.empty() ? " can go, and nothing changes" : " is of use after all: " + changed);
    if (std::getenv("IMMURE_SHOW_CHECKS") != nullptr) {
      std::cout << removal.label << ": " << changed << "\n";
    }
  }
}

TEST_P(Profiles, SaysWhatItIsFor) {
  const std::string text = read_file(kSource / "profiles" / (GetParam() + ".toml"));
  EXPECT_TRUE(text.starts_with("# "));
  EXPECT_TRUE(contains(text, "\ndescription = \""));
  EXPECT_TRUE(contains(read_file(kSource / "README.md"), "| `" + GetParam() + "` |"));
}

INSTANTIATE_TEST_SUITE_P(Shipped, Profiles, testing::ValuesIn(shipped()), [](const auto& test) {
  std::string name = test.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace immure::test
