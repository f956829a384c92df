#include <gtest/gtest.h>

#include <algorithm>

#include "plan/facts.h"
#include "plan/launch_plan.h"
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

// In the text of --steps and among the facts of the page.
bool warns_of(std::vector<std::string> groups, const std::string& names) {
  LaunchPlan plan;
  plan.uid_map = plan.gid_map = "0 0 1\n";
  plan.kept_groups = {std::move(groups)};
  const std::string warning =
      "what the sandbox is shown of the files of " + names + " can be opened with that group's";
  const auto facts = facts_of(plan, {});
  const bool on_page = std::ranges::any_of(facts, [&](const Fact& fact) {
    return fact.subject == "warning" && fact.detail.find("files of " + names) != std::string::npos;
  });
  return on_page && describe(plan).find("warning: " + warning) != std::string::npos;
}

TEST(KeptGroups, AreWarnedOfWhereTheyGiveMoreThanFiles) {
  EXPECT_TRUE(warns_of({"999 docker"}, "docker"));
  EXPECT_TRUE(warns_of({"1000 user", "105 kvm", "6 disk", "44 video"}, "kvm, disk, video"));
  EXPECT_FALSE(warns_of({"1000 user", "100 users"}, ""));
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
