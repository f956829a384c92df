#include "config/intents.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/path.h"
#include "base/text.h"
#include "config/profile_file.h"
#include "config/schema.h"
#include "profile_text.h"
#include "spec/merge.h"
#include "spec/refusals.h"

namespace immure::testing {
namespace {

namespace fs = std::filesystem;
using Kind = IntentValue::Kind;

Allow allow(const std::string& text) { return spec_of("[allow]\n" + text).allow; }

std::variant<ExpandedIntents, Errors> expand(const std::string& text,
                                             const Circumstances& circumstances = someone()) {
  return expand_intents(allow(text), false, circumstances);
}

// All that the intents give, laid on each other.
SandboxSpec given(const std::string& text, const Circumstances& circumstances = someone()) {
  auto expanded = expand(text, circumstances);
  SandboxSpec spec;
  Errors warnings;
  if (auto* errors = std::get_if<Errors>(&expanded)) {
    ADD_FAILURE() << printed(*errors);
    return spec;
  }
  for (const ExpandedIntent& intent : std::get<ExpandedIntents>(expanded).intents) {
    merge(spec, intent.spec, warnings);
  }
  return spec;
}

std::vector<std::string> targets(const SandboxSpec& spec) {
  std::vector<std::string> out;
  for (const Mount& mount : spec.mounts) out.push_back(mount.target);
  return out;
}

const Mount* mount_at(const SandboxSpec& spec, const std::string& target) {
  for (const Mount& mount : spec.mounts) {
    if (mount.target == target) return &mount;
  }
  return nullptr;
}

bool writable(const SandboxSpec& spec, const std::string& target) {
  const Mount* mount = mount_at(spec, target);
  const auto* bind = mount == nullptr ? nullptr : std::get_if<Bind>(&mount->what);
  return bind != nullptr && !bind->read_only;
}

std::string first_line(const std::variant<ExpandedIntents, Errors>& result) {
  const std::string all = errors_of(result);
  return all.substr(0, all.find('\n'));
}

// What the schema calls built, but for "allow.*".
std::vector<std::string> intents_of_the_schema() {
  std::vector<std::string> names;
  for (const SchemaRow& row : schema()) {
    const bool intent = row.type == ValueType::intent || row.type == ValueType::intent_set;
    if (intent && !row.key.ends_with('*')) names.emplace_back(row.key.substr(sizeof "allow"));
  }
  std::sort(names.begin(), names.end());
  return names;
}

TEST(Intents, EveryOneOfTheSchemaHasADataFileAndEveryDataFileARow) {
  Circumstances nowhere;
  EXPECT_EQ(intent_names(nowhere), intents_of_the_schema());
}

TEST(Intents, EveryValueOfTheSchemaCanBeExpandedOrSaysThatItIsNotSupported) {
  for (const std::string& name : intents_of_the_schema()) {
    const auto row = find_row("allow." + name);
    for (const Word& word : row->words) {
      const std::string value = word.boolean ? std::string(word.word) : quote(word.word);
      const std::string line = name + " = " + value;
      if (word.value < 0) {
        EXPECT_TRUE(first_error("[allow]\n" + line).starts_with("[E209]")) << line;
        continue;
      }
      // programs = true says nothing: all of them are shown anyway.
      if (row->type == ValueType::intent_set && name == "programs" && value == "true") continue;
      const auto result = expand(line);
      EXPECT_TRUE(std::holds_alternative<ExpandedIntents>(result)) << line << errors_of(result);
      if (value == "false") continue;
      for (const ExpandedIntent& intent : std::get<ExpandedIntents>(result).intents) {
        EXPECT_FALSE(intent.description.empty()) << intent.name;
      }
    }
  }
}

TEST(Intents, WhatTheyGiveComesFromTheLineThatAllowsThem) {
  const SandboxSpec spec = given("timezone = true");
  ASSERT_FALSE(spec.mounts.empty());
  EXPECT_EQ(show(spec.mounts.front().origin), "web.toml:2:1");
  EXPECT_EQ(show(spec.env.at("TZ").origin), "web.toml:2:1");
}

TEST(Intents, FalseGivesNothing) { EXPECT_EQ(given("system = false\ncwd = false"), SandboxSpec{}); }

TEST(Intents, TheCurrentDirectoryIsReadOnlyUnlessMoreIsAsked) {
  const auto access = [](const std::string& line) {
    const SandboxSpec spec = given(line);
    EXPECT_EQ(targets(spec), (std::vector<std::string>{"/home/ann/work"}));
    return writable(spec, "/home/ann/work");
  };
  EXPECT_FALSE(access("cwd = true"));
  EXPECT_FALSE(access("cwd = 'ro'"));
  EXPECT_TRUE(access("cwd = 'rw'"));
}

TEST(Intents, APrivateCurrentDirectoryIsLeftOutWithANote) {
  Circumstances circumstances = someone();
  circumstances.why_private = [](const std::string&) { return "is your home, so it isn't shared"; };
  const auto result = std::get<ExpandedIntents>(expand("cwd = 'rw'", circumstances));
  EXPECT_TRUE(result.intents.empty());
  EXPECT_EQ(result.notes,
            (std::vector<std::string>{"the current directory is your home, so it isn't shared"}));
}

TEST(Intents, AnEntryOfTheProfileForThatDirectoryNeedsNoNote) {
  Circumstances circumstances = someone();
  circumstances.why_private = [](const std::string&) { return "is your home, so it isn't shared"; };
  const auto result =
      std::get<ExpandedIntents>(expand_intents(allow("cwd = true"), true, circumstances));
  EXPECT_TRUE(result.notes.empty());
}

TEST(Intents, ASetTakesEachNameOnce) {
  EXPECT_EQ(targets(given("etc = ['ssl', 'hosts', 'ssl']")),
            (std::vector<std::string>{"/etc/hosts", "/etc/ssl"}));
  EXPECT_EQ(targets(given("etc = 'ssl'")), (std::vector<std::string>{"/etc/ssl"}));
  EXPECT_EQ(targets(given("etc = true")), (std::vector<std::string>{"/etc"}));
}

TEST(Intents, ANameOfASetCannotLeadElsewhere) {
  EXPECT_EQ(first_line(expand("etc = ['../root']")),
            "immure: error[E301]: path \"/etc/${ITEM}\" in [fs] holds \"..\"");
}

TEST(Intents, ProgramsCoverTheDirectoriesAndShowTheNamed) {
  const SandboxSpec spec = given("programs = ['sh', 'git']");
  EXPECT_TRUE(std::holds_alternative<Hide>(mount_at(spec, "/usr/bin")->what));
  EXPECT_NE(mount_at(spec, "/usr/bin/git"), nullptr);
  EXPECT_NE(mount_at(spec, "/usr/sbin/sh"), nullptr);
  EXPECT_NE(mount_at(spec, "/opt/tool/bin/tool"), nullptr);  // the started one
}

TEST(Intents, ArgumentsAreTheExistingFilesAmongThem) {
  Circumstances circumstances = someone();
  circumstances.cwd = "/usr";
  circumstances.arguments = {"-v", "lib", "/etc/passwd", "no such file", "--file=/etc/group", ""};
  const SandboxSpec spec = given("args = true", circumstances);
  EXPECT_EQ(targets(spec), (std::vector<std::string>{"/etc/passwd", "/usr/lib"}));
  EXPECT_FALSE(writable(spec, "/etc/passwd"));
  EXPECT_TRUE(writable(given("args = 'rw'", circumstances), "/etc/passwd"));
}

TEST(Intents, AnArgumentThatIsTheHomeIsLeftOutWithANote) {
  Circumstances circumstances = someone();
  circumstances.arguments = {"/usr"};
  circumstances.why_private = [](const std::string&) {
    return "holds your home, so it isn't shared";
  };
  const auto result = std::get<ExpandedIntents>(expand("args = true", circumstances));
  EXPECT_TRUE(result.intents.front().spec.mounts.empty());
  EXPECT_EQ(
      result.notes,
      (std::vector<std::string>{"the argument \"/usr\" holds your home, so it isn't shared"}));
}

TEST(Intents, TheRealHomeComesWithoutTheStoresOfKeys) {
  for (const char* value : {"'ro'", "'rw'", "'overlay'"}) {
    const SandboxSpec spec = given(std::string("home = ") + value);
    for (const char* store : {"/home/ann/.ssh", "/home/ann/.gnupg", "/home/ann/.aws"}) {
      ASSERT_NE(mount_at(spec, store), nullptr) << store;
      EXPECT_TRUE(std::holds_alternative<Hide>(mount_at(spec, store)->what)) << store;
    }
  }
  EXPECT_EQ(targets(given("home = true")), (std::vector<std::string>{"/home/ann"}));
}

TEST(Intents, WhatIsCoveredInTheRealHomeIsWhatTheRulesTakeForPrivate) {
  const SandboxSpec spec = given("home = 'rw'");
  const std::vector<std::string> stores = private_stores({.home = "/home/ann"});
  for (const Mount& mount : spec.mounts) {
    if (mount.target == "/home/ann") continue;
    EXPECT_NE(std::ranges::find(stores, mount.target), stores.end()) << mount.target;
  }
  for (const std::string& store : stores) {
    const Mount* mount = mount_at(spec, store);
    // A directory that is covered covers what is in it.
    const Mount* above = mount == nullptr ? mount_at(spec, std::string(parent_of(store))) : mount;
    ASSERT_NE(above, nullptr) << store;
    EXPECT_TRUE(std::holds_alternative<Hide>(above->what)) << store;
  }
}

TEST(Intents, APersistentHomeLiesInTheState) {
  const SandboxSpec spec = given("home = 'persist'");
  EXPECT_EQ(std::get<Bind>(mount_at(spec, "/home/ann")->what).source,
            "/home/ann/.local/state/immure/web/home");
}

TEST(Intents, OneImpliesOthersUnlessTheProfileSaysWhatItWantsOfThem) {
  const auto names = [](const std::string& text) {
    std::vector<std::string> out;
    const auto result = std::get<ExpandedIntents>(expand(text));
    for (const ExpandedIntent& intent : result.intents) out.push_back(intent.name);
    return out;
  };
  EXPECT_EQ(names("network = 'host'"),
            (std::vector<std::string>{"network", "dns", "certificates"}));
  EXPECT_EQ(names("network = 'host'\ndns = false"),
            (std::vector<std::string>{"network", "certificates"}));
  EXPECT_EQ(given("network = 'host'").namespaces.net.value, NamespaceChoice::host);
}

TEST(Intents, AMachineIdIsAnotherOneEachTime) {
  const auto id = [] {
    const SandboxSpec spec = given("machine-id = true");
    return std::get<FileContent>(mount_at(spec, "/etc/machine-id")->what).content;
  };
  const std::string first = id();
  EXPECT_EQ(first.find_first_not_of("0123456789abcdef"), 32U);
  EXPECT_EQ(first.size(), 33U);
  EXPECT_NE(first, id());
}

TEST(Intents, AnUnknownOneNamesTheLikelyOne) {
  const std::string all = errors_of(parse("[allow]\nsytem = true\n"));
  EXPECT_EQ(all,
            "immure: error[E210]: unknown intent \"sytem\"\n"
            "  --> web.toml:2:1\n"
            "   2 | sytem = true\n"
            "     | ^\n"
            "  help: did you mean \"system\"?\n");
}

// A directory of data files beside the profiles of a user.
class OtherIntents : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "immure-intents-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    top_ = name;
    fs::create_directories(top_ / "immure/allow");
    circumstances_.environment.add("XDG_CONFIG_HOME", top_.native());
    circumstances_.uid = ::getuid();
    circumstances_.intents =
        OnDemand<std::vector<std::string>>([this] { return intent_names(circumstances_); });
  }
  void TearDown() override { fs::remove_all(top_); }

  void write(const std::string& name, const std::string& text) {
    const fs::path path = top_ / "immure/allow" / (name + ".toml");
    std::ofstream(path) << text;
    ::chmod(path.c_str(), 0644);
  }
  Allow allowed(const std::string& text) {
    auto result = parse("[allow]\n" + text, circumstances_);
    EXPECT_EQ(errors_of(result), "");
    auto* layer = std::get_if<ProfileLayer>(&result);
    return layer == nullptr ? Allow{} : layer->spec.allow;
  }
  std::variant<ExpandedIntents, Errors> expanded(const std::string& text) {
    return expand_intents(allowed(text), false, circumstances_);
  }

  fs::path top_;
  Circumstances circumstances_ = someone();
};

TEST_F(OtherIntents, AreReadFromTheUsersDirectory) {
  write("printer", "description = 'p'\n[fs]\n'/run/cups' = 'ro?'\n");
  const auto result = std::get<ExpandedIntents>(expanded("printer = true"));
  EXPECT_EQ(targets(result.intents.front().spec), (std::vector<std::string>{"/run/cups"}));
}

TEST_F(OtherIntents, StandBeforeTheShippedOnesOfTheirName) {
  write("timezone", "description = 'p'\n[env]\nTZ = 'UTC'\n");
  const auto result = std::get<ExpandedIntents>(expanded("timezone = true"));
  EXPECT_EQ(result.intents.front().spec.env.at("TZ").value->text, "UTC");
}

TEST_F(OtherIntents, SayWhichValuesTheyHave) {
  write("printer",
        "description = 'p'\ndefault = 'one'\n[value.one]\n[value.all.fs]\n'/x' = 'ro'\n");
  EXPECT_TRUE(std::holds_alternative<ExpandedIntents>(expanded("printer = true")));
  EXPECT_EQ(errors_of(expanded("printer = 'two'")),
            "immure: error[E204]: \"allow.printer\" can't be \"two\"\n"
            "  --> web.toml:2:1\n"
            "   2 | printer = 'two'\n"
            "     | ^\n"
            "  help: write one of \"one\", \"all\"\n");
}

TEST_F(OtherIntents, AMistakeInOneNamesItsFile) {
  write("printer", "description = 'p'\n[fs]\n'/run/cups' = 'rx'\n");
  const std::string all = errors_of(expanded("printer = true"));
  EXPECT_NE(all.find("[E204]"), std::string::npos) << all;
  EXPECT_NE(all.find("immure/allow/printer.toml:3:"), std::string::npos) << all;
}

TEST_F(OtherIntents, ThatOthersCanWriteAreRefused) {
  write("printer", "description = 'p'\n");
  fs::permissions(top_ / "immure/allow/printer.toml", fs::perms::others_write,
                  fs::perm_options::add);
  EXPECT_NE(errors_of(expanded("printer = true")).find("[E107]"), std::string::npos);
}

}  // namespace
}  // namespace immure::testing
