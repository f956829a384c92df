// From profiles to command lines of bubblewrap and back: what is seen inside stays the same.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/immure.h"

namespace immure::test {
namespace {

Outcome immure(Argv arguments, const std::string& cwd = {}) {
  arguments.insert(arguments.begin(), binary());
  return run({.argv = std::move(arguments), .cwd = cwd});
}

// What `explain --as bwrap` printed, pasted into bash.
Outcome pasted(const std::string& text, const std::string& cwd) {
  const std::string function = "bwrap() { " IMMURE_BWRAP " \"$@\"; }\n";
  return run({.argv = {"bash", "-c", function + text}, .cwd = cwd});
}

Outcome bwrap(Argv words, const std::string& script, const std::string& cwd) {
  words.insert(words.begin(), IMMURE_BWRAP);
  words.insert(words.end(), {"--", "sh", "-c", script});
  return run({.argv = std::move(words), .cwd = cwd});
}

// The profile that a command line becomes, as text and notes.
Outcome imported(Argv words, const std::string& cwd) {
  words.insert(words.begin(), {"profile", "import", "--from", "bwrap", "--"});
  return immure(std::move(words), cwd);
}

// Every file but those of the kernel and of large mounts, and the mounts. /dev/core and a mount on
// /dev are --dev's own.
const std::string kLook =
    "find / \\( -path /proc -o -path /usr -o -path /opt -o -path /dev/core -o -path /dev/pts \\) "
    "-prune -o -printf '%M %s %l %p\\n' | sed 's/ [0-9]* / /;/ \\/$/d;/ \\/dev$/d' | sort\n"
    "cut -d' ' -f5,6 /proc/self/mountinfo | sed 's/,.*//' | grep -v '^/proc/\\|^/dev' | sort\n"
    "cat /etc/passwd /etc/hosts; env | grep -v '^\\(_\\|SHLVL\\|OLDPWD\\|PWD\\)='; pwd; hostname\n"
    "grep -c . /proc/net/dev; for x in /x /usr/x /tmp/x; do echo y 2>&- > $x && echo wrote $x; "
    "done\n";

TEST(Bubblewrap, TheCommandLineOfAProfileShowsTheSame) {
  IMMURE_REQUIRE_SANDBOX();
  const TempDir directory;
  (void)directory.write("here", "x");
  const std::vector<Argv> profiles = {
      {},
      {"-p", "build"},
      {"-w", "--tmpfs", "/a b", "--hide", directory.path() + "/here", "-e", "A=it's\n%s"},
      {"--set", "fs.\"/etc/made\"={content=\"100%\\n\\u0000'x'\"}", "--set", "user.uid=0"},
  };
  for (const Argv& options : profiles) {
    Argv explain = {"explain", "--as", "bwrap"};
    explain.insert(explain.end(), options.begin(), options.end());
    explain.insert(explain.end(), {"--", "sh", "-c", kLook});
    const Outcome printed = immure(explain, directory.path());
    ASSERT_EQ(printed.code, 0) << printed.err;
    const Outcome ours = in_sandbox(options, kLook, directory.path());
    const Outcome theirs = pasted(printed.out, directory.path());
    EXPECT_EQ(theirs.out, ours.out) << printed.out << theirs.err;
    EXPECT_TRUE(contains(ours.out, "\nwrote /tmp/x\n")) << ours.out << ours.err;
    EXPECT_EQ(theirs.code, ours.code);
  }
}

TEST(Bubblewrap, ExplainSaysFirstThatTheCommandLineIsWeaker) {
  const Outcome outcome = immure({"explain", "--as", "bwrap", "--", "true"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.err.find("immure: note: this command line is weaker than the profile: "), 0U)
      << outcome.err;
  EXPECT_TRUE(contains(outcome.err, "note: left out: the system call filter: standard\n"));
  EXPECT_TRUE(contains(outcome.err, "left out: limit nproc to 4096 (default.toml (built in):"));
  EXPECT_EQ(outcome.out.find("bwrap \\\n"), 0U);
  EXPECT_TRUE(outcome.out.ends_with("  -- true\n")) << outcome.out;
  const Outcome wrong = immure({"explain", "--as", "bwrap", "-p", "no-such-profile", "true"});
  EXPECT_EQ(wrong.code, 2);
  EXPECT_EQ(wrong.out, "");
}

// What clients of bubblewrap start it with, shortened. W: the directory of the test.
struct Client {
  const char* name;
  Argv words;
  std::string look;
};

void PrintTo(const Client& client, std::ostream* out) { *out << client.name; }

class Clients : public ::testing::TestWithParam<Client> {};

TEST_P(Clients, TheImportedProfileShowsWhatTheCommandLineShows) {
  IMMURE_REQUIRE_SANDBOX();
  const TempDir directory, elsewhere;
  const std::string& place = directory.path();
  (void)directory.write("secret", "hidden\n");
  (void)directory.write("input", "given\n");
  ASSERT_EQ(run({.argv = {"mkdir", "-p", "work/inner", "keys"}, .cwd = place}).code, 0);
  Argv words = GetParam().words;
  std::string look = GetParam().look;
  for (std::size_t at = look.find("@W"); at != std::string::npos; at = look.find("@W")) {
    look.replace(at, 2, place);
  }
  for (std::string& word : words) {
    if (word.starts_with("@W")) word.replace(0, 2, place);
  }
  const Outcome theirs = bwrap(words, look, place);
  ASSERT_EQ(theirs.code, 0) << theirs.err;

  words.insert(words.end(), {"--", "sh", "-c", look});
  const Outcome text = imported(words, place);
  ASSERT_EQ(text.code, 0) << text.err;
  const std::string file = elsewhere.write("imported.toml", text.out);
  const Outcome checked = immure({"check", file});
  EXPECT_EQ(checked.code, 0) << checked.err << text.out;
  // The command is part of the profile.
  const Outcome ours = immure({"run", "-q", "-p", file}, place);
  EXPECT_EQ(ours.out, theirs.out) << text.out << ours.err;
  EXPECT_EQ(ours.code, 0) << ours.err;
}

INSTANTIATE_TEST_SUITE_P(
    Of, Clients,
    ::testing::Values(
        Client{"codex",
               {"--new-session", "--die-with-parent", "--ro-bind", "/", "/", "--dev", "/dev",
                "--bind", "@W/work", "@W/work", "--ro-bind", "@W/work/inner", "@W/work/inner",
                "--unshare-pid", "--unshare-net", "--proc", "/proc"},
               "cat @W/input; echo a > @W/work/made && cat @W/work/made; "
               "echo b 2>&- > @W/work/inner/x || echo refused; echo c 2>&- > @W/input || echo no; "
               "ls /dev | grep -v 'console\\|core'; ls /sys/class/net; pwd; "
               "ls /proc | grep '^[0-9]*$' | head -1"},
        Client{"srt",
               {"--new-session",
                "--die-with-parent",
                "--unshare-net",
                "--unshare-pid",
                "--ro-bind",
                "/",
                "/",
                "--bind",
                "@W/work",
                "@W/work",
                "--tmpfs",
                "@W/keys",
                "--ro-bind",
                "/dev/null",
                "@W/secret",
                "--dev",
                "/dev",
                "--proc",
                "/proc",
                "--setenv",
                "http_proxy",
                "http://localhost:3128"},
               "cat 2>&- @W/secret; ls @W @W/keys; echo $http_proxy; touch @W/work/t && echo ok"},
        Client{"opam",
               {"--unshare-net", "--new-session", "--proc",    "/proc",
                "--dev",         "/dev",          "--bind",    "@W/work",
                "/tmp",          "--setenv",      "TMPDIR",    "/tmp",
                "--tmpfs",       "/run",          "--ro-bind", "/usr",
                "/usr",          "--symlink",     "usr/bin",   "/bin",
                "--symlink",     "usr/lib",       "/lib",      "--symlink",
                "usr/lib64",     "/lib64",        "--ro-bind", "/etc",
                "/etc",          "--bind",        "@W",        "@W",
                "--unshare-pid"},
               "echo $TMPDIR; touch /tmp/t /run/r @W/x; ls /tmp /run; ls / ; readlink /bin; pwd"},
        Client{"thumbnailer",
               {"--ro-bind",
                "/usr",
                "/usr",
                "--ro-bind",
                "/etc/ld.so.cache",
                "/etc/ld.so.cache",
                "--symlink",
                "/usr//bin",
                "/bin",
                "--symlink",
                "/usr//lib",
                "/lib",
                "--symlink",
                "/usr//lib64",
                "/lib64",
                "--proc",
                "/proc",
                "--dev",
                "/dev",
                "--chdir",
                "/",
                "--setenv",
                "GIO_USE_VFS",
                "local",
                "--unshare-all",
                "--die-with-parent",
                "--bind",
                "@W/work",
                "/tmp",
                "--ro-bind",
                "@W/input",
                "/tmp.in"},
               "cat /tmp.in; touch /tmp/out && ls /tmp; pwd; echo $GIO_USE_VFS; ls /etc; "
               "readlink /bin; ls /sys/class/net 2>&- || echo no"},
        Client{"flatpak",
               {"--clearenv",
                "--setenv",
                "PATH",
                "/usr/bin",
                "--unshare-user",
                "--unshare-pid",
                "--unshare-ipc",
                "--unshare-net",
                "--proc",
                "/proc",
                "--dev",
                "/dev",
                "--tmpfs",
                "/tmp",
                "--perms",
                "0700",
                "--dir",
                "/run/user/1000",
                "--ro-bind",
                "/usr",
                "/usr",
                "--symlink",
                "usr/bin",
                "/bin",
                "--symlink",
                "usr/lib",
                "/lib",
                "--symlink",
                "usr/lib64",
                "/lib64",
                "--ro-bind-try",
                "/no/such",
                "/no/such",
                "--bind",
                "@W/work",
                "/app",
                "--dir",
                "/app/inner",
                "--tmpfs",
                "/var",
                "--symlink",
                "/tmp",
                "/var/tmp",
                "--setenv",
                "XDG_DATA_DIRS",
                "/app/share",
                "--unsetenv",
                "LANG",
                "--chdir",
                "/app",
                "--disable-userns",
                "--die-with-parent",
                "--remount-ro",
                "/"},
               "pwd; ls -A / /app /var; stat -c %a /run/user/1000; readlink /var/tmp; "
               "echo $XDG_DATA_DIRS $LANG $PATH; echo x 2>&- > /y || echo sealed; "
               "unshare -U true 2>&- || echo refused"}),
    [](const ::testing::TestParamInfo<Client>& one) { return one.param.name; });

TEST(Bubblewrap, ThereAndBackIsTheSame) {
  IMMURE_REQUIRE_SANDBOX();
  const TempDir directory, elsewhere;
  // The words that explain prints, with the descriptors that they name, are given to the importer.
  const std::string function =
      "bwrap() { " + binary() + " profile import --from bwrap -- bwrap \"$@\"; }\n";
  (void)directory.write("here", "x");
  for (const Argv& options : std::vector<Argv>{
           {},
           {"-p", "build"},
           {"-w", "--tmpfs", "/a b", "--hide", directory.path() + "/here", "-e", "A=it's $X\n"}}) {
    Argv explain = {"explain", "--as", "bwrap"};
    explain.insert(explain.end(), options.begin(), options.end());
    explain.insert(explain.end(), {"--", "sh", "-c", kLook});
    const Outcome printed = immure(explain, directory.path());
    ASSERT_EQ(printed.code, 0) << printed.err;
    const Outcome text = run({.argv = {"bash", "-c", function + printed.out}});
    ASSERT_EQ(text.code, 0) << text.err;
    const std::string file = elsewhere.write("back.toml", text.out);
    const Outcome ours = in_sandbox(options, kLook, directory.path());
    const Outcome back = immure({"run", "-q", "-p", file}, directory.path());
    EXPECT_EQ(back.out, ours.out) << text.out << back.err;
    EXPECT_EQ(immure({"check", file}).code, 0) << text.out;
  }
}

TEST(Bubblewrap, WhatHasNoEqualIsSaidAndTheRestIsWritten) {
  const Outcome outcome = imported({"--ro-bind", "/usr", "/usr", "--sync-fd", "9", "true"}, {});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_TRUE(contains(outcome.err, "immure: note: not in the profile: --sync-fd 9: "))
      << outcome.err;
  EXPECT_TRUE(contains(outcome.out, "\"/usr\" = \"ro\"  # --ro-bind /usr /usr\n")) << outcome.out;
}

TEST(Bubblewrap, AWrongCommandLineIsToldInBubblewrapsWords) {
  for (const auto& [words, message] : std::vector<std::pair<Argv, std::string>>{
           {{"--nonsense"}, "Unknown option --nonsense"},
           {{"--bind", "/a"}, "--bind takes two arguments"},
           {{"--hostname", "x", "true"}, "Specifying --hostname requires --unshare-uts"},
           {{"--help"}, "this command line runs nothing"},
           {{}, "there is no command line behind \"--\""}}) {
    const Outcome outcome = imported(words, {});
    EXPECT_EQ(outcome.code, 2) << message;
    EXPECT_TRUE(contains(outcome.err, "error[E001]: " + message)) << outcome.err;
    EXPECT_EQ(outcome.out, "");
  }
  EXPECT_EQ(immure({"profile", "import", "--", "true"}).code, 2);
  const Outcome later = immure({"profile", "import", "--from", "nsjail", "--", "true"});
  EXPECT_EQ(later.code, 2);
  EXPECT_TRUE(contains(later.err, "error[E209]: --from nsjail is not supported")) << later.err;
}

}  // namespace
}  // namespace immure::test
