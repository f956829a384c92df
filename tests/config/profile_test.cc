#include <gtest/gtest.h>

#include <csignal>

#include "config/profile_text.h"
#include "config/schema.h"

namespace immure {
namespace {

using testing::errors_of;
using testing::first_error;
using testing::parse;
using testing::someone;
using testing::spec_of;

std::vector<std::string> texts(const SetEdit& set) {
  std::vector<std::string> result;
  for (const SetItem& item : set.items) result.push_back((item.remove ? "!" : "") + item.text);
  return result;
}
using Texts = std::vector<std::string>;

TEST(Profile, AnEmptyOneSaysNothing) {
  EXPECT_EQ(spec_of(""), SandboxSpec{});
  EXPECT_EQ(spec_of("# a comment\nversion = 1\n"), SandboxSpec{});
}

TEST(Profile, TopLevelKeys) {
  auto result = parse(
      "description = 'd'\nwhy = 'w'\nhostname = '${USER}-box'\ndomainname = 'dom'\n"
      "extends = ['build', '~/x.toml']\nprocess.personality = ['linux32', '!whole-seconds']\n");
  ASSERT_EQ(errors_of(result), "");
  const auto& layer = std::get<ProfileLayer>(result);
  EXPECT_EQ(layer.spec.description.value, "d");
  EXPECT_EQ(layer.spec.why.value, "w");
  EXPECT_EQ(layer.spec.hostname.value, "ann-box");
  EXPECT_EQ(layer.spec.domainname.value, "dom");
  EXPECT_EQ(layer.extends.value, (Texts{"build", "/home/ann/x.toml"}));
  EXPECT_EQ(texts(layer.spec.process.personality), (Texts{"linux32", "!whole-seconds"}));
}

TEST(Profile, EveryValueKnowsItsPlace) {
  const SandboxSpec spec = spec_of("\n[process]\n  nice = 5\n");
  EXPECT_EQ(spec.process.nice.value, 5);
  EXPECT_EQ(spec.process.nice.origin.line, 3U);
  EXPECT_EQ(spec.process.nice.origin.column, 3U);
}

TEST(Profile, Root) {
  const Root root = spec_of(
                        "[root]\ndir = '~/rootfs/'\nsize = '4M'\nmode = 0o711\n"
                        "writable = true\nproc = 'none'\ndev = false\n")
                        .root;
  EXPECT_EQ(root.dir.value, "/home/ann/rootfs");
  EXPECT_EQ(root.size_bytes.value, 4U << 20U);
  EXPECT_EQ(root.mode.value, 0711U);
  EXPECT_EQ(root.writable.value, true);
  EXPECT_EQ(root.proc.value, ProcMode::none);
  EXPECT_EQ(root.dev.value, false);
}

TEST(Profile, TheIntentOfTheCurrentDirectory) {
  using Kind = IntentValue::Kind;
  const auto cwd = [](const std::string& value) {
    return *spec_of("allow.cwd = " + value).allow.at("cwd").value;
  };
  EXPECT_EQ(cwd("true"), (IntentValue{.kind = Kind::on}));
  EXPECT_EQ(cwd("'ro'"), (IntentValue{.kind = Kind::word, .word = "ro"}));
  EXPECT_EQ(cwd("'overlay'"), (IntentValue{.kind = Kind::word, .word = "overlay"}));
  EXPECT_EQ(cwd("false"), (IntentValue{.kind = Kind::off}));
  EXPECT_TRUE(spec_of("").allow.empty());
  EXPECT_EQ(first_error("allow.cwd = 'true'"), "[E204]: \"allow.cwd\" can't be \"true\"");
}

TEST(Profile, Process) {
  const Process process = spec_of(R"(
[process]
command = ["${EXE}", "~", "$$x"]
args = ["-q"]
argv0 = "me"
cwd = "${CWD}/sub"
umask = 0o077
nice = 19
oom_score_adj = 500
tty = "detach"
init = "target"
die_with_parent = false
wait = "all"
stop_signal = "INT"
grace = "250ms"
pass_fds = [5, 7, "!3"]
stdin = "null"
stdout = "inherit"
stderr = "~/log"
personality = ["addr-no-randomize"]
cpus = "0-1"
keyring = "inherit"
)")
                              .process;
  EXPECT_EQ(process.command.value, (Texts{"/opt/tool/bin/tool", "~", "$x"}));
  EXPECT_EQ(process.args.value, Texts{"-q"});
  EXPECT_EQ(process.argv0.value, "me");
  EXPECT_EQ(process.cwd.value, "/home/ann/work/sub");
  EXPECT_EQ(process.umask.value, 077U);
  EXPECT_EQ(process.nice.value, 19);
  EXPECT_EQ(process.oom_score_adj.value, 500);
  EXPECT_EQ(process.tty.value, TtyMode::detach);
  EXPECT_EQ(process.init.value, InitMode::target);
  EXPECT_EQ(process.die_with_parent.value, false);
  EXPECT_EQ(process.wait.value, WaitFor::all);
  EXPECT_EQ(process.stop_signal.value, SIGINT);
  EXPECT_EQ(process.grace_ns.value, 250'000'000);
  EXPECT_EQ(texts(process.pass_fds), (Texts{"5", "7", "!3"}));
  EXPECT_EQ(process.stdin_from.value, "null");
  EXPECT_EQ(process.stdout_to.value, "inherit");
  EXPECT_EQ(process.stderr_to.value, "/home/ann/log");
  EXPECT_EQ(texts(process.personality), Texts{"addr-no-randomize"});
  EXPECT_EQ(process.cpus.value, "0-1");
  EXPECT_EQ(process.keyring.value, KeyringMode::inherit);
}

TEST(Profile, Environment) {
  const Environment env = spec_of(R"(
[env]
A = "text ${USER} ~"
B = true
C = false
D = { pass = true, default = "x", secret = true }
E = { secret = true }
"LC_*" = true
)")
                              .env;
  using Kind = EnvRule::Kind;
  EXPECT_EQ(env.at("A").value, (EnvRule{.text = "text ann ~"}));
  EXPECT_EQ(env.at("B").value, (EnvRule{.kind = Kind::pass}));
  EXPECT_EQ(env.at("C").value, (EnvRule{.kind = Kind::unset}));
  EXPECT_EQ(env.at("D").value,
            (EnvRule{.kind = Kind::pass, .fallback = "x", .has_fallback = true, .secret = true}));
  EXPECT_EQ(env.at("E").value, (EnvRule{.kind = Kind::pass, .secret = true}));
  EXPECT_EQ(env.at("LC_*").value, (EnvRule{.kind = Kind::pass}));
  EXPECT_EQ(env.size(), 6U);
}

TEST(Profile, IdentityAndNamespaces) {
  const SandboxSpec spec = spec_of(R"(
user = { uid = 0, gid = 5 }
caps.keep = ["CAP_NET_RAW", "!*"]
[namespaces]
net = "host"
pid = "new"
nested = { user = 3, mnt = 4 }
[time]
monotonic = "+3d"
boottime = -5
[sysctl]
"net.ipv4.ip_default_ttl" = "64"
)");
  EXPECT_EQ(spec.user.uid.value, 0);
  EXPECT_EQ(spec.user.gid.value, 5);
  EXPECT_EQ(texts(spec.caps.keep), (Texts{"CAP_NET_RAW", "!*"}));
  EXPECT_FALSE(spec.caps.bounding_set);
  EXPECT_EQ(spec.namespaces.net.value, NamespaceChoice::host);
  EXPECT_EQ(spec.namespaces.pid.value, NamespaceChoice::fresh);
  EXPECT_FALSE(spec.namespaces.ipc.is_set());
  EXPECT_EQ(spec.namespaces.nested.at("user").value, 3);
  EXPECT_EQ(spec.namespaces.nested.at("mnt").value, 4);
  EXPECT_EQ(spec.time.monotonic_ns.value, 259'200'000'000'000);
  EXPECT_EQ(spec.time.boottime_ns.value, -5'000'000'000);
  EXPECT_EQ(spec.sysctl.at("net.ipv4.ip_default_ttl").value, "64");
}

TEST(Profile, AnEmptyBoundingSetIsNotTheSameAsNone) {
  EXPECT_TRUE(spec_of("caps.bounding = []").caps.bounding_set);
  EXPECT_FALSE(spec_of("caps.keep = []").caps.bounding_set);
}

TEST(Profile, Limits) {
  const Limits limits = spec_of(R"(
seccomp.base = "strict"
[limits]
nofile = 64
as = "1G"
cpu = "2s"
stack = "unlimited"
core = "inherit"
nproc = "hard"
fsize = { soft = "1M", hard = "unlimited" }
wall = "10min"
)")
                            .limits;
  using Kind = LimitValue::Kind;
  EXPECT_EQ(limits.rlimits.at("nofile").value, (LimitValue{.soft = 64, .hard = 64}));
  EXPECT_EQ(limits.rlimits.at("as").value, (LimitValue{.soft = 1U << 30U, .hard = 1U << 30U}));
  EXPECT_EQ(limits.rlimits.at("cpu").value, (LimitValue{.soft = 2, .hard = 2}));
  EXPECT_EQ(limits.rlimits.at("stack").value, (LimitValue{.kind = Kind::unlimited}));
  EXPECT_EQ(limits.rlimits.at("core").value, (LimitValue{.kind = Kind::inherit}));
  EXPECT_EQ(limits.rlimits.at("nproc").value, (LimitValue{.kind = Kind::hard}));
  EXPECT_EQ(limits.rlimits.at("fsize").value, (LimitValue{.soft = 1U << 20U, .hard = UINT64_MAX}));
  EXPECT_EQ(limits.wall_ns.value, 600'000'000'000);
}

TEST(Profile, SeccompBase) {
  EXPECT_EQ(spec_of("seccomp.base = 'none'").seccomp.base.value, FilterBase::none);
  EXPECT_EQ(spec_of("seccomp.base = 'strict'").seccomp.base.value, FilterBase::strict);
}

TEST(Profile, EveryProblemIsToldInTheOrderOfTheFile) {
  const auto result = parse(
      "nice = 1\nhostnam = 'x'\n[process]\nnice = 'x'\ntty = 'pti'\n"
      "[fs]\n'data' = 'ro'\n'/x' = 'or'\n[limits]\nas = '1MB'\n");
  const auto* errors = std::get_if<Errors>(&result);
  ASSERT_NE(errors, nullptr);
  std::string codes;
  std::string lines;
  for (const Error& error : *errors) {
    codes += std::to_string(static_cast<int>(error.code)) + " ";
    lines += std::to_string(error.origin.line) + " ";
  }
  EXPECT_EQ(codes, "202 202 203 204 301 204 303 ");
  EXPECT_EQ(lines, "1 2 4 5 7 8 10 ");
}

TEST(Profile, PlacesCountBytesAlsoAfterOtherCharacters) {
  const auto result = parse("description = 'é'\nallow = { cwd = 'ü', cwdd = 1 }\n");
  const auto* errors = std::get_if<Errors>(&result);
  ASSERT_NE(errors, nullptr);
  ASSERT_EQ(errors->size(), 2U);
  EXPECT_EQ((*errors)[0].origin.column, 17U);
  EXPECT_EQ((*errors)[1].origin.column, 23U);
}

TEST(Schema, EveryKeyThatIsNotBuiltIsRefusedAsSuch) {
  std::size_t refused = 0;
  for (const SchemaRow& row : schema()) {
    if (row.built() || row.type == ValueType::table) continue;
    std::string key(row.key);
    if (key.ends_with("*")) key.replace(key.size() - 1, 1, "x");
    EXPECT_EQ(first_error(key + " = true"),
              "[E209]: \"" + key + "\" is not supported by this version");
    ++refused;
  }
  EXPECT_GT(refused, 50U);
}

TEST(Schema, EveryRowIsDescribedAndTakesItsPlaceInATable) {
  for (const SchemaRow& row : schema()) {
    EXPECT_FALSE(row.doc.empty()) << row.key;
    EXPECT_TRUE(row.doc.ends_with('.')) << row.key;
    const auto found = find_row(row.key);
    ASSERT_TRUE(found) << row.key;
    EXPECT_EQ(found->key, row.key);
    EXPECT_EQ(found->put, row.put) << row.key;
    EXPECT_EQ(found->words.data(), row.words.data()) << row.key;
    if (const auto dot = row.key.rfind('.'); dot != std::string_view::npos) {
      EXPECT_TRUE(find_row(row.key.substr(0, dot))) << row.key;
    }
    EXPECT_EQ(row.type == ValueType::choice && row.words.empty(), false) << row.key;
  }
}

TEST(Setting, IsALineOfAProfile) {
  const auto set = [](std::string_view text) {
    auto result = parse_setting(text, "--set", someone());
    EXPECT_EQ(errors_of(result), "");
    auto* layer = std::get_if<ProfileLayer>(&result);
    return layer == nullptr ? SandboxSpec{} : layer->spec;
  };
  EXPECT_EQ(set("limits.nofile=64").limits.rlimits.at("nofile").value->soft, 64U);
  EXPECT_EQ(set("limits.as=1G").limits.rlimits.at("as").value->soft, 1U << 30U);
  EXPECT_EQ(set("limits.wall=10min").limits.wall_ns.value, 600'000'000'000);
  EXPECT_EQ(set("hostname=123").hostname.value, "123");
  EXPECT_EQ(set("hostname=\"quoted\"").hostname.value, "quoted");
  EXPECT_EQ(set("process.argv0=a\"b\\c").process.argv0.value, "a\"b\\c");
  EXPECT_EQ(set("process.command=[\"a\", \"b\"]").process.command.value, (Texts{"a", "b"}));
  EXPECT_EQ(set("process.umask=0o027").process.umask.value, 027U);
  EXPECT_EQ(set("process.umask=027").process.umask.value, 027U);
  EXPECT_EQ(set("allow.cwd=rw").allow.at("cwd").value->word, "rw");
  EXPECT_EQ(set("allow.cwd=false").allow.at("cwd").value->kind, IntentValue::Kind::off);
  EXPECT_EQ(set("env.A=true").env.at("A").value->kind, EnvRule::Kind::pass);
  EXPECT_EQ(set("env.A=x=y").env.at("A").value->text, "x=y");
  EXPECT_EQ(set("time.monotonic=+3d").time.monotonic_ns.value, 259'200'000'000'000);
  EXPECT_EQ(set("root.writable=true").root.writable.value, true);

  const SandboxSpec mount = set(R"(fs."/x=y"="rw")");
  ASSERT_EQ(mount.mounts.size(), 1U);
  EXPECT_EQ(mount.mounts[0].target, "/x=y");
  EXPECT_EQ(mount.mounts[0].origin, (Origin{.flag = "--set"}));
  EXPECT_EQ(set("fs.'~/x'=ro").mounts.at(0).target, "/home/ann/x");
}

TEST(Setting, ErrorsShowTheFlag) {
  const auto error = [](std::string_view text) {
    return errors_of(parse_setting(text, "--set", someone()));
  };
  EXPECT_EQ(error("hostnam=x"),
            "immure: error[E202]: unknown key \"hostnam\"\n  --> --set\n"
            "  help: did you mean \"hostname\"?\n");
  EXPECT_EQ(error("hostname"),
            "immure: error[E101]: \"hostname\" has no \"=\"\n  --> --set\n"
            "  help: write KEY=VALUE\n");
  EXPECT_EQ(error("fs.data=ro"),
            "immure: error[E301]: relative path \"data\" in [fs]\n  --> --set\n"
            "  help: write \"${CWD}/data\" (where you start)\n");
  EXPECT_EQ(error("network.mode=host"),
            "immure: error[E209]: \"network.mode\" is not supported by this version\n"
            "  --> --set\n");
  EXPECT_NE(error("hostname=\"a\"\ncaps.keep=[]"), "");
  EXPECT_NE(error("[fs]\n'/x'=ro"), "");
  EXPECT_NE(error("=x"), "");
}

}  // namespace
}  // namespace immure
