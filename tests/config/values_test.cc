#include "config/values.h"

#include <gtest/gtest.h>

#include <csignal>

namespace immure {
namespace {

using namespace std::string_literals;

std::uint64_t size(std::string_view text) {
  auto result = parse_size(text);
  return result.ok() ? result.value() : UINT64_MAX;
}
std::string size_help(std::string_view text) {
  auto result = parse_size(text);
  return result.ok() ? "it is a size" : result.error().hint;
}
std::int64_t time(std::string_view text) {
  auto result = parse_time(text, true);
  return result.ok() ? result.value() : INT64_MIN;
}
std::string time_help(std::string_view text) {
  auto result = parse_time(text, false);
  return result.ok() ? "it is a time" : result.error().hint;
}

TEST(Size, CountsInUnitsOf1024) {
  EXPECT_EQ(size("0"), 0U);
  EXPECT_EQ(size("1000"), 1000U);
  EXPECT_EQ(size("512K"), 524'288U);
  EXPECT_EQ(size("64M"), 67'108'864U);
  EXPECT_EQ(size("64MiB"), 67'108'864U);
  EXPECT_EQ(size("2G"), 2'147'483'648U);
  EXPECT_EQ(size("1T"), 1'099'511'627'776U);
}

TEST(Size, OfMegabytesSaysWhichOfTheTwoIsMeant) {
  EXPECT_EQ(size_help("64MB"),
            "write \"64M\" (units of 1024), or 64000000 if powers of 1000 are meant");
  EXPECT_EQ(size_help("1KB"), "write \"1K\" (units of 1024), or 1000 if powers of 1000 are meant");
}

TEST(Size, HasNoOtherForms) {
  EXPECT_EQ(size_help("64m"), "write \"64M\"");
  EXPECT_EQ(size_help("64 M"), "write \"64M\"");
  EXPECT_EQ(size_help("10B"), "write 10 for bytes");
  EXPECT_EQ(size_help("5P"), "units are K, M, G and T (of 1024), as in \"64M\"");
  EXPECT_EQ(size_help("big"), "write bytes, or \"512K\", \"64M\", \"2G\"");
  EXPECT_EQ(size_help("-1"), "write bytes, or \"512K\", \"64M\", \"2G\"");
  EXPECT_EQ(size_help(""), "write bytes, or \"512K\", \"64M\", \"2G\"");
}

TEST(Size, ThatDoesNotFitIsAnErrorAndDoesNotWrap) {
  EXPECT_EQ(size("8388607T"), 9'223'370'937'343'148'032U);
  EXPECT_EQ(size("8388608T"), UINT64_MAX);
  EXPECT_EQ(size("18446744073709551616"), UINT64_MAX);
}

TEST(Time, HasAUnitAndIsCountedInNanoseconds) {
  EXPECT_EQ(time("250ms"), 250'000'000);
  EXPECT_EQ(time("2s"), 2'000'000'000);
  EXPECT_EQ(time("10min"), 600'000'000'000);
  EXPECT_EQ(time("1h"), 3'600'000'000'000);
  EXPECT_EQ(time("3d"), 259'200'000'000'000);
  EXPECT_EQ(time("+3d"), 259'200'000'000'000);
  EXPECT_EQ(time("-1h"), -3'600'000'000'000);
}

TEST(Time, OfTenMIsTenMinutesSaysTheHelp) {
  EXPECT_EQ(time_help("10m"), "write \"10min\"");
  EXPECT_EQ(time_help("10"), "write \"10s\"");
  EXPECT_EQ(time_help("3 days"), "write \"3d\"");
  EXPECT_EQ(time_help("5y"), "units are ms, s, min, h and d, as in \"10min\"");
}

TEST(Time, HasNoSignUnlessItIsAnOffset) {
  EXPECT_EQ(time_help("+1h"), "a length of time has none");
  EXPECT_EQ(time_help("1h"), "it is a time");
}

TEST(Time, ThatDoesNotFitIsAnErrorAndDoesNotWrap) {
  EXPECT_EQ(time("106751d"), 9'223'286'400'000'000'000);
  EXPECT_EQ(time("106752d"), INT64_MIN);
  EXPECT_FALSE(seconds_to_ns(9'223'372'037).ok());
  EXPECT_EQ(seconds_to_ns(-5).value(), -5'000'000'000);
}

TEST(Mode, IsOctal) {
  EXPECT_EQ(parse_mode("0640").value(), 0640U);
  EXPECT_EQ(parse_mode("1777").value(), 01777U);
  EXPECT_EQ(parse_mode("0o755").value(), 0755U);
  EXPECT_FALSE(parse_mode("0888").ok());
  EXPECT_FALSE(parse_mode("10000").ok());
  EXPECT_FALSE(parse_mode("").ok());
}

TEST(Signal, IsGivenByNameOrNumber) {
  EXPECT_EQ(parse_signal("TERM").value(), SIGTERM);
  EXPECT_EQ(parse_signal("SIGHUP").value(), SIGHUP);
  EXPECT_EQ(parse_signal("9").value(), SIGKILL);
  EXPECT_FALSE(parse_signal("0").ok());
  EXPECT_FALSE(parse_signal("65").ok());
  EXPECT_FALSE(parse_signal("TREM").ok());
}

TEST(Processors, AreNumbersAndRanges) {
  EXPECT_TRUE(is_processor_list("0"));
  EXPECT_TRUE(is_processor_list("0-3,5"));
  EXPECT_FALSE(is_processor_list(""));
  EXPECT_FALSE(is_processor_list("3-0"));
  EXPECT_FALSE(is_processor_list("0,"));
  EXPECT_FALSE(is_processor_list("all"));
  EXPECT_FALSE(is_processor_list("99999"));
}

TEST(Base64, IsDecodedAndCheckedForItsPadding) {
  std::string bytes;
  EXPECT_TRUE(decode_base64("aGVsbG8K", bytes));
  EXPECT_EQ(bytes, "hello\n");
  EXPECT_TRUE(decode_base64("AP8=", bytes));
  EXPECT_EQ(bytes, "\0\xff"s);
  EXPECT_FALSE(decode_base64("AP8==", bytes));
  EXPECT_FALSE(decode_base64("A", bytes));
  EXPECT_FALSE(decode_base64("AP=8", bytes));
  EXPECT_FALSE(decode_base64("A-8=", bytes));
}

}  // namespace
}  // namespace immure
