// The executable specification: golden/NAME.toml is a profile, golden/NAME.plan the plan that it
// becomes on the machine of fake_host.cc, or its errors. The first lines of a profile may change
// the start: "# cwd: /tmp", "# home: none", "# command: ./tool -x", "# shell", "# uid: 0",
// "# groups: 27", "# landlock: 2", "# subids: FIRST COUNT", "# no newuidmap", "# few processes";
// "# file: /x", "# directory: /x" and "# program: /x" add to the machine, "# exe: /x" is ${EXE}
// besides; "# mounts" shows no more of the plan than what is mounted, and the working directory.
// "# shipped: X" takes the shipped profile X, with what it extends, for the text.
// IMMURE_UPDATE_GOLDEN=1 writes the .plan files anew.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "config/profiles.h"
#include "config/toml_profile.h"
#include "fake_host.h"
#include "plan/private_directory.h"
#include "profile_plan.h"

namespace immure {
namespace {

namespace fs = std::filesystem;

const fs::path kGolden = fs::path(IMMURE_SOURCE_DIR) / "tests/plan/golden";

std::string read(const fs::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<std::string> words(const std::string& line) {
  std::vector<std::string> out;
  std::size_t at = 0;
  while (at < line.size()) {
    const std::size_t end = std::min(line.find(' ', at), line.size());
    if (end > at) out.push_back(line.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

struct Start {
  Host host;
  Request request{.command = {"true"}};
  bool only_mounts = false;
  std::string shipped;  // the name of the profile; empty: the text is one
  std::string exe;      // ${EXE}
};

std::string mounts_of(const std::string& plan) {
  std::istringstream lines(plan);
  std::string out;
  bool mounting = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.find("/proc/sys/user/") != std::string::npos) mounting = false;
    const bool told = line.starts_with("on the host") || line.starts_with("note:") ||
                      line.find("change directory") != std::string::npos;
    if (mounting || told) out += line + "\n";
    if (line == "sandbox:") mounting = true;
  }
  return out;
}

void apply_directives(const std::string& profile, FakeFiles& files, Start& start) {
  std::size_t at = 0;
  while (profile.compare(at, 2, "# ") == 0) {
    const std::size_t end = profile.find('\n', at);
    const std::string line = profile.substr(at + 2, end - at - 2);
    const std::size_t colon = line.find(": ");
    const std::string name = line.substr(0, colon);
    const std::string value = colon == std::string::npos ? "" : line.substr(colon + 2);
    if (name == "cwd") start.host.cwd = value == "gone" ? "" : value;
    if (name == "home") start.host.home = value == "none" ? "" : value;
    if (name == "user" && value == "none") start.host.user_name = "";
    if (name == "command") start.request.command = words(value);
    if (name == "no command") start.request.command.clear();
    if (name == "file") files.add_file(value);
    if (name == "directory") files.add_directory(value);
    if (name == "program" || name == "exe") files.add_program(value);
    if (name == "exe") start.exe = value;
    if (name == "shipped") start.shipped = value;
    if (name == "mounts") start.only_mounts = true;
    if (name == "few processes") {
      start.host.hard_limit = [](int resource) -> std::uint64_t {
        return resource == RLIMIT_NPROC ? 1000 : RLIM_INFINITY;
      };
    }
    if (name == "shell") start.request = {.command = {}, .shell = true};
    if (name == "uid") start.host.uid = start.host.gid = static_cast<uid_t>(std::stoi(value));
    if (name == "groups") {
      std::vector<gid_t> groups;
      for (const std::string& word : words(value))
        groups.push_back(static_cast<gid_t>(std::stoul(word)));
      start.host.groups = {groups};
    }
    if (name == "kernel") start.host.kernel = std::stoi(value);
    if (name == "landlock") start.host.landlock_abi = std::stoi(value);
    if (name == "subids") {
      std::vector<IdSpan> spans;
      const std::vector<std::string> numbers = words(value);
      for (std::size_t i = 0; i + 1 < numbers.size(); i += 2) {
        spans.push_back({std::stoul(numbers[i]), std::stoul(numbers[i + 1])});
      }
      start.host.subordinate_uids = {spans};
      start.host.subordinate_gids = {spans};
    }
    at = end + 1;
  }
}

std::variant<std::vector<ProfileLayer>, Errors> layers_of(const std::string& name,
                                                          const std::string& profile,
                                                          const Start& start,
                                                          const Circumstances& circumstances) {
  if (!start.shipped.empty()) {
    auto loaded = load_profiles({"system:" + start.shipped}, circumstances);
    if (auto* errors = std::get_if<Errors>(&loaded)) return std::move(*errors);
    return std::move(std::get<LoadedLayers>(loaded).layers);
  }
  const auto source =
      std::make_shared<const SourceFile>(SourceFile{.name = name + ".toml", .text = profile});
  auto parsed = parse_profile(source, "/home/u/profiles", circumstances);
  if (auto* errors = std::get_if<Errors>(&parsed)) return std::move(*errors);
  return std::vector<ProfileLayer>{std::move(std::get<ProfileLayer>(parsed))};
}

std::string plan_of(const std::string& name, const std::string& profile, bool rewritten = false) {
  FakeFiles files;
  add_usual_files(files);
  if (profile.find("# no newuidmap\n") == std::string::npos) {
    files.add_program("/usr/bin/newuidmap");
    files.add_program("/usr/bin/newgidmap");
  }
  Start start{.host = usual_host(files)};
  apply_directives(profile, files, start);
  const Circumstances circumstances{
      .home = start.host.home,
      .user = start.host.user_name,
      .cwd = start.host.cwd,
      .exe = start.exe,
      .uid = start.host.uid,
      .gid = start.host.gid,
      .arch = "x86_64",
      .project = {start.host.cwd},
      .why_private = [&](const std::string& path) { return why_private(start.host, path); },
      .environment = start.host.environment,
      .name = start.shipped};
  auto loaded = layers_of(name, profile, start, circumstances);
  if (auto* errors = std::get_if<Errors>(&loaded)) return show_errors(*errors);
  std::vector<std::string> notes;
  auto merged = spec_of_layers(std::get<std::vector<ProfileLayer>>(loaded), circumstances, notes);
  if (auto* errors = std::get_if<Errors>(&merged)) return show_errors(*errors);
  auto& spec = std::get<SandboxSpec>(merged);
  if (rewritten) write_and_read(spec, {.home = circumstances.home}, circumstances);
  auto planned = plan_text(std::move(spec), {}, start.request, start.host, notes);
  if (auto* errors = std::get_if<Errors>(&planned)) return show_errors(*errors);
  const auto& plan = std::get<std::string>(planned);
  return start.only_mounts ? mounts_of(plan) : plan;
}

std::vector<std::string> golden_names() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(kGolden)) {
    if (entry.path().extension() == ".toml") names.push_back(entry.path().stem());
  }
  std::sort(names.begin(), names.end());
  return names;
}

class Golden : public testing::TestWithParam<std::string> {};

TEST_P(Golden, ProfileBecomesThisPlan) {
  const std::string plan = plan_of(GetParam(), read(kGolden / (GetParam() + ".toml")));
  const fs::path expected = kGolden / (GetParam() + ".plan");
  if (std::getenv("IMMURE_UPDATE_GOLDEN") != nullptr) std::ofstream(expected) << plan;
  EXPECT_EQ(plan, read(expected));
}

TEST_P(Golden, WrittenAsAProfileItMakesTheSamePlan) {
  const std::string profile = read(kGolden / (GetParam() + ".toml"));
  const std::string plan = plan_of(GetParam(), profile);
  // Errors name the line, which is another one.
  if (plan.contains("immure: error[")) return;
  // What is written is no shipped profile: in it, a limit above our own is an error.
  if (profile.contains("# few processes")) return;
  EXPECT_EQ(without_origins(plan_of(GetParam(), profile, true)), without_origins(plan));
}

TEST(GoldenPlans, ThereIsOneForEveryShippedProfile) {
  for (const auto& entry : fs::directory_iterator(fs::path(IMMURE_SOURCE_DIR) / "profiles")) {
    if (entry.path().extension() != ".toml") continue;
    const fs::path golden = kGolden / ("shipped-" + entry.path().filename().string());
    EXPECT_TRUE(read(golden).starts_with("# shipped: " + entry.path().stem().string() + "\n"))
        << golden;
  }
}

INSTANTIATE_TEST_SUITE_P(Plans, Golden, testing::ValuesIn(golden_names()), [](const auto& test) {
  std::string name = test.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace immure
