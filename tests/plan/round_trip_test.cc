// `explain --as toml` is a fixed point: what it writes makes the same plan, and is written the same
// again. Tried on profiles made by chance of all keys that the schema has; the seeds are fixed.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "fake_host.h"
#include "plan/private_directory.h"
#include "profile_plan.h"
#include "support/random_profile.h"

namespace immure {
namespace {

using immure::testing::ProfileLine;
using immure::testing::RandomProfile;
using immure::testing::text_of;

constexpr unsigned kRounds = 500;
constexpr unsigned kSparse = 10;  // a profile has a tenth of all keys

// So that there is a command.
const std::vector<ProfileLine> kGround = {{.key = "fs.\"/usr\"", .value = "\"ro\""},
                                          {.key = "fs.\"/bin\"", .value = "\"ro\""},
                                          {.key = "fs.\"/lib\"", .value = "\"ro\""},
                                          {.key = "fs.\"/lib64\"", .value = "\"ro\""}};

class RoundTrip : public ::testing::TestWithParam<unsigned> {
 protected:
  RoundTrip() {
    add_usual_files(files_);
    files_.add_program("/usr/bin/newuidmap");
    files_.add_program("/usr/bin/newgidmap");
    // A label is part of few profiles as it is: let the kernel have both modules.
    files_.add_directory("/proc/self/attr/apparmor");
    files_.add_directory("/sys/fs/selinux");
    host_ = usual_host(files_);
    const std::vector<IdSpan> spans{{100000, 65536}};
    host_.subordinate_uids = {spans};
    host_.subordinate_gids = {spans};
    here_ = {.home = host_.home,
             .user = host_.user_name,
             .cwd = host_.cwd,
             .uid = host_.uid,
             .gid = host_.gid,
             .arch = "x86_64",
             .project = {host_.cwd},
             .why_private = [this](const std::string& path) { return why_private(host_, path); },
             .environment = host_.environment,
             .name = "chance"};
  }

  std::variant<SandboxSpec, Errors> spec_of(const std::string& text,
                                            std::vector<std::string>& notes) const {
    const auto source =
        std::make_shared<const SourceFile>(SourceFile{.name = "chance.toml", .text = text});
    auto parsed = parse_profile(source, "/elsewhere", here_);
    if (auto* errors = std::get_if<Errors>(&parsed)) return std::move(*errors);
    return spec_of_layers({std::move(std::get<ProfileLayer>(parsed))}, here_, notes);
  }

  struct Planned {
    SandboxSpec spec;
    std::vector<std::string> notes;
    std::string plan;
  };

  // Takes lines away that can't be on this machine, or not beside the others, until the rest makes
  // a plan. Nothing: what is wrong is in no line.
  std::optional<Planned> plan(std::vector<ProfileLine>& lines) const {
    while (true) {
      Planned planned;
      auto spec = spec_of(text_of(lines), planned.notes);
      const auto* errors = std::get_if<Errors>(&spec);
      std::variant<std::string, Errors> text;
      if (errors == nullptr) {
        planned.spec = std::get<SandboxSpec>(spec);
        text = plan_text(planned.spec, places_, request_, host_, planned.notes);
        errors = std::get_if<Errors>(&text);
      }
      if (errors == nullptr) {
        planned.plan = std::move(std::get<std::string>(text));
        return planned;
      }
      std::set<std::uint32_t> wrong;
      for (const Error& error : *errors) wrong.insert(error.origin.line);
      wrong.erase(0);
      const auto before = lines.size();
      std::uint32_t number = 0;
      std::erase_if(lines, [&](const ProfileLine&) { return wrong.contains(++number); });
      if (lines.size() == before) return std::nullopt;
    }
  }

  FakeFiles files_;
  Host host_;
  Circumstances here_;
  const HostPlaces places_{.home = "/home/u", .runtime_dir = "/run/user/1000"};
  const Request request_{.command = {"true"}};
};

TEST_P(RoundTrip, WhatIsWrittenMakesTheSamePlan) {
  RandomProfile maker(GetParam());
  std::set<std::string> planned_keys;
  unsigned plans = 0;
  for (unsigned round = 0; round < kRounds; ++round) {
    std::vector<ProfileLine> lines = kGround;
    for (ProfileLine& line : maker.lines(kSparse)) lines.push_back(std::move(line));
    const auto planned = plan(lines);
    if (!planned) continue;
    ++plans;
    for (const ProfileLine& line : lines) planned_keys.insert(line.key);
    SandboxSpec again = planned->spec;
    write_and_read(again, places_, here_);
    ASSERT_FALSE(HasFatalFailure()) << text_of(lines);
    const auto second = plan_text(again, places_, request_, host_, planned->notes);
    const auto* errors = std::get_if<Errors>(&second);
    ASSERT_EQ(errors, nullptr) << show_errors(*errors) << text_of(lines);
    ASSERT_EQ(without_origins(std::get<std::string>(second)), without_origins(planned->plan))
        << text_of(lines);
    ASSERT_FALSE(HasFailure()) << text_of(lines);
  }
  EXPECT_GT(plans, kRounds / 2);
  // Each key has to have been in a profile that made a plan.
  for (const SchemaRow& row : schema()) {
    if (!immure::testing::says_something(row)) continue;
    const std::string key(row.key.substr(0, row.key.find('*')));
    EXPECT_TRUE(std::ranges::any_of(planned_keys, [&](const std::string& used) {
      return used.starts_with(key);
    })) << row.key;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RoundTrip, ::testing::Values(1U, 2U));

}  // namespace
}  // namespace immure
