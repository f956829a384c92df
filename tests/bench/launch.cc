// Times launches of the same sandbox by immure, by bubblewrap and by the floor probe, in shuffled
// interleaved rounds, and prints ratios: the median of the ratios within each round. Absolute times
// move by half between runs, ratios hardly.
//
//   launch_bench IMMURE BWRAP PROBE_DIR EMPTY [ROUNDS]
//
// BWRAP is the drop-in, started with the same arguments as Debian's bubblewrap.
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

namespace {

using Argv = std::vector<std::string>;

struct Contender {
  std::string name;
  Argv argv;
  std::vector<double> us;  // one for each round
  int failures = 0;
};

// Output to /dev/null: where standard error happened to be a file that can be read, each start of
// immure alone would also make a pipe and pass it on.
const posix_spawn_file_actions_t* silence() {
  static const posix_spawn_file_actions_t actions = [] {
    posix_spawn_file_actions_t made;
    ::posix_spawn_file_actions_init(&made);
    ::posix_spawn_file_actions_addopen(&made, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    ::posix_spawn_file_actions_addopen(&made, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    return made;
  }();
  return &actions;
}

double launch_once(const Argv& argv, int& failures) {
  std::vector<char*> pointers;
  for (const std::string& word : argv) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  const auto start = std::chrono::steady_clock::now();
  pid_t pid = -1;
  int status = -1;
  if (::posix_spawn(&pid, pointers[0], silence(), nullptr, pointers.data(), environ) == 0) {
    ::waitpid(pid, &status, 0);
  }
  const auto end = std::chrono::steady_clock::now();
  if (status != 0) ++failures;
  return std::chrono::duration<double, std::micro>(end - start).count();
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  return values[values.size() / 2];
}

double ratio(const Contender& a, const Contender& b) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < std::min(a.us.size(), b.us.size()); ++i) {
    ratios.push_back(a.us[i] / b.us[i]);
  }
  return median(ratios);
}

void race(std::vector<Contender>& contenders, int rounds) {
  std::mt19937 random(1);
  std::vector<std::size_t> order(contenders.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  constexpr int warm_up = 3;
  for (int round = -warm_up; round < rounds; ++round) {
    std::ranges::shuffle(order, random);
    for (const std::size_t i : order) {
      Contender& contender = contenders[i];
      const double us = launch_once(contender.argv, contender.failures);
      if (round >= 0) contender.us.push_back(us);
    }
  }
}

// Rows with the ratios to the first and to the second contender.
void print(const std::vector<Contender>& contenders) {
  std::printf("%-44s %10s %12s %12s %6s\n", "", "median us", "x first", "x second", "failed");
  for (const Contender& contender : contenders) {
    std::printf("%-44s %10.0f %12.3f %12.3f %6d\n", contender.name.c_str(), median(contender.us),
                ratio(contender, contenders[0]), ratio(contender, contenders[1]),
                contender.failures);
  }
  std::printf("\n");
}

constexpr const char* kBubblewrap = "/usr/bin/bwrap";

Argv bubblewrap(const Argv& more, const std::string& program = kBubblewrap) {
  Argv argv{program, "--unshare-all", "--die-with-parent", "--ro-bind", "/usr", "/usr"};
  for (const char* name : {"bin", "lib", "lib64", "sbin"}) {
    argv.insert(argv.end(), {"--symlink", std::string("usr/") + name, std::string("/") + name});
  }
  argv.insert(argv.end(), {"--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp"});
  argv.insert(argv.end(), more.begin(), more.end());
  return argv;
}

// The sandbox S as a profile.
std::string profile_s(const std::string& more) {
  std::string text = "extends = []\n[fs]\n\"/usr\" = \"ro\"\n\"/tmp\" = \"tmpfs,mode=1777\"\n";
  for (const char* name : {"bin", "lib", "lib64", "sbin"}) {
    text += std::string("\"/") + name + "\" = { target = \"usr/" + name + "\" }\n";
  }
  return text + more;
}

std::string write_profile(const std::string& directory, const std::string& name,
                          const std::string& text) {
  std::string path = directory + "/" + name + ".toml";
  std::ofstream(path) << text;
  ::chmod(path.c_str(), 0644);
  return path;
}

std::string bind_line(const std::string& source, const std::string& target) {
  return "\"" + target + "\" = { src = \"" + source + "\", access = \"ro\" }\n";
}

// Results as root say nothing about an ordinary user's launches.
void become_ordinary() {
  if (::getuid() != 0) return;
  const passwd* user = ::getpwnam("immure-test");
  if (user == nullptr || ::setgroups(0, nullptr) != 0 || ::setgid(user->pw_gid) != 0 ||
      ::setuid(user->pw_uid) != 0) {
    std::fprintf(stderr, "launch_bench: root, and no user immure-test: run .ci/setup\n");
    std::exit(2);
  }
}

void standard_sandbox(const std::string& immure, const std::string& drop_in,
                      const std::string& tiny, const std::string& floor,
                      const std::string& directory, int rounds) {
  const std::string s = write_profile(directory, "s", profile_s(bind_line(tiny, "/payload")));
  const std::string bare = write_profile(
      directory, "bare", profile_s(bind_line(tiny, "/payload")) + "[seccomp]\nbase = \"none\"\n");
  std::vector<Contender> contenders{
      {.name = "bubblewrap, S, no filter",
       .argv = bubblewrap({"--ro-bind", tiny, "/payload", "/payload"})},
      {.name = "floor, payload is pid 1", .argv = {floor, tiny}},
      {.name = "floor, a reaper is pid 1", .argv = {floor, "-r", tiny}},
      {.name = "immure, S, standard filter", .argv = {immure, "run", "-p", s, "--", "/payload"}},
      {.name = "immure, S, no filter", .argv = {immure, "run", "-p", bare, "--", "/payload"}},
      {.name = "immure, profile default", .argv = {immure, "run", "--", tiny}},
      {.name = "drop-in bwrap, S, no filter",
       .argv = bubblewrap({"--ro-bind", tiny, "/payload", "/payload"}, drop_in)},
  };
  race(contenders, rounds);
  std::printf(
      "The sandbox S: seven namespaces, /usr, /dev, /proc, /tmp, lo; first = bubblewrap, "
      "second = floor\n");
  print(contenders);
}

void start_up(const std::string& immure, const std::string& empty, int rounds) {
  std::vector<Contender> contenders{{.name = "an empty static C++ program", .argv = {empty}},
                                    {.name = "immure version", .argv = {immure, "version"}}};
  race(contenders, rounds);
  std::printf("Start of the binary\n");
  print(contenders);
}

void growth(const std::string& immure, const std::string& drop_in, const std::string& tiny,
            const std::string& directory) {
  std::vector<Contender> ours;
  std::printf("N read-only binds of one directory\n%-10s %14s %14s %14s %10s %10s %14s\n", "N",
              "immure us", "drop-in us", "bubblewrap us", "immure x", "drop-in x", "immure, us/N");
  for (const int count : {10, 100, 1000, 5000}) {
    std::string lines = bind_line(tiny, "/payload");
    Argv options{"--ro-bind", tiny, "/payload"};
    for (int i = 0; i < count; ++i) {
      const std::string target = "/b/" + std::to_string(i);
      lines += bind_line("/usr/share", target);
      options.insert(options.end(), {"--ro-bind", "/usr/share", target});
    }
    options.emplace_back("/payload");
    const std::string name = "binds" + std::to_string(count);
    const std::string profile = write_profile(directory, name, profile_s(lines));
    std::vector<Contender> contenders{
        {.name = name, .argv = {immure, "run", "-p", profile, "--", "/payload"}},
        {.name = "drop-in", .argv = bubblewrap(options, drop_in)}};
    if (count <= 1000) contenders.push_back({.name = "bubblewrap", .argv = bubblewrap(options)});
    race(contenders, count <= 100 ? 40 : 8);
    const double mine = median(contenders[0].us);
    const bool all = contenders.size() > 2;
    const bool failed = contenders[0].failures + contenders[1].failures != 0;
    std::printf("%-10d %14.0f %14.0f %14.0f %10.3f %10.3f %14.1f%s\n", count, mine,
                median(contenders[1].us), all ? median(contenders[2].us) : 0.0,
                all ? ratio(contenders[0], contenders[2]) : 0.0,
                all ? ratio(contenders[1], contenders[2]) : 0.0, mine / count,
                failed ? "  FAILED" : "");
    ours.push_back(std::move(contenders[0]));
  }
  std::printf("t(1000)/t(100) = %.1f, t(5000)/t(1000) = %.1f\n\n",
              median(ours[2].us) / median(ours[1].us), median(ours[3].us) / median(ours[2].us));
}

// A directory with a thousand mounts below it, bound read-only with all of them. They are made by
// an outer sandbox, in which this program runs again.
void many_mounts(const std::string& self, const std::string& drop_in, const std::string& tiny,
                 const std::string& directory) {
  const std::string many = directory + "/many";
  Argv argv{drop_in, "--dev-bind", "/", "/", "--tmpfs", many};
  for (int i = 0; i < 1000; ++i) {
    argv.insert(argv.end(), {"--ro-bind", "/usr/share", many + '/' + std::to_string(i)});
  }
  argv.insert(argv.end(), {"--", self, "below", drop_in, tiny, many});
  std::fflush(stdout);
  std::vector<char*> pointers;
  for (const std::string& word : argv) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  pid_t pid = -1;
  int status = -1;
  if (::posix_spawn(&pid, pointers[0], nullptr, nullptr, pointers.data(), environ) == 0) {
    ::waitpid(pid, &status, 0);
  }
  if (status != 0) std::printf("a thousand mounts: FAILED\n");
}

int below(const std::string& drop_in, const std::string& tiny, const std::string& many) {
  const Argv options{"--unshare-user",
                     "--unshare-pid",
                     "--die-with-parent",
                     "--ro-bind",
                     tiny,
                     "/payload",
                     "--ro-bind",
                     many,
                     "/many",
                     "/payload"};
  const auto with = [&](const std::string& program) {
    Argv argv{program};
    argv.insert(argv.end(), options.begin(), options.end());
    return argv;
  };
  std::vector<Contender> contenders{{.name = "bubblewrap", .argv = with(kBubblewrap)},
                                    {.name = "drop-in bwrap", .argv = with(drop_in)}};
  constexpr int rounds = 10;
  race(contenders, rounds);
  std::printf("A read-only bind with 1000 mounts below it\n");
  print(contenders);
  return contenders[0].failures + contenders[1].failures == 0 ? 0 : 1;
}

// A copy as an installation makes it, in one piece: what a linker wrote here and there lies in
// small folios of the page cache, and is mapped slower.
std::string installed(const std::string& program, const std::string& directory) {
  std::string copy = directory + '/' + std::filesystem::path(program).filename().string();
  std::filesystem::copy_file(program, copy);
  return copy;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 5 && std::string(argv[1]) == "below") return below(argv[2], argv[3], argv[4]);
  if (argc < 5) {
    std::fprintf(stderr, "usage: launch_bench IMMURE BWRAP PROBE_DIR EMPTY [ROUNDS]\n");
    return 2;
  }
  const int rounds = argc > 5 ? std::atoi(argv[5]) : 200;
  become_ordinary();
  // Not in the build directory, which the ordinary user may neither write nor reach in a profile.
  std::string directory = "/tmp/immure-bench-XXXXXX";
  if (::mkdtemp(directory.data()) == nullptr) return 2;
  const std::string probes = argv[3];

  std::printf("command:");
  for (int i = 0; i < argc; ++i) std::printf(" %s", argv[i]);
  std::printf("\n%d rounds, uid %u\n\n", rounds, ::getuid());
  const std::string immure = installed(argv[1], directory);
  const std::string drop_in = installed(argv[2], directory);
  const std::string tiny = probes + "/tiny";
  standard_sandbox(immure, drop_in, tiny, probes + "/floor", directory, rounds);
  start_up(immure, installed(argv[4], directory), rounds);
  growth(immure, drop_in, tiny, directory);
  many_mounts(std::filesystem::read_symlink("/proc/self/exe"), drop_in, tiny, directory);
  std::error_code ignored;
  std::filesystem::remove_all(directory, ignored);
  return 0;
}
