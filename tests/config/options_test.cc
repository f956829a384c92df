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
  for (const char* word : {"-n", "--net-allow", "--trace", "--trace=all", "--hints=off"}) {
    EXPECT_EQ(refused({word}).code, Code::not_supported) << word;
  }
  EXPECT_EQ(refused({"--trace=all"}).reason, "--trace is not supported by this version");
  EXPECT_EQ(refused({"-n"}).hint,
            "--allow network=host shares the host's network, with all that listens on it");
}

// What --args-fd reads here: the words of its value.
Result<std::vector<std::string>> words_of(const GivenOption& option) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at < option.value.size();) {
    const std::size_t end = std::min(option.value.find(' ', at), option.value.size());
    words.push_back(option.value.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

Result<Arguments> parse_reading(std::vector<std::string> words, Arguments* before = nullptr) {
  std::vector<char*> pointers;
  pointers.reserve(words.size());
  for (std::string& word : words) pointers.push_back(word.data());
  return parse_arguments(pointers, at_run, before, words_of);
}

TEST(ParseArguments, PutsWhatIsReadInThePlaceOfTheOptionThatReadsIt) {
  const auto args =
      parse_reading({"-w", "--args-fd", "-q --ro /a", "--args-fd=-v --", "-a", "make"});
  ASSERT_TRUE(args.ok()) << args.error().reason;
  EXPECT_EQ(args.value().options, (std::vector<GivenOption>{{OptionId::writable_cwd, "-w", ""},
                                                            {OptionId::quiet, "-q", ""},
                                                            {OptionId::ro, "--ro", "/a"},
                                                            {OptionId::verbose, "-v", ""},
                                                            {OptionId::allow_args, "-a", ""}}));
  EXPECT_EQ(args.value().rest, std::vector<std::string>{"make"});
  EXPECT_FALSE(args.value().after_dashes);
}

TEST(ParseArguments, RefusesWhatIsReadAndIsNoOption) {
  const auto error = [](const std::string& block) {
    const auto args = parse_reading({"--args-fd", block, "--", "true"});
    return args.ok() ? "accepted" : args.error().origin.flag + ": " + args.error().reason;
  };
  EXPECT_EQ(error("-w make"), "--args-fd -w make: \"make\" is not an option");
  EXPECT_EQ(error("-- -w"), "--args-fd -- -w: \"-w\" is not an option");
  EXPECT_EQ(error("--bogus"), "--args-fd --bogus: unknown option \"--bogus\"");
  EXPECT_EQ(error("--ro"), "--args-fd --ro: --ro needs a value");
  EXPECT_EQ(error("--args-fd 3"),
            "--args-fd --args-fd 3: --args-fd can't stand among what it reads");
}

TEST(ParseArguments, TellsWhatWasReadBeforeAMistakeInIt) {
  Arguments before;
  ASSERT_FALSE(parse_reading({"-w", "--args-fd", "-q --bogus", "-v"}, &before).ok());
  EXPECT_EQ(before.options, (std::vector<GivenOption>{{OptionId::writable_cwd, "-w", ""},
                                                      {OptionId::quiet, "-q", ""}}));
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
