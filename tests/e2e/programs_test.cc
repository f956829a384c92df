// Real programs do their real work under `default` and `build`, and still cannot do the rest.
#include <gtest/gtest.h>
#include <unistd.h>

#include "support/immure.h"

namespace immure::test {
namespace {

class Programs : public testing::Test {
 protected:
  void SetUp() override { IMMURE_REQUIRE_SANDBOX(); }

  // Runs the script in the directory; its output, with the messages if it failed.
  std::string in(const std::string& profile, const std::string& script) const {
    Program program = immure_sh({"-p", profile}, "set -e\n" + script, directory_.path());
    program.limit = std::chrono::seconds(200);
    const Outcome outcome = run(program);
    if (outcome.code != 0) {
      return "exit " + std::to_string(outcome.code) + ": " + outcome.out + outcome.err;
    }
    return trimmed(outcome.out);
  }
  bool host_has(const std::string& name) const { return exists(directory_.path() + "/" + name); }

  TempDir directory_;
};

TEST_F(Programs, Bash) {
  EXPECT_EQ(in("default",
               "bash -c 'set -o pipefail; a=(1 2 3); printf %s\\\\n ${a[@]} | sort -rn | head -1; "
               "cat <<< here; cat <(echo substituted); [[ abc =~ ^a ]] && echo matched'"),
            "3\nhere\nsubstituted\nmatched");
  EXPECT_EQ(in("default", "bash -c 'echo > /dev/tcp/127.0.0.1/1' 2>/dev/null || echo refused"),
            "refused");
}

TEST_F(Programs, Coreutils) {
  directory_.write("data", "b\na\nc\n");
  EXPECT_EQ(
      in("default",
         "sort data | tr '\\n' ' '; wc -l < data; sha256sum data | cut -c1-8; "
         "cp data /tmp/copy; cmp data /tmp/copy; ls -l data | cut -c1-10; date -d @0 -u +%Y; "
         "timeout 5 true; nproc >/dev/null; df / >/dev/null; id -u >/dev/null; stat -c %s data; "
         "mktemp >/dev/null; dd if=/dev/urandom bs=1k count=1 2>/dev/null | wc -c"),
      "a b c 3\naf8fcee0\n-rw-r--r--\n1970\n6\n1024"
      "");
  EXPECT_TRUE(contains(in("default", "rm data"), "Read-only file system"));
  EXPECT_TRUE(host_has("data"));
}

TEST_F(Programs, BusyboxStatic) {
  IMMURE_REQUIRE(installed("busybox"), "no busybox");
  EXPECT_EQ(in("default", "busybox sh -c 'busybox echo a b | busybox awk \"{print \\$2}\"'"), "b");
  EXPECT_TRUE(contains(in("default", "busybox touch new"), "Read-only file system"));
  EXPECT_TRUE(contains(in("default", "busybox nc -w 3 198.51.100.1 80"), "unreachable"));
}

TEST_F(Programs, GitMakesARepository) {
  IMMURE_REQUIRE(installed("git"), "no git");
  directory_.write("a", "x\n");
  EXPECT_EQ(
      in("build",
         "git init -q . && git config user.email a@example.org && git config user.name A && "
         "git add a && git commit -q -m first && git log --format=%s && git status --short && "
         "git -c core.pager=cat diff HEAD --stat && git branch new && git gc -q && git fsck"),
      "first");
  EXPECT_TRUE(host_has(".git/HEAD"));
}

TEST_F(Programs, GitReadsARepositoryThatItCannotChange) {
  IMMURE_REQUIRE(installed("git"), "no git");
  directory_.write("a", "x\n");
  const Outcome made = run({.argv = {"sh", "-c",
                                     "git init -q . && git add a && git -c user.name=A "
                                     "-c user.email=a@example.org commit -q -m first"},
                            .cwd = directory_.path()});
  ASSERT_EQ(made.code, 0) << made.err;
  EXPECT_EQ(in("default", "git log --format=%s; git status --short"), "first");
  for (const char* profile : {"default", "build"}) {
    const std::string refused = in(profile, "git tag planted");
    EXPECT_TRUE(contains(refused, "Read-only file system")) << profile << ": " << refused;
    const std::string hook = in(profile, "echo x > .git/hooks/pre-commit");
    EXPECT_TRUE(contains(hook, "Read-only file system")) << profile << ": " << hook;
  }
  EXPECT_FALSE(host_has(".git/hooks/pre-commit"));
}

constexpr const char* hello_c =
    "#include <stdio.h>\nint main(void) { puts(\"hello from c\"); return 0; }\n";
constexpr const char* hello_cc =
    "#include <string>\n#include <thread>\n#include <cstdio>\n"
    "int main() { std::string s; std::thread t([&] { s = \"hello from c++\"; }); t.join();\n"
    "  try { throw s; } catch (std::string& caught) { std::puts(caught.c_str()); } }\n";

TEST_F(Programs, GccAndGxxCompileAndTheResultRuns) {
  directory_.write("hello.c", hello_c);
  directory_.write("hello.cc", hello_cc);
  EXPECT_EQ(
      in("build", "gcc -O2 -Wall hello.c -o c && ./c && g++ -O1 -pthread hello.cc -o cc && ./cc"),
      "hello from c\nhello from c++");
  EXPECT_TRUE(host_has("cc"));
  EXPECT_EQ(in("default", "gcc hello.c -o /tmp/c && /tmp/c"), "hello from c");
  EXPECT_TRUE(contains(in("default", "gcc hello.c -o other"), "Read-only file system"));
  EXPECT_FALSE(host_has("other"));
}

TEST_F(Programs, MakeBuildsInParallel) {
  directory_.write("Makefile", "all: a b c\n\t@cat a b c\n%:\n\t@echo made $@ > $@\n.PHONY: all\n");
  EXPECT_EQ(in("build", "make -s -j4"), "made a\nmade b\nmade c");
  EXPECT_TRUE(contains(in("default", "make -s -B a"), "Read-only file system"));
}

TEST_F(Programs, CmakeAndNinjaBuildAndTestAProjectWithoutNetwork) {
  IMMURE_REQUIRE(installed("cmake") && installed("ninja"), "no cmake or ninja");
  directory_.write("CMakeLists.txt",
                   "cmake_minimum_required(VERSION 3.20)\nproject(demo LANGUAGES C CXX)\n"
                   "enable_testing()\nfind_package(Threads REQUIRED)\n"
                   "add_library(part STATIC part.c)\nadd_executable(demo main.cc)\n"
                   "target_link_libraries(demo part Threads::Threads)\n"
                   "add_custom_command(OUTPUT made.txt COMMAND demo > made.txt DEPENDS demo)\n"
                   "add_custom_target(made ALL DEPENDS made.txt)\n"
                   "add_test(NAME runs COMMAND demo)\n");
  directory_.write("part.c", "int part(void) { return 42; }\n");
  directory_.write("main.cc",
                   "#include <cstdio>\nextern \"C\" int part();\n"
                   "int main() { std::printf(\"%d\\n\", part()); return part() != 42; }\n");
  EXPECT_EQ(in("build",
               "cmake -G Ninja -S . -B out >log && cmake --build out >>log && cat out/made.txt && "
               "cd out && ctest >>../log && cmake --install . --prefix ../installed >>../log"),
            "42");
  EXPECT_TRUE(host_has("out/demo"));
  EXPECT_TRUE(contains(in("build", "cmake -E touch /usr/outside"), "exit"));
}

TEST_F(Programs, PythonRunsTestsAndMakesAVirtualEnvironment) {
  directory_.write("test_sum.py",
                   "import multiprocessing, sqlite3, ssl, subprocess, tempfile, unittest\n"
                   "class Sum(unittest.TestCase):\n"
                   "    def test_sum(self): self.assertEqual(sum([1, 2]), 3)\n"
                   "    def test_child(self): self.assertEqual(\n"
                   "        subprocess.check_output(['echo', 'x']), b'x\\n')\n"
                   "    def test_pool(self):\n"
                   "        with multiprocessing.Pool(2) as pool:\n"
                   "            self.assertEqual(pool.map(abs, [-1, 2]), [1, 2])\n");
  EXPECT_TRUE(contains(in("default", "python3 -B -m unittest 2>&1"), "Ran 3 tests"));
  EXPECT_EQ(in("build",
               "python3 -m venv env >/dev/null && env/bin/python -c 'import sys; "
               "print(sys.prefix.endswith(\"/env\"))' && env/bin/pip --version | cut -c1-3"),
            "True\npip");
  EXPECT_TRUE(host_has("env/bin/python"));
  EXPECT_TRUE(
      contains(in("build",
                  "python3 -c 'import urllib.request as r; r.urlopen(\"http://198.51.100.1/\", "
                  "timeout=3)' 2>&1 || true"),
               "Network is unreachable"));
}

TEST_F(Programs, Node) {
  IMMURE_REQUIRE(installed("node"), "no node");
  directory_.write("main.js",
                   "const fs = require('fs'), { Worker } = require('worker_threads');\n"
                   "const w = new Worker('require(\"worker_threads\").parentPort.postMessage(6*7)',"
                   " { eval: true });\n"
                   "w.on('message', m => { console.log(m);\n"
                   "  try { fs.writeFileSync('new', 'x'); } catch (e) { console.log(e.code); }\n"
                   "  require('net').connect(80, '198.51.100.1').on('error', e =>\n"
                   "    console.log(e.code)); });\n");
  EXPECT_EQ(in("default", "node main.js"), "42\nEROFS\nENETUNREACH");
}

TEST_F(Programs, Perl) {
  EXPECT_EQ(in("default",
               "perl -e 'use POSIX; use File::Temp; my $f = File::Temp->new; print $f \"x\"; "
               "print \"forked\\n\" if waitpid(fork() || exit 0, 0) > 0; "
               "open(F, \">\", \"new\") or print \"$!\\n\"'"),
            "forked\nRead-only file system");
}

TEST_F(Programs, Sqlite) {
  IMMURE_REQUIRE(installed("sqlite3"), "no sqlite3");
  EXPECT_EQ(in("build",
               "sqlite3 db 'pragma journal_mode=wal; create table t(a); insert into t values(7); "
               "select a from t;'"),
            "wal\n7");
  EXPECT_TRUE(host_has("db"));
  EXPECT_TRUE(contains(in("default", "sqlite3 db 'insert into t values(8)'"), "exit"));
}

TEST_F(Programs, AStaticAndADynamicBinaryFromTheCurrentDirectory) {
  directory_.write("hello.c", hello_c);
  const Outcome built =
      run({.argv = {"sh", "-c", "gcc hello.c -o dynamic && gcc -static hello.c -o static"},
           .cwd = directory_.path()});
  ASSERT_EQ(built.code, 0) << built.err;
  for (const char* name : {"./dynamic", "./static"}) {
    // The short form: a first word with a '/' is run.
    const Outcome outcome = run({.argv = {binary(), name}, .cwd = directory_.path()});
    EXPECT_EQ(outcome.out, "hello from c\n") << outcome.err;
    EXPECT_EQ(outcome.code, 0);
  }
}

TEST_F(Programs, AScriptWithAnInterpreterLine) {
  directory_.write("script", "#!/usr/bin/env python3\nprint('script ran')\n", 0755);
  const Outcome outcome = run({.argv = {binary(), "./script"}, .cwd = directory_.path()});
  EXPECT_EQ(outcome.out, "script ran\n") << outcome.err;
}

TEST_F(Programs, UnderTheStrictFilterPlainComputingWorksAndSocketsDoNot) {
  directory_.write("hello.c", hello_c);
  const Argv strict{"--set", "seccomp.base=strict"};
  const Outcome compiled = in_sandbox(
      strict, "gcc hello.c -o /tmp/h && /tmp/h && python3 -c 'print(1)'", directory_.path());
  EXPECT_EQ(compiled.out, "hello from c\n1\n") << compiled.err;
  EXPECT_NE(trimmed(run(immure_run(strict, {IMMURE_PAYLOAD, "socket-inet"})).out), "ok");
  EXPECT_NE(trimmed(run(immure_run(strict, {IMMURE_PAYLOAD, "socket-unix"})).out), "ok");
}

}  // namespace
}  // namespace immure::test
