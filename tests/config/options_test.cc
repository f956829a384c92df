#include "config/options.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

namespace immure {
namespace {

Result<Arguments> parse(std::vector<std::string> words, OptionPlaces places = at_run) {
  std::vector<char*> pointers;
  pointers.reserve(words.size());
  for (std::string& word : words) pointers.push_back(word.data());
  return parse_arguments(pointers, places);
}

Arguments parsed(std::vector<std::string> words, OptionPlaces places = at_run) {
  auto result = parse(std::move(words), places);
  if (!result.ok()) {
    ADD_FAILURE() << result.error().reason;
    return {};
  }
  return result.value();
}

Error refused(std::vector<std::string> words, OptionPlaces places = at_run) {
  auto result = parse(std::move(words), places);
  if (result.ok()) {
    ADD_FAILURE() << "was accepted";
    return {};
  }
  return result.error();
}

const std::vector<GivenOption> ro_a{{OptionId::ro, "--ro", "/a"}};

TEST(ParseArguments, TakesAValueFromTheNextWordOrAfterTheEqualsSign) {
  EXPECT_EQ(parsed({"--ro", "/a"}).options, ro_a);
  EXPECT_EQ(parsed({"--ro=/a"}).options, ro_a);
  EXPECT_EQ(parsed({"--set=limits.as=1G"}).options,
            (std::vector<GivenOption>{{OptionId::set, "--set", "limits.as=1G"}}));
  EXPECT_EQ(parsed({"--ro="}).options, (std::vector<GivenOption>{{OptionId::ro, "--ro", ""}}));
}

TEST(ParseArguments, TakesShortOptionsTogetherAndWithTheirValue) {
  EXPECT_EQ(parsed({"-wqpbuild", "-e", "A=-b"}).options,
            (std::vector<GivenOption>{{OptionId::writable_cwd, "-w", ""},
                                      {OptionId::quiet, "-q", ""},
                                      {OptionId::profile, "-p", "build"},
                                      {OptionId::env, "-e", "A=-b"}}));
}

TEST(ParseArguments, EndsAtTheFirstWordThatIsNotAnOption) {
  const Arguments args = parsed({"-w", "make", "-q", "--", "x"});
  EXPECT_EQ(args.options.size(), 1U);
  EXPECT_EQ(args.rest, (std::vector<std::string>{"make", "-q", "--", "x"}));
  EXPECT_FALSE(args.after_dashes);
}

TEST(ParseArguments, EndsAtTwoDashes) {
  const Arguments args = parsed({"-w", "--", "-strange", "--"});
  EXPECT_EQ(args.rest, (std::vector<std::string>{"-strange", "--"}));
  EXPECT_TRUE(args.after_dashes);
}

TEST(ParseArguments, LeavesASingleDashAsAWord) {
  EXPECT_EQ(parsed({"-"}).rest, std::vector<std::string>{"-"});
}

TEST(ParseArguments, TakesTwoDashesAsAValueWhereOneIsDue) {
  EXPECT_EQ(parsed({"-e", "--", "x"}).options,
            (std::vector<GivenOption>{{OptionId::env, "-e", "--"}}));
}

TEST(ParseArguments, RefusesAnUnknownOptionAndNamesTheLikelyOne) {
  const Error error = refused({"--overly", "/a"});
  EXPECT_EQ(error.code, Code::usage);
  EXPECT_EQ(error.reason, "unknown option \"--overly\"");
  EXPECT_EQ(error.hint, "did you mean --overlay?");
  EXPECT_EQ(refused({"-z"}).reason, "unknown option \"-z\"");
  EXPECT_EQ(refused({"--\x1b"}).reason, "unknown option \"--\\x1b\"");
}

TEST(ParseArguments, RefusesAnOptionOfAnotherCommand) {
  EXPECT_EQ(refused({"--dry-run"}, at_explain).code, Code::usage);
  EXPECT_EQ(refused({"-w"}, at_check).code, Code::usage);
}

TEST(ParseArguments, SaysWhichOptionsThisVersionDoesNotHave) {
  for (const char* word :
       {"-n", "--name", "--net-allow", "--trace", "--trace=all", "--hints=off", "--args-fd"}) {
    EXPECT_EQ(refused({word}).code, Code::not_supported) << word;
  }
  EXPECT_EQ(refused({"--trace=all"}).reason, "--trace is not supported by this version");
}

TEST(ParseArguments, TellsWhatStoodBeforeAMistake) {
  std::string words[] = {"--log-format", "json", "--bogus", "-q"};
  std::vector<char*> args;
  for (std::string& word : words) args.push_back(word.data());
  Arguments before;
  ASSERT_FALSE(parse_arguments(args, at_run, &before).ok());
  EXPECT_EQ(before.options,
            (std::vector<GivenOption>{{OptionId::log_format, "--log-format", "json"}}));
}

TEST(ParseArguments, RefusesAMissingOrUnexpectedValue) {
  EXPECT_EQ(refused({"--ro"}).reason, "--ro needs a value");
  EXPECT_EQ(refused({"-wp"}).reason, "-p needs a value");
  EXPECT_EQ(refused({"--dry-run=yes"}).reason, "--dry-run takes no value");
}

TEST(OptionTable, HasNoNameTwiceInOnePlace) {
  for (const OptionPlaces place : {at_front, at_run, at_explain, at_check, at_other}) {
    std::set<std::string> seen;
    for (const OptionRow& row : option_table()) {
      if ((row.places & place) == 0) continue;
      if (!row.name.empty()) {
        EXPECT_TRUE(seen.emplace(row.name).second) << row.name;
      }
      if (row.letter != 0) {
        EXPECT_TRUE(seen.emplace(1, row.letter).second) << row.letter;
      }
    }
  }
}

TEST(DescribeOptions, ShowsWhatIsBuiltForThatPlaceOnly) {
  const std::string text = describe_options(at_run);
  EXPECT_NE(text.find("  -e, --env NAME[=VALUE]        set a variable, or pass the caller's\n"),
            std::string::npos);
  EXPECT_NE(text.find("  -w                            the current directory is writable\n"),
            std::string::npos);
  EXPECT_NE(text.find("      --dry-run "), std::string::npos);
  EXPECT_EQ(text.find("--trace"), std::string::npos);
  EXPECT_EQ(text.find("--version"), std::string::npos);
  EXPECT_EQ(describe_options(at_check).find("--ro"), std::string::npos);
}

TEST(DescribeOptions, FitsATerminal) {
  const std::string text = describe_options(at_front | at_run | at_explain | at_check);
  std::size_t begin = 0;
  for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', begin)) {
    EXPECT_LE(end - begin, 100U) << text.substr(begin, end - begin);
    begin = end + 1;
  }
}

}  // namespace
}  // namespace immure
