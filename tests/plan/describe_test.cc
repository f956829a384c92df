#include <gtest/gtest.h>

#include "plan/lower_process.h"
#include "plan/step.h"

namespace immure {
namespace {

TEST(Describe, SaysReadOnlyOrWritableSoThatADryRunShowsEveryWritablePath) {
  EXPECT_EQ(describe(BindMount{.source = "/usr", .target = "usr"}), "bind /usr on /usr, read-only");
  EXPECT_EQ(describe(BindMount{.source = "/srv", .target = "data", .read_only = false}),
            "bind /srv on /data, writable");
}

TEST(Describe, EscapesForeignText) {
  EXPECT_EQ(describe(MakeDir{.target = "a\nb\x1b[31m"}), "make directory /a\\nb\\x1b[31m");
  EXPECT_EQ(describe(SetHostname{"a\x7f"}), "set the host name to a\\x7f");
}

TEST(Describe, ShowsNoContentOfFiles) {
  EXPECT_EQ(describe(MakeFile{.target = "etc/token", .content = "hunter2"}),
            "make file /etc/token, 7 bytes");
}

TEST(CpuList, IsNumbersAndRanges) {
  const auto mask = parse_cpu_list("0-2,65", 66);
  ASSERT_TRUE(mask.ok());
  EXPECT_EQ(mask.value(), (std::vector<std::uint64_t>{7, 2}));
}

TEST(CpuList, RefusesWhatIsNoListOrNotThere) {
  for (const char* text : {"", "a", "1-", "-1", "2-1", "1,", "0-4", "1 2", "4294967296"}) {
    EXPECT_FALSE(parse_cpu_list(text, 4).ok()) << text;
  }
}

}  // namespace
}  // namespace immure
