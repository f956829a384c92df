// Which profile a start takes, and who may say so: projects, trust, match, and own profiles.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "support/immure.h"

namespace immure::test {
namespace {

namespace fs = std::filesystem;

// An own configuration directory, and a project beside it.
class Choice : public ::testing::Test {
 protected:
  std::map<std::string, std::string> environment() const {
    return {{"PATH", "/usr/local/bin:/usr/bin:/bin"},
            {"XDG_CONFIG_HOME", config_.path()},
            {"LANG", "C.UTF-8"}};
  }

  Outcome immure(Argv arguments, const std::string& cwd,
                 const std::map<std::string, std::string>& more = {}) const {
    arguments.insert(arguments.begin(), binary());
    Program program{.argv = std::move(arguments), .environment = environment(), .cwd = cwd};
    program.environment->insert(more.begin(), more.end());
    return run(program);
  }

  // The host name that a start in `cwd` gets: that is how these profiles are told apart.
  std::string host_name(const std::string& cwd, Argv options = {},
                        const std::string& command = "cat") const {
    Argv arguments{"run"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    arguments.insert(arguments.end(), {"--", command, "/proc/sys/kernel/hostname"});
    const Outcome outcome = immure(arguments, cwd);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return trimmed(outcome.out);
  }

  void write_profile(const std::string& name, const std::string& text) const {
    (void)config_.write("immure/profiles/" + name + ".toml", text);
  }

  TempDir config_;
  TempDir project_;
};

TEST_F(Choice, AProjectFileCountsOnlyOnceItIsTrusted) {
  IMMURE_REQUIRE_SANDBOX();
  const std::string file = project_.write(".immure.toml", "hostname = \"project\"\n");
  const std::string sub = project_.path() + "/sub";
  fs::create_directory(sub);

  const Outcome before = immure({"run", "--", "cat", "/proc/sys/kernel/hostname"}, sub);
  EXPECT_EQ(before.out, "immure\n");
  EXPECT_EQ(before.err, "immure: warning: project file \"" + file +
                            "\" is not trusted: not used (immure trust " + project_.path() + ")\n");

  const Outcome shown = immure({"trust", "--yes"}, sub);
  EXPECT_EQ(shown.code, 0) << shown.err;
  EXPECT_TRUE(contains(shown.out, "+ set the host name to project   [" + file + ":1:1]"))
      << shown.out;
  EXPECT_EQ(host_name(sub), "project");
  EXPECT_EQ(host_name(sub, {"--no-project"}), "immure");
  EXPECT_EQ(host_name(sub, {"-p", "default"}), "immure");

  (void)project_.write(".immure.toml", "hostname = \"changed\"\n");
  const Outcome changed = immure({"run", "--", "true"}, sub);
  EXPECT_TRUE(contains(changed.err, "has changed since it was trusted")) << changed.err;
  EXPECT_EQ(host_name(sub), "immure");
  EXPECT_EQ(immure({"run", "--project", "--", "true"}, sub).code, 125);

  (void)project_.write(".immure.toml", "hostname = \"project\"\n");
  EXPECT_EQ(host_name(sub, {"--project"}), "project");
  EXPECT_EQ(immure({"untrust"}, sub).code, 0);
  EXPECT_EQ(host_name(sub), "immure");
  EXPECT_EQ(immure({"untrust"}, sub).code, 1);
}

// What a sandbox does to the trusted file of a project that lies beside or around its directory.
TEST_F(Choice, ATrustedProjectFileIsNeverLostUnnoticed) {
  IMMURE_REQUIRE_SANDBOX();
  const std::string inner = project_.path() + "/inner";
  (void)project_.write("inner/.immure.toml", "hostname = \"project\"\n");
  fs::create_directory(inner + "/deep");
  ASSERT_EQ(immure({"trust", "--yes", inner}, "/").code, 0);
  EXPECT_EQ(host_name(inner), "project") << "the control";

  // Started below, it puts another file in front.
  const auto attack = [&](const std::string& cwd, const std::string& script) {
    return immure({"run", "-p", "build", "--", "sh", "-c", script}, cwd).code;
  };
  ASSERT_EQ(attack(inner + "/deep", "echo 'extends = []' > .immure.toml"), 0);
  const Outcome hidden = immure({"run", "--", "true"}, inner + "/deep");
  EXPECT_EQ(hidden.code, 125);
  EXPECT_TRUE(contains(hidden.err, "error[E108]: project file \"" + inner +
                                       "/deep/.immure.toml\" is not trusted, and stands before"))
      << hidden.err;
  EXPECT_EQ(host_name(inner + "/deep", {"--no-project"}), "immure");
  fs::remove(inner + "/deep/.immure.toml");

  // Started above, it takes the file away.
  ASSERT_EQ(attack(project_.path(), "rm inner/.immure.toml"), 0);
  for (const std::string& cwd : {inner, inner + "/deep"}) {
    const Outcome gone = immure({"run", "--", "true"}, cwd);
    EXPECT_EQ(gone.code, 125);
    EXPECT_TRUE(contains(gone.err, "immure: error[E108]: project file \"" + inner +
                                       "/.immure.toml\" is trusted, but gone\n"))
        << gone.err;
    EXPECT_TRUE(contains(gone.err, "if it is to be gone: immure untrust " + inner + "\n"));
    EXPECT_EQ(immure({"explain", "--", "true"}, cwd).code, 2);
  }
  EXPECT_EQ(host_name(inner, {"-p", "default"}), "immure");
  (void)project_.write(".immure.toml", "hostname = \"outer\"\n");
  EXPECT_EQ(immure({"untrust", inner}, "/").code, 0) << "not the one that is there, above";
  EXPECT_EQ(host_name(inner), "immure");
}

TEST_F(Choice, TrustIsNeverGivenWithoutAnAnswer) {
  const std::string file = project_.write(".immure.toml", "hostname = \"project\"\n");
  const Outcome outcome = immure({"trust"}, project_.path());
  EXPECT_EQ(outcome.code, 2);
  EXPECT_TRUE(contains(outcome.err, "no terminal to ask")) << outcome.err;
  EXPECT_FALSE(exists(config_.path() + "/immure/trusted"));
}

// Who is asked whether to trust a file must not be told less because the file says so.
TEST_F(Choice, TrustShowsWhatTheFileAcknowledgesItself) {
  IMMURE_REQUIRE_SANDBOX();
  (void)project_.write(".immure.toml",
                       "[fs]\n\"~/.ssh\" = \"rw?\"\n[namespaces]\nnet = \"host\"\n"
                       "[lint]\nallow = [\"W723\", \"W710\"]\n");
  const std::string file = project_.path() + "/.immure.toml";
  const Outcome shown = immure({"trust", "--yes"}, project_.path());
  EXPECT_EQ(shown.code, 0) << shown.err;
  EXPECT_TRUE(contains(shown.out, "immure: warning: \"~/.ssh\" gives write access to "))
      << shown.out;
  EXPECT_TRUE(contains(shown.out, "immure: warning[W710]: the network is the host's")) << shown.out;
  EXPECT_TRUE(contains(shown.out, "help: the file itself says that this is meant: lint.allow"))
      << shown.out;
  // What the user has acknowledged is the user's to know, and a file that asks for nothing has
  // nothing to show.
  (void)project_.write(".immure.toml", "hostname = \"plain\"\n");
  EXPECT_FALSE(contains(immure({"trust", "--yes"}, project_.path()).out, "warning"));
}

// Runs `immure trust` on a terminal of its own, where `answer` is typed.
int trust_on_a_terminal(const std::string& answer, const std::string& cwd,
                        const std::string& config) {
  int master = -1;
  const pid_t pid = ::forkpty(&master, nullptr, nullptr, nullptr);
  if (pid == 0) {
    if (::chdir(cwd.c_str()) != 0) ::_exit(99);
    ::setenv("XDG_CONFIG_HOME", config.c_str(), 1);
    ::execl(binary().c_str(), "immure", "trust", nullptr);
    ::_exit(98);
  }
  std::string seen;
  bool answered = false;
  char buffer[4096];
  for (ssize_t got = 0; (got = ::read(master, buffer, sizeof buffer)) > 0;) {
    seen.append(buffer, static_cast<std::size_t>(got));
    if (answered || !contains(seen, "Trust it, as it is now? [y/N]")) continue;
    answered = true;
    EXPECT_TRUE(contains(seen, "host name to project")) << "asked before it was shown: " << seen;
    EXPECT_EQ(::write(master, answer.data(), answer.size()), static_cast<ssize_t>(answer.size()));
  }
  int status = 0;
  (void)::waitpid(pid, &status, 0);
  (void)::close(master);
  EXPECT_TRUE(answered) << seen;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_F(Choice, TrustShowsAndAsksOnATerminal) {
  (void)project_.write(".immure.toml", "hostname = \"project\"\n");
  for (const char* no : {"\n", "n\n", "yeah\n", "\x04"}) {
    EXPECT_EQ(trust_on_a_terminal(no, project_.path(), config_.path()), 1) << no;
    EXPECT_FALSE(exists(config_.path() + "/immure/trusted")) << no;
  }
  EXPECT_EQ(trust_on_a_terminal("y\n", project_.path(), config_.path()), 0);
  struct stat status {};
  ASSERT_EQ(::stat((config_.path() + "/immure/trusted").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600U);
}

TEST_F(Choice, AProjectFileThatIsWrongIsNotTrusted) {
  (void)project_.write(".immure.toml", "hostnam = \"project\"\n");
  const Outcome outcome = immure({"trust", "--yes"}, project_.path());
  EXPECT_EQ(outcome.code, 2);
  EXPECT_TRUE(contains(outcome.err, "E202")) << outcome.err;
  EXPECT_FALSE(exists(config_.path() + "/immure/trusted"));
}

TEST_F(Choice, WhatDecidesAboutLaterRunsIsReadOnlyInside) {
  IMMURE_REQUIRE_SANDBOX();
  const std::string text = "hostname = \"project\"\n";
  (void)project_.write(".immure.toml", text);
  (void)project_.write("own.toml", text);
  write_profile("mine", text);
  const std::string script =
      "echo 'x = 1' > .immure.toml; mv .immure.toml gone; rm -f .immure.toml; echo y >> own.toml;"
      " echo z >> $CONFIG/immure/profiles/mine.toml; echo t > $CONFIG/immure/trusted;"
      " echo 1 > control; echo 1 > $CONFIG/control; echo done";
  const Outcome outcome =
      immure({"run", "-p", "own.toml", "--rw", project_.path(), "--rw", config_.path(), "--set",
              "lint.allow=[\"W723\"]", "-e", "CONFIG=" + config_.path(), "--", "sh", "-c", script},
             project_.path());
  EXPECT_EQ(outcome.out, "done\n") << outcome.err;
  EXPECT_EQ(read_file(project_.path() + "/.immure.toml"), text);
  EXPECT_EQ(read_file(project_.path() + "/own.toml"), text);
  EXPECT_EQ(read_file(config_.path() + "/immure/profiles/mine.toml"), text);
  EXPECT_FALSE(exists(config_.path() + "/immure/trusted"));
  EXPECT_TRUE(exists(project_.path() + "/control")) << "the control: all else can be written";
  EXPECT_TRUE(exists(config_.path() + "/control"));

  const Outcome explained = immure({"explain", "-w", "--", "true"}, project_.path());
  EXPECT_TRUE(contains(explained.out, "always: a project file is read-only inside"))
      << explained.out;
}

// A profile left there would decide about the next start.
TEST_F(Choice, TheDirectoryOfProfilesIsNotWritableForHavingBeenStartedIn) {
  IMMURE_REQUIRE_SANDBOX();
  write_profile("mine", "hostname = \"mine\"\n");
  const std::string profiles = config_.path() + "/immure/profiles";
  const Argv attack{"--", "sh", "-c", "echo 'hostname = \"evil\"' > " + profiles + "/default.toml"};
  for (const Argv& options : {Argv{"-w"}, Argv{"-p", "build"}, Argv{"--rw", "."}}) {
    Argv arguments{"run"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    arguments.insert(arguments.end(), attack.begin(), attack.end());
    const Outcome refused = immure(arguments, profiles);
    EXPECT_EQ(refused.code, 125) << options.front();
    EXPECT_TRUE(contains(refused.err, "error[E323]: \"" + profiles +
                                          "\" can't be writable: your profiles are read-only "
                                          "inside"))
        << refused.err;
    EXPECT_FALSE(exists(profiles + "/default.toml"));
  }
  EXPECT_EQ(host_name(profiles, {"-p", "mine"}), "mine") << "to read them is no matter";
  Argv named{"run", "--rw", profiles};
  named.insert(named.end(), attack.begin(), attack.end());
  EXPECT_EQ(immure(named, project_.path()).code, 0);
  EXPECT_EQ(host_name(project_.path()), "evil") << "the control";
}

// As those who keep their profiles in a repository have them.
TEST_F(Choice, AProfileThatIsLinkedFromElsewhereIsReadOnlyThere) {
  IMMURE_REQUIRE_SANDBOX();
  const std::string text = "hostname = \"linked\"\n";
  fs::create_directories(config_.path() + "/immure/profiles");
  fs::create_symlink(project_.write("web.toml", text),
                     config_.path() + "/immure/profiles/web.toml");
  const std::string script =
      "echo x > web.toml; mv web.toml gone; rm -f web.toml; echo 1 > control; echo done";
  const Outcome outcome = immure({"run", "-w", "--", "sh", "-c", script}, project_.path());
  EXPECT_EQ(outcome.out, "done\n") << outcome.err;
  EXPECT_EQ(read_file(project_.path() + "/web.toml"), text);
  EXPECT_TRUE(exists(project_.path() + "/control")) << "the control";
  EXPECT_EQ(host_name("/", {"-p", "web"}), "linked");
}

TEST_F(Choice, AProfileOverALinkThatASandboxMayHaveMadeIsRefused) {
  IMMURE_REQUIRE_SANDBOX();
  const std::string real = config_.write("real.toml", "hostname = \"linked\"\n");
  fs::create_symlink(real, project_.path() + "/web.toml");
  EXPECT_EQ(host_name(project_.path(), {"-p", "web.toml"}), "linked") << "nothing is writable";
  const Outcome outcome = immure({"run", "-w", "-p", "web.toml", "--", "true"}, project_.path());
  EXPECT_EQ(outcome.code, 125);
  EXPECT_EQ(outcome.err, "immure: error[E107]: profile \"" + project_.path() +
                             "/web.toml\" was found over the symlink \"" + project_.path() +
                             "/web.toml\", which a sandbox may have made: \"" + project_.path() +
                             "\" is writable\n  help: if you made the link, name \"" + real +
                             "\" instead\n");
}

TEST_F(Choice, MatchIsForRootsProgramsOnly) {
  IMMURE_REQUIRE_SANDBOX();
  IMMURE_REQUIRE(::getuid() != 0, "root can write what is root's");
  write_profile("cats", "match = [\"cat\"]\nhostname = \"cats\"\n");
  EXPECT_EQ(host_name(project_.path()), "cats");
  EXPECT_EQ(host_name(project_.path(), {"-p", "default"}), "immure");
  EXPECT_EQ(host_name(project_.path(), {}, "tac"), "immure");
  fs::copy_file("/usr/bin/cat", project_.path() + "/cat");
  EXPECT_EQ(host_name(project_.path(), {}, "./cat"), "immure") << "not the system's";
  (void)project_.write(".immure.toml", "hostname = \"project\"\n");
  ASSERT_EQ(immure({"trust", "--yes"}, project_.path()).code, 0);
  EXPECT_EQ(host_name(project_.path()), "project");
}

TEST_F(Choice, OwnProfilesAreMadeListedAndRemoved) {
  const std::string made = config_.path() + "/immure/profiles/web.toml";
  const Outcome created = immure({"profile", "new", "web", "--from", "build"}, "/");
  EXPECT_EQ(created.out, made + "\n") << created.err;
  EXPECT_TRUE(read_file(made).starts_with("#:schema ")) << read_file(made);
  EXPECT_TRUE(contains(read_file(made), "\nextends = [\"build\"]\n")) << read_file(made);
  EXPECT_EQ(immure({"check", "web"}, "/").code, 0);
  EXPECT_EQ(immure({"profile", "new", "web"}, "/").code, 2);
  EXPECT_EQ(immure({"profile", "new", "../web"}, "/").code, 2);
  EXPECT_EQ(immure({"profile", "new", "more", "--from", "nowhere"}, "/").code, 2);
  EXPECT_EQ(immure({"profile", "path", "web"}, "/").out, made + "\n");
  EXPECT_EQ(immure({"profile", "show", "web"}, "/").out, "# " + made + "\n" + read_file(made));
  EXPECT_EQ(immure({"profile", "path", "build"}, "/").code, 1);

  const Outcome listed = immure({"profile", "list"}, "/");
  EXPECT_EQ(listed.code, 0) << listed.err;
  EXPECT_TRUE(contains(listed.out, "web ")) << listed.out;
  EXPECT_TRUE(contains(listed.out, "built in  as default, with the current directory writable"))
      << listed.out;
  Program reader{.argv = {"python3", "-c",
                          "import json,sys; print([(p['name'], p['place'], p['path']) "
                          "for p in json.load(sys.stdin) if p['name'] in ('web', 'build')])"},
                 .input = immure({"profile", "list", "--json"}, "/").out};
  EXPECT_EQ(run(reader).out, "[('build', 'built in', None), ('web', 'user', '" + made + "')]\n");

  EXPECT_EQ(immure({"profile", "remove", "web"}, "/").code, 0);
  EXPECT_FALSE(exists(made));
  EXPECT_EQ(immure({"profile", "remove", "web"}, "/").code, 2);
  EXPECT_EQ(immure({"profile", "remove", "build"}, "/").code, 2);
}

TEST_F(Choice, EditPutsATextInPlaceOnlyWhenItIsRight) {
  const auto edit = [&](const std::string& name, const std::string& text) {
    const std::string next = project_.write("next.toml", text);
    return immure({"profile", "edit", name}, "/",
                  {{"VISUAL", "cp " + next}, {"TMPDIR", project_.path()}});
  };
  const std::string drop_in = config_.path() + "/immure/profiles/build.toml.d/user.toml";
  const Outcome wrong = edit("build", "[limits]\nnofil = 77\n");
  EXPECT_EQ(wrong.code, 1);
  EXPECT_TRUE(contains(wrong.err, "build.toml.d/user.toml:2:1")) << wrong.err;
  EXPECT_TRUE(contains(wrong.err, "your text is in " + project_.path() + "/immure-")) << wrong.err;
  EXPECT_FALSE(exists(drop_in));
  // Each key is right, and the whole profile is not.
  EXPECT_EQ(edit("build", "namespaces.uts = \"host\"\nhostname = \"x\"\n").code, 1);
  EXPECT_FALSE(exists(drop_in));

  EXPECT_EQ(edit("build", "[limits]\nnofile = 77\n").code, 0);
  EXPECT_EQ(read_file(drop_in), "[limits]\nnofile = 77\n");
  EXPECT_TRUE(contains(immure({"profile", "show", "build"}, "/").out, "nofile = 77"));
  EXPECT_EQ(edit("build", "nonsense\n").code, 1);
  EXPECT_EQ(read_file(drop_in), "[limits]\nnofile = 77\n");

  write_profile("mine", "hostname = \"one\"\n");
  EXPECT_EQ(edit("mine", "hostname = \"two\"\n").code, 0);
  EXPECT_EQ(read_file(config_.path() + "/immure/profiles/mine.toml"), "hostname = \"two\"\n");
  EXPECT_EQ(edit("mine", "extends = [\"mine\"]\n").code, 1) << "a circle";
  EXPECT_EQ(edit("nowhere", "").code, 2);
  EXPECT_EQ(immure({"profile", "edit", "mine"}, "/", {{"EDITOR", "false"}}).code, 2);

  EXPECT_EQ(immure({"profile", "remove", "build"}, "/").code, 0);
  EXPECT_FALSE(exists(fs::path(drop_in).parent_path()));
}

}  // namespace
}  // namespace immure::test
