#include "config/variables.h"

#include <gtest/gtest.h>

#include "config/profile_text.h"

namespace immure {
namespace {

using testing::someone;

std::string expanded(std::string_view text, const Circumstances& circumstances = someone()) {
  auto result = expand(text, circumstances, "/etc/immure/profiles", Origin{});
  return result.ok() ? result.value() : "error: " + result.error().doing;
}

TEST(Variables, AreThoseOfTheStart) {
  EXPECT_EQ(expanded("${HOME}|${USER}|${UID}|${GID}|${ARCH}"), "/home/ann|ann|1000|1001|x86_64");
  EXPECT_EQ(expanded("${CWD}|${PROJECT}|${PROFILE_DIR}"),
            "/home/ann/work|/home/ann/work|/etc/immure/profiles");
  EXPECT_EQ(expanded("${EXE}|${EXE_DIR}"), "/opt/tool/bin/tool|/opt/tool/bin");
  EXPECT_EQ(expanded("${NAME}|${STATE}"), "web|/home/ann/.local/state/immure/web");
  EXPECT_EQ(expanded("${TMPDIR}"), "/tmp");
}

TEST(Variables, OfTheDesktopStandardHaveItsDefaultsBelowTheHome) {
  EXPECT_EQ(expanded("${XDG_CONFIG_HOME}|${XDG_CACHE_HOME}|${XDG_DATA_HOME}|${XDG_STATE_HOME}"),
            "/home/ann/.config|/home/ann/.cache|/home/ann/.local/share|/home/ann/.local/state");
  Circumstances other = someone();
  other.environment.add("XDG_CACHE_HOME", "/var/cache/ann");
  other.environment.add("XDG_STATE_HOME", "relative/is/ignored");
  other.environment.add("XDG_RUNTIME_DIR", "/run/user/1000");
  EXPECT_EQ(expanded("${XDG_CACHE_HOME}|${XDG_STATE_HOME}|${XDG_RUNTIME_DIR}", other),
            "/var/cache/ann|/home/ann/.local/state|/run/user/1000");
}

TEST(Variables, OfTheCallerAreReachedThroughEnv) {
  EXPECT_EQ(expanded("${env:EDITOR}"), "vi");
  EXPECT_EQ(expanded("${env:EDITOR:-ed}"), "vi");
  EXPECT_EQ(expanded("${env:NOT_SET:-a/b}"), "a/b");
  EXPECT_EQ(expanded("${env:EMPTY:-}"), "");
  EXPECT_EQ(expanded("${env:NOT_SET}"), "error: variable ${env:NOT_SET} is unset or empty");
  EXPECT_EQ(expanded("${env:EMPTY}"), "error: variable ${env:EMPTY} is unset or empty");
}

TEST(Variables, ValuesAreNotExpandedAgain) {
  Circumstances tricky = someone();
  tricky.environment = {{"EDITOR", "${HOME}"}};
  EXPECT_EQ(expanded("${env:EDITOR}", tricky), "${HOME}");
}

TEST(Variables, TwoDollarsAreOneAndALoneOneIsAnError) {
  EXPECT_EQ(expanded("a$$b"), "a$b");
  EXPECT_EQ(expanded("$${HOME}"), "${HOME}");
  EXPECT_EQ(expanded("$HOME"), "error: a lone \"$\"");
  EXPECT_EQ(expanded("a$"), "error: a lone \"$\"");
  EXPECT_EQ(expanded("${HOME"), "error: \"${\" has no \"}\"");
}

TEST(Variables, ATildeIsTheHomeOnlyInFrontAndAlone) {
  EXPECT_EQ(expanded("~"), "/home/ann");
  EXPECT_EQ(expanded("~/x"), "/home/ann/x");
  EXPECT_EQ(expanded("~bob/x"), "~bob/x");
  EXPECT_EQ(expanded("/a/~"), "/a/~");
}

TEST(Variables, UnknownOnesAreErrorsAtTheirColumnWithTheClosestName) {
  const auto file = std::make_shared<SourceFile>();
  const Origin origin{.file = file, .line = 3, .column = 10};
  auto result = expand("/x/${HOEM}", someone(), "", origin);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, Code::variable);
  EXPECT_EQ(result.error().doing, "unknown variable ${HOEM}");
  EXPECT_EQ(result.error().hint, "did you mean ${HOME}?");
  EXPECT_EQ(result.error().origin.column, 13U);
}

TEST(Variables, WithoutAValueAreErrorsToo) {
  Circumstances bare = someone();
  bare.home = bare.cwd = bare.exe = "";
  EXPECT_EQ(expanded("${CWD}", bare), "error: variable ${CWD} has no value here");
  EXPECT_EQ(expanded("${EXE_DIR}", bare), "error: variable ${EXE_DIR} has no value here");
  EXPECT_EQ(expanded("${XDG_CONFIG_HOME}", bare),
            "error: variable ${XDG_CONFIG_HOME} has no value here");
  EXPECT_EQ(expanded("~/x", bare), "error: \"~\" is unset: this user has no home directory");
}

}  // namespace
}  // namespace immure
