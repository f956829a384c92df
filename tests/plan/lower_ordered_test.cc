// What a command line of the drop-in bwrap comes to: golden_bwrap/NAME.args is one, over as many
// lines as it likes, golden_bwrap/NAME.plan the plan on the machine of fake_host.cc, or the
// message. The first lines may change the start: "# uid: 0", "# cwd: gone", "# environment: A=1
// B=2",
// "# terminal: /dev/pts/3" of standard output, "# landlock: 6", "# selinux", "# place 8: /srv/data"
// (what descriptor 8 is open on), "# fd 5: text" (what it gives), "# filter 6: 3" (a program of
// three instructions). IMMURE_UPDATE_GOLDEN=1 writes the .plan files anew.
#include "plan/lower_ordered.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "config/bwrap_options.h"
#include "fake_host.h"
#include "support/bwrap_line.h"

namespace immure {
namespace {

namespace fs = std::filesystem;

const fs::path kGolden = fs::path(IMMURE_SOURCE_DIR) / "tests/plan/golden_bwrap";

std::string read(const fs::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

class Machine {
 public:
  Machine() {
    add_usual_files(files_);
    for (const char* name : {"null", "zero", "full", "random", "urandom", "tty"}) {
      files_.add(std::string("/dev/") + name, {.kind = FileKind::device});
    }
    host_.uid = host_.gid = 1000;
    host_.cwd = "/home/u/proj";
    host_.environment = {"PATH=/usr/local/bin:/bin", "HOME=/home/u", "PWD=/elsewhere",
                         "TERM=xterm"};
    host_.umask = 027;
    host_.files = &files_;
    host_.is_open = [this](int fd) { return open_.contains(fd); };
    host_.place_of = [this](int fd) {
      errno = EBADF;
      const auto found = places_.find(fd);
      return found == places_.end() ? "" : found->second;
    };
  }

  void apply(const std::string& name, const std::string& value) {
    const auto number = [&name] { return std::stoi(name.substr(name.find(' ') + 1)); };
    if (name == "uid") {
      host_.uid = host_.gid = static_cast<uid_t>(std::stoi(value));
    } else if (name == "cwd") {
      host_.cwd = value == "gone" ? "" : value;
    } else if (name == "environment") {
      host_.environment = test::words_of_line(value);
    } else if (name == "terminal") {
      files_.add(value, {.kind = FileKind::device});
      host_.terminal = value;
    } else if (name == "landlock") {
      host_.landlock_abi = std::stoi(value);
    } else if (name == "capabilities") {
      host_.capabilities = std::stoull(value, nullptr, 16);
    } else if (name == "selinux") {
      host_.selinux = true;
    } else if (name.starts_with("place ")) {
      places_[number()] = value;
    } else if (name.starts_with("fd ")) {
      open_.insert(number());
    } else {
      ADD_FAILURE() << "no such change of the start: " << name;
    }
  }

  const OrderedHost& host() const { return host_; }

 private:
  FakeFiles files_;
  OrderedHost host_;
  std::set<int> open_;
  std::map<int, std::string> places_;
};

std::string said(const std::string& text, int errnum) {
  return "bwrap: " + text + (errnum == 0 ? "" : std::string(": ") + std::strerror(errnum)) + '\n';
}

// The words of the command line; what comes first changes the machine.
std::string apply_changes(const std::string& text, Machine& machine) {
  std::istringstream lines(text);
  std::string words;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("# ")) {
      words += line + '\n';
      continue;
    }
    const std::size_t colon = line.find(": ");
    machine.apply(line.substr(2, colon == std::string::npos ? colon : colon - 2),
                  colon == std::string::npos ? "" : line.substr(colon + 2));
  }
  return words;
}

std::string plan_of(const std::string& text) {
  Machine machine;
  const std::string words = apply_changes(text, machine);
  const OrderedHost& host = machine.host();
  const auto line = test::read_line(words, {.root = host.uid == 0, .capabilities = 0x1ffffffffffU});
  if (const auto* mistake = std::get_if<BwrapMistake>(&line.result)) {
    return said(mistake->text, mistake->errnum);
  }
  const auto lowered = lower_ordered(line.arguments().spec, host);
  if (const auto* error = std::get_if<Error>(&lowered)) return said(error->doing, error->errnum);
  return describe(std::get<LaunchPlan>(lowered));
}

std::vector<std::string> golden_names() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(kGolden)) {
    if (entry.path().extension() == ".args") names.push_back(entry.path().stem());
  }
  std::sort(names.begin(), names.end());
  return names;
}

class GoldenBwrap : public testing::TestWithParam<std::string> {};

TEST_P(GoldenBwrap, CommandLineBecomesThisPlan) {
  const std::string plan = plan_of(read(kGolden / (GetParam() + ".args")));
  const fs::path expected = kGolden / (GetParam() + ".plan");
  if (std::getenv("IMMURE_UPDATE_GOLDEN") != nullptr) std::ofstream(expected) << plan;
  EXPECT_EQ(plan, read(expected));
}

INSTANTIATE_TEST_SUITE_P(Plans, GoldenBwrap, testing::ValuesIn(golden_names()),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(LowerOrdered, EveryOptionThatThePlanShowsIsInAGoldenLine) {
  std::string all;
  for (const std::string& name : golden_names()) {
    for (const std::string& word : test::words_of_line(read(kGolden / (name + ".args")))) {
      all += word + ' ';
    }
  }
  for (const BwrapRow& row : bwrap_options()) {
    switch (row.option) {
      case BwrapOption::help:
      case BwrapOption::version:
      case BwrapOption::args:
      case BwrapOption::level_prefix:
      case BwrapOption::not_a_security_boundary:
      case BwrapOption::block_fd:
      case BwrapOption::info_fd:
      case BwrapOption::json_status_fd:
        continue;
      default:
        EXPECT_NE(all.find("--" + std::string(row.name) + ' '), std::string::npos) << row.name;
    }
  }
}

template <class Kind>
const Kind* first(const std::vector<PlannedStep>& steps) {
  for (const PlannedStep& planned : steps) {
    if (const auto* found = std::get_if<Kind>(&planned.what)) return found;
  }
  return nullptr;
}

LaunchPlan plan_of_spec(const OrderedSpec& spec, const Machine& machine) {
  const auto lowered = lower_ordered(spec, machine.host());
  EXPECT_TRUE(std::holds_alternative<LaunchPlan>(lowered));
  return std::get<LaunchPlan>(lowered);
}

// The launcher puts the directory that was entered in its place.
TEST(LowerOrdered, PwdIsTheLastVariableAndThereOnce) {
  Machine machine;
  const OrderedSpec spec{.environment = {{"PWD", "/mine"}, {"ZZ", "1"}}, .command = {"true"}};
  const LaunchPlan plan = plan_of_spec(spec, machine);
  const std::vector<std::string>& variables = plan.command.environment;
  EXPECT_EQ(variables.back(), "PWD=/");
  EXPECT_EQ(std::ranges::count_if(variables, [](const auto& v) { return v.starts_with("PWD="); }),
            1);
  const auto* change = first<ChangeToFirst>(plan.command_setup);
  ASSERT_NE(change, nullptr);
  EXPECT_EQ(change->paths, (std::vector<std::string>{"/home/u/proj", "/home/u", "/"}));
  EXPECT_EQ(change->settings,
            (std::vector<std::string>{"PWD=/home/u/proj", "PWD=/home/u", "PWD=/"}));
}

// Nothing but write, close and execve can be asked for once it is in force.
TEST(LowerOrdered, AFilterIsTheLastStepAndQuiet) {
  Machine machine;
  machine.apply("fd 6", "");
  const LaunchPlan plan = plan_of_spec({.command = {"true"}, .filters = {6}}, machine);
  const auto* last = std::get_if<LoadFilter>(&plan.command_setup.back().what);
  ASSERT_NE(last, nullptr);
  EXPECT_TRUE(last->quiet);
  ASSERT_NE(last->late, nullptr);
  EXPECT_EQ(last->late->from, 6);
}

// What is bound must be what the descriptor refers to.
TEST(LowerOrdered, ABindOfADescriptorIsComparedWithIt) {
  Machine machine;
  machine.apply("place 8", "/srv/data");
  const OrderedSpec spec{.operations = {{.what = BindOperation{.source_fd = 8}, .target = "/a"}},
                         .command = {"true"}};
  const LaunchPlan plan = plan_of_spec(spec, machine);
  ASSERT_NE(first<BindMount>(plan.setup), nullptr);
  EXPECT_EQ(first<BindMount>(plan.setup)->same_as, 8);
}

}  // namespace
}  // namespace immure
