// [seccomp] of a spec: what it comes to, in one layer or more.
#include <gtest/gtest.h>
#include <linux/audit.h>

#include <memory>
#include <string>

#include "config/toml_profile.h"
#include "plan/filter_table.h"
#include "plan/lower_filter.h"
#include "seccomp/call_names.h"
#include "spec/merge.h"

namespace immure {
namespace {

SandboxSpec spec_of(std::initializer_list<const char*> layers) {
  const Circumstances circumstances{.home = "/home/u", .cwd = "/home/u"};
  SandboxSpec spec;
  Errors warnings;
  for (const char* layer : layers) {
    const auto file = std::make_shared<const SourceFile>(
        SourceFile{.name = "t.toml", .text = std::string("[seccomp]\n") + layer});
    auto parsed = parse_profile(file, "/p", circumstances);
    if (const auto* errors = std::get_if<Errors>(&parsed)) {
      ADD_FAILURE() << errors->front().doing;
      continue;
    }
    merge(spec, std::get<ProfileLayer>(parsed).spec, warnings);
  }
  return spec;
}

std::vector<Policy> policies_of(const SandboxSpec& spec) {
  const FilterModel model = filter_model(spec, false);
  EXPECT_TRUE(model.errors.empty());
  std::vector<Policy> policies;
  auto made = make_custom(model.request);
  EXPECT_TRUE(made.ok());
  if (made.ok()) {
    for (const CustomPolicy& one : made.value()) policies.push_back(one.policy);
  }
  return policies;
}

std::string row_of(const FilterTable& table, std::string_view call, std::string_view abi = {}) {
  std::string rows;
  for (const CallRow& row : table.rows) {
    if (row.call != call || row.abi != abi) continue;
    rows += row.verdict + (row.when.empty() ? "" : " if " + row.when) + " by " +
            (row.origin == Origin{} ? table.base : show(row.origin)) + '\n';
  }
  return rows;
}

TEST(FilterModel, GroupsOfSeveralLayersCanBeWrittenInOne) {
  for (const auto& layers :
       {std::initializer_list<const char*>{"deny = [\"@network-io\", \"@sync\"]",
                                           "allow = [\"@system-service\", \"@mount\"]",
                                           "deny = [\"@mount\"]"},
        {"allow = [\"@system-service\"]", "deny = [\"@network-io\"]"},
        {"base = \"none\"\ndeny = [\"@privileged\"]", "allow = [\"@chown\"]"}}) {
    const SandboxSpec spec = spec_of(layers);
    SandboxSpec flat = spec;
    settle_groups(flat.seccomp);
    for (const SetEdit* set : {&flat.seccomp.allow, &flat.seccomp.deny}) {
      for (const SetItem& item : set->items) EXPECT_EQ(item.layer, 0U) << item.text;
    }
    EXPECT_EQ(policies_of(flat), policies_of(spec));
  }
}

TEST(FilterModel, SaysWhetherUserNamespacesStayClosed) {
  EXPECT_TRUE(closes_namespaces(spec_of({""})));
  EXPECT_TRUE(closes_namespaces(spec_of({R"(base = "strict")"})));
  EXPECT_TRUE(closes_namespaces(spec_of({R"(allow = ["@process", "@system-service"])"})));
  EXPECT_TRUE(closes_namespaces(spec_of({R"(on_deny = "kill")"})));
  EXPECT_FALSE(closes_namespaces(spec_of({R"(base = "none")"})));
  EXPECT_FALSE(closes_namespaces(spec_of({R"(on_deny = "log")"})));
  EXPECT_FALSE(closes_namespaces(spec_of({R"(allow = ["clone3"])"})));
  EXPECT_FALSE(
      closes_namespaces(spec_of({R"(rules = [{ syscalls = ["@process"], action = "allow" }])"})));
}

TEST(FilterTable, NamesTheLineThatDecidesOfEachCall) {
  const SandboxSpec spec = spec_of({R"(deny = ["@sync", "uname"]
sockets = ["unix"]
rules = [{ syscalls = ["dup2", "kill"], action = "kill", args = ["0 & 7 == 5"] }])"});
  const FilterTable table = filter_table(spec, {});
  EXPECT_EQ(row_of(table, "uname"), "fails with EPERM by t.toml:2:18\n");
  EXPECT_EQ(row_of(table, "fsync"), "fails with EPERM by t.toml:2:9\n");
  EXPECT_EQ(row_of(table, "ptrace"), "fails with EPERM by standard\n");
  EXPECT_EQ(row_of(table, "dup2"),
            "kill the process if 0 & 7 == 5 by t.toml:4:10\nallowed by standard\n");
  EXPECT_EQ(row_of(table, "socket"),
            "fails with EAFNOSUPPORT if 0 == 2, 1 & 15 == 10 by t.toml:3:1\n"
            "allowed if 0 == 1 by t.toml:3:1\nfails with EAFNOSUPPORT by t.toml:3:1\n");
}

TEST(FilterTable, SaysWhatOtherAbisDecideOtherwise) {
  if (filter_arch() != AUDIT_ARCH_X86_64) GTEST_SKIP() << "only x86-64 has other ABIs";
  const FilterTable table = filter_table(spec_of({R"(arch = ["i386", "x32"]
rules = [{ syscalls = ["getpid"], action = "kill", arch = ["i386"] }]
deny = ["socketcall"])"}),
                                         {});
  EXPECT_EQ(row_of(table, "getpid"), "allowed by standard, 32-bit calls too\n");
  EXPECT_EQ(row_of(table, "getpid", "i386"), "kill the process by t.toml:3:10\n");
  EXPECT_EQ(row_of(table, "getpid", "x32"), "") << "as the processor's own";
  EXPECT_EQ(row_of(table, "socketcall"), "");
  EXPECT_EQ(row_of(table, "socketcall", "i386"), "fails with EPERM by t.toml:4:9\n");
  EXPECT_EQ(filter_table(spec_of({""}), {}).rows.back().abi, "") << "the control";
}

std::string unused(const char* layer) {
  std::string said;
  for (const Error& warning : check_filter(spec_of({layer})).warnings) {
    said += warning.doing + ": " + warning.reason + '\n';
  }
  return said;
}

TEST(FilterModel, TellsOfLinesThatChangeNothing) {
  if (filter_arch() != AUDIT_ARCH_X86_64) GTEST_SKIP() << "only x86-64 has other ABIs";
  const std::string rule =
      R"(rules = [{ syscalls = ["getpid"], action = "kill", arch = ["i386"] }])";
  EXPECT_EQ(
      unused(rule.c_str()),
      "seccomp.arch leaves out \"i386\", whose calls end the process: the line changes nothing "
      "here\n");
  EXPECT_EQ(unused(("arch = [\"i386\"]\n" + rule).c_str()), "");
  EXPECT_EQ(unused(R"(deny = ["socketcall"])"),
            "\"socketcall\" is no system call of this architecture: the line changes nothing "
            "here\n");
  EXPECT_EQ(unused("arch = [\"i386\"]\ndeny = [\"socketcall\"]"), "");
}

}  // namespace
}  // namespace immure
