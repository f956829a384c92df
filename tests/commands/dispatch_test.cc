#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "commands/command.h"

namespace immure {
namespace {

Outcome call(std::vector<std::string> words) {
  std::vector<char*> pointers;
  pointers.reserve(words.size());
  for (std::string& word : words) pointers.push_back(word.data());
  return dispatch(pointers);
}

// What it says and the exit status, of a call that fails before anything is run.
std::string refusal(std::vector<std::string> words) {
  const Outcome outcome = call(std::move(words));
  std::string text = std::to_string(outcome.status);
  for (const Error& error : outcome.errors) text += '\n' + format_error(error, {});
  return text;
}

std::string printed(std::vector<std::string> words) {
  testing::internal::CaptureStdout();
  const Outcome outcome = call(std::move(words));
  EXPECT_EQ(outcome.status, 0);
  EXPECT_TRUE(outcome.errors.empty());
  return testing::internal::GetCapturedStdout();
}

TEST(Dispatch, TakesABareWordAsACommandOfOurs) {
  EXPECT_EQ(refusal({"firefox", "--private"}),
            "125\nimmure: error[E002]: \"firefox\" is not a command of immure\n"
            "  help: immure run firefox\n");
  EXPECT_EQ(refusal({"explan"}),
            "125\nimmure: error[E002]: \"explan\" is not a command of immure\n"
            "  help: did you mean immure explain?\n"
            "        or, to run a program: immure run explan\n");
}

TEST(Dispatch, QuotesAHintThatIsToBePasted) {
  EXPECT_EQ(refusal({"a b'c"}),
            "125\nimmure: error[E002]: \"a b'c\" is not a command of immure\n"
            "  help: immure run 'a b'\\''c'\n");
}

TEST(Dispatch, SaysWhichCommandsThisVersionDoesNotHave) {
  for (const char* word : {"try", "learn", "hold", "exec"}) {
    EXPECT_EQ(refusal({word, "x"}), "125\nimmure: error[E209]: immure " + std::string(word) +
                                        " is not supported by this version\n");
  }
  for (const char* word : {"diff", "commit", "discard", "ps", "inspect", "kill", "network"}) {
    EXPECT_EQ(refusal({word}), "2\nimmure: error[E209]: immure " + std::string(word) +
                                   " is not supported by this version\n");
  }
}

TEST(Dispatch, NeedsACommand) {
  EXPECT_EQ(call({}).status, 125);
  EXPECT_EQ(call({}).errors.front().code, Code::no_command);
}

TEST(Dispatch, ExitsWithTheStatusOfTheCommandForUsageErrors) {
  EXPECT_EQ(call({"run", "--bogus"}).status, 125);
  EXPECT_EQ(call({"--bogus"}).status, 125);
  EXPECT_EQ(call({"explain", "--bogus"}).status, 2);
  EXPECT_EQ(call({"check"}).status, 2);
  EXPECT_EQ(call({"explain", "--as", "xml"}).status, 2);
  EXPECT_EQ(call({"shell", "bash"}).status, 125);
}

TEST(Dispatch, RefusesAnOptionInFrontThatTheCommandDoesNotHave) {
  EXPECT_EQ(refusal({"--ro", "/a", "check", "x"}),
            "2\nimmure: error[E001]: --ro is not an option of immure check\n"
            "  help: immure check --help\n");
}

TEST(Dispatch, RefusesAnUnknownColour) {
  EXPECT_EQ(refusal({"version", "--color", "red"}),
            "2\nimmure: error[E001]: --color is auto, always or never, not \"red\"\n");
}

TEST(Version, IsOneLineOnStandardOutput) {
  EXPECT_EQ(printed({"version"}).substr(0, 7), "immure ");
  EXPECT_EQ(printed({"--version"}), printed({"version"}));
}

TEST(Help, ListsTheCommandsOfThisVersionOnly) {
  const std::string text = printed({"help"});
  EXPECT_EQ(text, printed({"--help"}));
  for (const CommandRow& row : command_table()) {
    const bool listed = text.find("\n  " + std::string(row.name) + ' ') != std::string::npos;
    EXPECT_EQ(listed, row.run != nullptr) << row.name;
  }
}

TEST(Help, OfEveryCommandHoldsItsOptionsAndNoOthers) {
  for (const CommandRow& row : command_table()) {
    if (row.run == nullptr) continue;
    const std::string text = printed({std::string(row.name), "--help"});
    EXPECT_EQ(text, help_text(&row));
    EXPECT_NE(text.find(row.summary), std::string::npos) << row.name;
    for (const OptionRow& option : option_table()) {
      // An option may have a row for each place where it means something else.
      const bool has = std::ranges::any_of(option_table(), [&](const OptionRow& other) {
        return other.id == option.id && other.built && (other.places & row.places) != 0;
      });
      const std::string name = option.name.empty() ? std::string{'-', option.letter, ' '}
                                                   : "--" + std::string(option.name);
      EXPECT_EQ(text.find(' ' + name) != std::string::npos, has) << row.name << ' ' << name;
    }
  }
}

TEST(Help, OfACommandShowsItsOptions) {
  EXPECT_EQ(printed({"run", "--help"}), printed({"help", "run"}));
  EXPECT_NE(printed({"help", "run"}).find("--status-fd FD"), std::string::npos);
  EXPECT_EQ(printed({"help", "check"}).find("--status-fd"), std::string::npos);
  EXPECT_EQ(call({"help", "learn"}).status, 2);
  EXPECT_EQ(call({"help", "bogus"}).errors.front().code, Code::usage);
}

}  // namespace
}  // namespace immure
