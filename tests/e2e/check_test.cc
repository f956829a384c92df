// `immure check`: what is refused or warned of, as JSON, and without a look at the host.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <map>

#include "support/immure.h"

namespace immure::test {
namespace {

Outcome immure(Argv arguments) {
  arguments.insert(arguments.begin(), binary());
  return run({.argv = std::move(arguments)});
}

TEST(Check, TellsErrorsAndWarningsOfSeveralFilesInTheirOrder) {
  const TempDir directory;
  const std::string a = directory.write(
      "a.toml", "hostname = \"a b\"\nnamespaces.net = \"host\"\n[fs]\n\"~/.ssh\" = \"rw\"\n");
  const std::string b = directory.write("b.toml", "colour = 1\n");
  const std::string fine = directory.write("c.toml", "hostname = \"c\"\n");
  const Outcome outcome = immure({"check", "--log-format=short", fine, a, b});
  EXPECT_EQ(outcome.code, 1);
  std::string codes;
  for (const std::string& line : lines(outcome.err)) {
    codes += line.substr(line.find('[') + 1, 4) + (contains(line, a) ? " a" : " b") + '\n';
  }
  EXPECT_EQ(codes, "E353 a\nW710 a\nE323 a\nE202 b\n") << outcome.err;
  EXPECT_EQ(immure({"check", fine}).err, "");
  EXPECT_EQ(immure({"check", fine}).code, 0);
  EXPECT_EQ(immure({"check", fine, "/no/such.toml"}).code, 2);
}

TEST(Check, SaysOnceWhatIsWrongWithAProfileThatTwoExtend) {
  const TempDir directory;
  const std::string base = directory.write("base.toml", "colour = 1\n");
  const std::string a = directory.write("a.toml", "extends = [\"" + base + "\"]\n");
  const std::string b = directory.write("b.toml", "extends = [\"" + base + "\"]\n");
  const Outcome outcome = immure({"check", "--log-format=short", a, b});
  EXPECT_EQ(lines(outcome.err).size(), 2U) << outcome.err;  // by two ways, so it is told of both
  EXPECT_TRUE(contains(outcome.err, base + ":1:1, ")) << outcome.err;
}

TEST(Check, PrintsJsonThatOthersRead) {
  const TempDir directory;
  const std::string path = directory.write(
      "a.toml", "extends = []\nnamespaces.net = \"host\"\n[process]\numask = 640\n");
  const Outcome outcome = immure({"check", "--json", path});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(outcome.out,
            "[\n{\"code\":\"E303\",\"severity\":\"error\",\"message\":\"640 is not a "
            "mode\",\"file\":\"" +
                path +
                "\",\"line\":4,\"column\":9,\"help\":"
                "[\"write 0o640\"],\"through\":null}\n]\n");
  const std::string fine = directory.write("c.toml", "hostname = \"c\"\n");
  EXPECT_EQ(immure({"check", "--json", fine}).out, "[]\n");
  const Program reader{.argv = {"python3", "-c",
                                "import json,sys\n"
                                "for m in json.load(sys.stdin): print(m['code'], m['line'])"},
                       .input = immure({"check", "--json", path, "/no/such.toml"}).out};
  EXPECT_EQ(run(reader).out, "E303 4\nE207 None\n");
}

TEST(Check, PureFindsTheSameOnEveryHost) {
  const TempDir directory;
  const std::string path = directory.write("a.toml",
                                           "hostname = \"${env:NO_SUCH_VARIABLE}\"\n"
                                           "[fs]\n"
                                           "\"${XDG_RUNTIME_DIR}/pipewire-0\" = \"ro?\"\n"
                                           "\"${env:NO_SUCH_VARIABLE}/x\" = \"ro\"\n"
                                           "\"${XDG_DOWNLOAD_DIR}\" = \"rw\"\n"
                                           "\"${EXE_DIR}/lib\" = \"ro\"\n"
                                           "\"${PROFILE_DIR}/data\" = \"ro\"\n");
  const std::map<std::string, std::string> nothing;
  const Outcome pure = run({.argv = {binary(), "check", "--pure", path}, .environment = nothing});
  EXPECT_EQ(pure.code, 0) << pure.err;
  // Without it the variables have to be there.
  EXPECT_EQ(run({.argv = {binary(), "check", path}, .environment = nothing}).code, 1);
  const std::string bad = directory.write("b.toml", "[fs]\n\"~/.ssh\" = \"rw\"\n");
  const Outcome refused = immure({"check", "--pure", bad});
  EXPECT_EQ(refused.code, 1);
  EXPECT_TRUE(contains(refused.err, "E323]: \"/home/user/.ssh\" gives write access"))
      << refused.err;
}

TEST(Check, PureLooksForNoOtherFiles) {
  const TempDir home;
  const std::string profiles = "immure/profiles/";
  (void)home.write(profiles + "mine.toml", "hostname = \"x\"\n");
  (void)home.write(profiles + "build.toml.d/a.toml", "colour = 1\n");
  const std::string by_name = home.write("a.toml", "extends = [\"mine\"]\n");
  const std::string shipped = home.write("b.toml", "extends = [\"build\"]\n");
  const auto check = [&](const Argv& arguments) {
    Argv argv = {binary(), "check"};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    return run(
        {.argv = argv, .environment = {{{"XDG_CONFIG_HOME", home.path()}}}, .cwd = home.path()});
  };
  EXPECT_EQ(check({"a.toml"}).code, 0);
  EXPECT_EQ(check({"b.toml"}).code, 1);
  EXPECT_EQ(check({"--pure", "b.toml"}).code, 0) << check({"--pure", "b.toml"}).err;
  const Outcome unknown = check({"--pure", "a.toml"});
  EXPECT_EQ(unknown.code, 1);
  EXPECT_EQ(unknown.err, "immure: error[E207]: there is no shipped profile \"mine\"\n  --> " +
                             home.path() +
                             "/a.toml:1:1\n"
                             "   1 | extends = [\"mine\"]\n"
                             "     | ^\n"
                             "  help: --pure looks for no others; name a file with its path\n");
  // Whose file it is does not matter to what stands in it.
  const std::string open = home.write("c.toml", "hostname = \"x\"\n", 0666);
  ASSERT_EQ(::chmod(open.c_str(), 0666), 0);
  EXPECT_EQ(check({"c.toml"}).code, 1);
  EXPECT_EQ(check({"--pure", "c.toml"}).code, 0);
}

TEST(Check, RunRefusesWhatIsNotAcknowledgedAndWarnsOfNothingElse) {
  IMMURE_REQUIRE_SANDBOX();
  const Outcome refused = immure({"run", "--ro", "/run", "--", "true"});
  EXPECT_EQ(refused.code, 125);
  EXPECT_TRUE(contains(refused.err, "E323]: \"/run\" shows all of \"/run/user/")) << refused.err;
  EXPECT_TRUE(contains(refused.err, "--set 'lint.allow=[\"W725\"]'")) << refused.err;
  const Outcome meant = immure({"run", "--ro", "/run", "--set",
                                "lint.allow=[\"W720\", \"W725\", \"W726\"]", "--", "echo", "ran"});
  EXPECT_EQ(meant.out, "ran\n") << meant.err;
  const Outcome network = immure({"run", "--set", "namespaces.net=host", "--", "true"});
  EXPECT_EQ(network.code, 0);
  EXPECT_EQ(network.err, "");
  EXPECT_TRUE(contains(immure({"explain", "--set", "namespaces.net=host", "--", "true"}).out,
                       "warning[W710]"));
}

}  // namespace
}  // namespace immure::test
