// Real programs run under the filters, as an ordinary user. A program that is missing is skipped.
#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "seccomp/filter_support.h"

namespace immure::test {
namespace {

constexpr uid_t kNobody = 65534;
constexpr const char* kPath = "PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";

// An empty directory of that user, gone with the object.
class Workplace {
 public:
  Workplace() : path_("/tmp/immure-filter-XXXXXX") {
    if (::mkdtemp(path_.data()) == nullptr) path_.clear();
    if (::geteuid() == 0 && ::chown(path_.c_str(), kNobody, kNobody) != 0) path_.clear();
  }
  Workplace(const Workplace&) = delete;
  Workplace& operator=(const Workplace&) = delete;
  ~Workplace() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

bool become_ordinary() {
  if (::geteuid() != 0) return true;
  return ::setgroups(0, nullptr) == 0 && ::setresgid(kNobody, kNobody, kNobody) == 0 &&
         ::setresuid(kNobody, kNobody, kNobody) == 0;
}

// What skips a test is a failure where everything must be there.
bool must_run() { return std::getenv("IMMURE_TESTS_MUST_RUN") != nullptr; }

// The status of `sh -c script`; what it prints is thrown away.
int run_script(std::span<const sock_filter> program, const std::string& script) {
  const Workplace place;
  const std::string home = "HOME=" + place.path();
  const pid_t child = ::fork();
  if (child == 0) {
    const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    ::dup2(null, 0);
    if (std::getenv("IMMURE_TEST_SHOW") == nullptr) {
      ::dup2(null, 1);
      ::dup2(null, 2);
    }
    if (::chdir(place.path().c_str()) != 0 || !become_ordinary()) ::_exit(98);
    if (!program.empty() && load_filter(program) != 0) ::_exit(99);
    const std::array<const char*, 4> argv{"sh", "-ec", script.c_str(), nullptr};
    const std::array<const char*, 6> envp{kPath,           home.c_str(), "LC_ALL=C.UTF-8",
                                          "SHELL=/bin/sh", "TERM=xterm", nullptr};
    ::execve("/bin/sh", const_cast<char**>(argv.data()), const_cast<char**>(envp.data()));
    ::_exit(97);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

struct Program {
  const char* name;  // and what must be installed
  const char* script;
  bool plain_computing;  // runs under `strict` too
};
void PrintTo(const Program& program, std::ostream* out) { *out << program.name; }

constexpr const char* kMakeAC = R"(printf '#include <stdio.h>\nint main(){puts("hi");}\n' > a.c; )";
constexpr const char* kCmakeProject =
    R"(printf 'cmake_minimum_required(VERSION 3.20)\nproject(p C)\nadd_executable(a a.c)\n' \
         > CMakeLists.txt; printf 'int main(void){return 0;}\n' > a.c; cmake -G Ninja -B b .; )";

// NOLINTNEXTLINE(cert-err58-cpp): a table of tests
const std::string kGcc = std::string(kMakeAC) + "gcc -O1 a.c -o a; test \"$(./a)\" = hi";
const std::string kMake =
    std::string(kMakeAC) + R"(printf 'a: a.c\n\tcc $< -o $@\n' > Makefile; make -j2; ./a)";
const std::string kNinja = std::string(kCmakeProject) + "ninja -C b; ./b/a";

const auto kPrograms = std::to_array<Program>({
    {"bash", R"(bash -c 'x=$(echo a | cat <(echo b) -); wait; trap : EXIT; kill -0 $$; ulimit -a')",
     true},
    {"ls",
     "ls -la /; cp -a /etc/passwd .; mv passwd p; sort p | uniq -c | tail -1; df . ; stat p; "
     "install -m 755 p q; mkfifo f; timeout 5 sleep 0; nproc; id; touch -d @0 q; rm -r q",
     true},
    {"git",
     "git init -q r; cd r; git config user.email a@b; git config user.name a; echo 1 > f; "
     "git add f; git commit -qm m; git log --oneline; git gc -q; git clone -q . ../s",
     true},
    {"gcc", kGcc.c_str(), true},
    {"g++", R"(printf '#include <string>\nint main(){return std::string().size();}' > a.cc;
               g++ -O1 a.cc -o a; ./a)",
     true},
    {"make", kMake.c_str(), true},
    {"ninja", kNinja.c_str(), true},
    {"python3", R"(python3 -c '
import subprocess, threading, os, tempfile, asyncio, multiprocessing, hashlib
t = threading.Thread(target=lambda: None); t.start(); t.join()
assert subprocess.run(["echo", "x"], capture_output=True).stdout == b"x\n"
asyncio.run(asyncio.sleep(0))
p = multiprocessing.Process(target=int); p.start(); p.join(); assert p.exitcode == 0
')",
     true},
    {"node", R"(node -e '
const {execSync} = require("child_process");
if (execSync("echo x").toString() !== "x\n") process.exit(1);
require("fs").promises.readFile("/etc/passwd").then(() => process.exit(0))')",
     true},
    {"perl", R"(perl -e 'my $x = `echo a`; exit($x eq "a\n" ? 0 : 1)')", true},
    {"java", "java -Xmx64m -version", true},
    {"go", R"(printf 'package main\nfunc main(){}\n' > a.go; go build -o a a.go; ./a)", true},
    {"busybox", "busybox sh -c 'busybox ls / | busybox wc -l'", true},
    {"sqlite3",
     "sqlite3 d.db 'pragma journal_mode=wal; create table t(x); insert into t "
     "values(1); select * from t'",
     true},
    {"vim", "vim -es -u NONE -c 'normal ihello' -c 'wq' new.txt; grep -q hello new.txt", true},
    {"curl", R"(mkdir w; echo served > w/f
python3 -c '
import http.server, threading, functools, subprocess
h = functools.partial(http.server.SimpleHTTPRequestHandler, directory="w")
s = http.server.ThreadingHTTPServer(("127.0.0.1", 0), h)
threading.Thread(target=s.serve_forever, daemon=True).start()
url = "http://127.0.0.1:%d/f" % s.server_port
assert subprocess.run(["curl", "-sf", url], capture_output=True).stdout == b"served\n"')",
     false},
    {"tmux",
     "tmux -S ./s -f /dev/null new-session -d 'sleep 20'; tmux -S ./s list-sessions; "
     "tmux -S ./s kill-server",
     false},
});

class Programs : public testing::TestWithParam<Program> {};

TEST_P(Programs, Run) {
  const Program& program = GetParam();
  if (run_script({}, std::string("command -v ") + program.name) != 0) {
    if (must_run()) FAIL() << program.name << " is not installed";
    GTEST_SKIP() << program.name << " is not installed";
  }
  ASSERT_EQ(run_script({}, program.script), 0) << "without a filter";
  EXPECT_EQ(run_script(compiled_filter(kStandard), program.script), 0);
  EXPECT_EQ(run_script(compiled_filter(kGuarded), program.script), 0);
  const int strict = run_script(compiled_filter(kStrictGuarded), program.script);
  if (program.plain_computing)
    EXPECT_EQ(strict, 0);
  else
    EXPECT_NE(strict, 0);
}

INSTANTIATE_TEST_SUITE_P(AsAnOrdinaryUser, Programs, testing::ValuesIn(kPrograms),
                         [](const auto& tested) {
                           std::string name = tested.param.name;
                           return name == "g++" ? "gxx" : name;
                         });

TEST(Guarded, NoWayOfMakingASetIdFileIsLeft) {
  const char* const script = R"(umask 0; echo > f
      ! chmod u+s f; ! chmod g+s f; ! install -m 4755 f g; test ! -u f; test ! -g f; test ! -e g -o ! -u g
      python3 -c '
import os
for make in (lambda: os.open("o", os.O_CREAT | os.O_WRONLY, 0o4755),
             lambda: os.open(".", os.O_TMPFILE | os.O_RDWR, 0o4755),
             lambda: os.mknod("n", 0o104755), lambda: os.chmod("f", 0o2755)):
    try: make()
    except PermissionError: continue
    raise SystemExit(1)
os.mkdir("d", 0o6755)
assert not os.path.exists("o") and not os.stat("d").st_mode & 0o6000')";
  if (run_script({}, "command -v python3") != 0) GTEST_SKIP() << "python3 is not installed";
  if (run_script({}, script) == 0) {  // inside a sandbox of immure with a writable bind
    if (must_run()) FAIL() << "set-id bits cannot be written here, filter or not";
    GTEST_SKIP() << "set-id bits cannot be written here, filter or not";
  }
  EXPECT_NE(run_script(compiled_filter(kStandard), script), 0);
  EXPECT_EQ(run_script(compiled_filter(kGuarded), script), 0);
  EXPECT_EQ(run_script(compiled_filter(kStrictGuarded), script), 0);
}

TEST(Nested, NamespacesAndMountsAreMadeInside) {
  const char* const script = "unshare -Urmun sh -c 'mount -t tmpfs none /mnt; hostname inside'";
  if (run_script({}, script) != 0) {
    if (must_run()) FAIL() << "no user namespaces here";
    GTEST_SKIP() << "no user namespaces here";
  }
  EXPECT_EQ(run_script(compiled_filter(kNested), script), 0);
  EXPECT_NE(run_script(compiled_filter(kStandard), script), 0);
  EXPECT_NE(run_script(compiled_filter(kStrict), script), 0);
}

TEST(Nested, BubblewrapRunsInside) {
  const char* const script =
      "bwrap --unshare-all --ro-bind / / --proc /proc --dev /dev --tmpfs /tmp true";
  if (run_script({}, script) != 0) GTEST_SKIP() << "bwrap does not run here";
  EXPECT_EQ(run_script(compiled_filter(kNestedGuarded), script), 0);
  EXPECT_NE(run_script(compiled_filter(kStandard), script), 0);
}

}  // namespace
}  // namespace immure::test
