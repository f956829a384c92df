#include "spec/check.h"

#include <gtest/gtest.h>

#include "base/log.h"

namespace immure {
namespace {

// The printed problems, "" when the spec is accepted.
std::string problems(SandboxSpec spec) {
  auto result = check(std::move(spec));
  std::string text;
  if (const auto* errors = std::get_if<Errors>(&result)) {
    for (const Error& error : *errors) {
      text.append("E").append(std::to_string(static_cast<int>(error.code)));
      text.append(" ").append(error.doing).append("\n");
    }
  }
  return text;
}

SandboxSpec with_mount(Mount mount) { return SandboxSpec{.mounts = {std::move(mount)}}; }

TEST(Check, ASpecThatAsksForNothingIsFine) { EXPECT_EQ(problems({}), ""); }

TEST(Check, TheCheckedSpecIsTheOneThatWasGiven) {
  SandboxSpec spec;
  spec.hostname.set("box", {});
  SandboxSpec copy = spec;
  const auto result = check(std::move(copy));
  ASSERT_TRUE(std::holds_alternative<CheckedSpec>(result));
  EXPECT_EQ(std::get<CheckedSpec>(result).get(), spec);
}

TEST(Check, HostNamesAreAtMost64PlainBytes) {
  for (const std::string& good :
       {std::string("a"), std::string("a-b.c_d9"), std::string(64, 'x')}) {
    SandboxSpec spec;
    spec.hostname.set(good, {});
    EXPECT_EQ(problems(spec), "") << good;
  }
  for (const std::string& bad :
       {std::string(), std::string("-a"), std::string(".a"), std::string("a b"),
        std::string(65, 'x'), std::string("\xc3\xa9")}) {
    SandboxSpec spec;
    spec.hostname.set(bad, {});
    EXPECT_EQ(problems(spec).substr(0, 5), "E353 ") << bad;
  }
}

TEST(Check, ASharedPidNamespaceNeedsAnotherProc) {
  SandboxSpec spec;
  spec.namespaces.pid.set(NamespaceChoice::host, {});
  EXPECT_EQ(problems(spec),
            "E353 namespaces.pid = \"host\" leaves no process to mount a fresh /proc for\n");
  spec.root.proc.set(ProcMode::host, {});
  EXPECT_EQ(problems(spec), "");
  spec.root.proc.set(ProcMode::none, {});
  EXPECT_EQ(problems(spec), "");
}

TEST(Check, OnlyNamespacedSysctlsAndOnlyInAnOwnNamespace) {
  for (const char* good : {"net.core.somaxconn", "kernel.shmmax", "kernel.sem", "kernel.msgmni",
                           "fs.mqueue.msg_max", "kernel.domainname"}) {
    SandboxSpec spec;
    spec.sysctl[good].set("1", {});
    EXPECT_EQ(problems(spec), "") << good;
  }
  for (const char* bad : {"kernel.core_pattern", "vm.overcommit_memory", "net/../kernel", "net..x",
                          "net.", "", "fs.suid_dumpable", "kernel.shm"}) {
    SandboxSpec spec;
    spec.sysctl[bad].set("1", {});
    EXPECT_EQ(problems(spec).substr(0, 5), "E352 ") << bad;
  }
  SandboxSpec shared;
  shared.namespaces.ipc.set(NamespaceChoice::host, {});
  shared.sysctl["kernel.shmmax"].set("1", {});
  EXPECT_EQ(problems(shared),
            "E352 sysctl \"kernel.shmmax\" would change the host's: namespaces.ipc is \"host\"\n");
}

TEST(Check, TimeOffsetsNeedATimeNamespaceAndAReaper) {
  SandboxSpec spec;
  spec.time.boottime_ns.set(1, {});
  EXPECT_EQ(problems(spec), "");
  spec.process.init.set(InitMode::target, {});
  EXPECT_EQ(problems(spec),
            "E351 a time offset holds only for children of pid 1, and the command is pid 1\n");
  spec.process.init.set(InitMode::reaper, {});
  spec.namespaces.time.set(NamespaceChoice::host, {});
  EXPECT_EQ(problems(spec),
            "E351 an offset needs an own time namespace, but namespaces.time is \"host\"\n");
  SandboxSpec bare;
  bare.namespaces.time.set(NamespaceChoice::fresh, {});
  bare.process.init.set(InitMode::target, {});
  EXPECT_EQ(problems(bare).substr(0, 5), "E351 ");
}

TEST(Check, TheRootIsNoMount) {
  EXPECT_EQ(problems(with_mount({.target = "/", .what = Bind{}})),
            "E323 \"/\" can't be an entry of [fs]\n");
}

TEST(Check, TargetsAreAbsolute) {
  EXPECT_EQ(problems(with_mount({.target = "a", .what = Bind{}})),
            "E301 mount target \"a\" is not an absolute path\n");
  EXPECT_EQ(problems(with_mount({.target = "/a/../b", .what = Bind{}})),
            "E301 mount target \"/a/../b\" is not an absolute path\n");
}

TEST(Check, PatternsAreForHideAndForBindsOfTheSamePath) {
  EXPECT_EQ(problems(with_mount({.target = "/*", .glob = true, .what = Hide{}})), "");
  EXPECT_EQ(problems(with_mount({.target = "/srv/*", .glob = true, .what = Bind{}})), "");
  EXPECT_NE(problems(with_mount({.target = "/*", .glob = true, .what = Bind{.source = "/b"}})), "");
  EXPECT_NE(problems(with_mount({.target = "/*", .glob = true, .what = Tmpfs{}})), "");
}

TEST(Check, AnOverlayWritesBesideItsLayers) {
  const auto overlay = [](std::vector<std::string> lower, std::string upper) {
    return problems(with_mount(
        {.target = "/a/b", .what = Overlay{.lower = std::move(lower), .upper = std::move(upper)}}));
  };
  EXPECT_EQ(overlay({}, ""), "");
  EXPECT_EQ(overlay({}, "/a/b.changes"), "");
  EXPECT_NE(overlay({}, "/a/b/changes"), "");
  EXPECT_NE(overlay({}, "/a"), "");
  EXPECT_NE(overlay({"/x", "/y"}, "/y"), "");
  EXPECT_EQ(overlay({"/x", "/y"}, "/a/b"), "");
}

TEST(Check, CapabilitiesExistAndAreWithinTheBoundingSet) {
  const SetEdit kill{.items = {{.text = "CAP_KILL"}}};
  const SetEdit all{.items = {{.text = "ALL"}}};
  const SetEdit odd{.items = {{.text = "CAP_FLY"}}};
  EXPECT_EQ(problems({.caps = {.keep = kill}}), "");
  EXPECT_EQ(problems({.caps = {.keep = all}}), "");
  EXPECT_EQ(problems({.caps = {.keep = odd}}), "E354 \"CAP_FLY\" is not a capability\n");
  EXPECT_EQ(problems({.caps = {.keep = kill, .bounding = all, .bounding_set = true}}), "");
  EXPECT_EQ(problems({.caps = {.keep = kill, .bounding_set = true}}),
            "E354 \"CAP_KILL\" is kept, but is not in caps.bounding\n");
}

TEST(Check, NamesOfVariablesHoldNoEqualsSign) {
  for (const char* bad : {"", "A=B"}) {
    SandboxSpec spec;
    spec.env[bad].set(EnvRule{.text = "x"}, {});
    EXPECT_EQ(problems(spec).substr(0, 5), "E203 ") << bad;
  }
}

TEST(Check, AllProblemsAreToldInTheOrderOfTheirPlaces) {
  const auto file = std::make_shared<SourceFile>();
  const auto line = [&](std::uint32_t number) { return Origin{.file = file, .line = number}; };
  SandboxSpec spec;
  spec.hostname.set("a b", line(9));
  spec.namespaces.user.set(NamespaceChoice::host, line(3));
  spec.mounts = {Mount{.target = "/", .what = Bind{}, .origin = line(5)}};
  const auto result = check(std::move(spec));
  const auto* errors = std::get_if<Errors>(&result);
  ASSERT_NE(errors, nullptr);
  ASSERT_EQ(errors->size(), 3U);
  EXPECT_EQ((*errors)[0].code, Code::user_namespace_host);
  EXPECT_EQ((*errors)[1].code, Code::refused_mount);
  EXPECT_EQ((*errors)[2].code, Code::namespace_value);
}

}  // namespace
}  // namespace immure
