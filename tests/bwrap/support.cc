#include "bwrap/support.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <regex>

namespace immure::test {
namespace {

namespace fs = std::filesystem;

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
}

constexpr int above_all_cases = 200;

Fd readable(const std::string& text) {
  Ends ends = pipe_above();
  ::fcntl(ends.write.get(), F_SETPIPE_SZ, 1 << 20);
  if (::write(ends.write.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    std::abort();  // more than a pipe holds: the table is wrong
  }
  return std::move(ends.read);
}

std::string outside_namespace(const std::string& kind) {
  std::error_code error;
  return fs::read_symlink("/proc/self/ns/" + kind, error).string();
}

// "36 35 98:0 /root /point options optional… - type source super": without ids and device numbers,
// which no two starts share, and without the optional fields: bubblewrap's clones are slaves of the
// host's mounts, ours are private. The root is a directory of a tmpfs that each program lays out
// and names as it likes; its mode and owner are in the tree.
std::string mount_line(const std::string& line) {
  static const std::regex fields(
      R"(^mount: \d+ \d+ (\d+):\d+ (\S+) (\S+) (\S+) .*?- (\S+) (\S+) (.*)$)");
  std::smatch match;
  if (!std::regex_match(line, match, fields)) return line;
  if (match[3] == "/" && match[5] == "tmpfs") return "mount: / " + match[4].str() + " tmpfs";
  // Of --bind-data: a file of a tmpfs that each keeps somewhere.
  static const std::regex temporary(R"(^/(bindfile\w{6}|f\d+)(//deleted)?$)");
  if (std::regex_match(match[2].str(), temporary)) {
    return "mount: " + match[3].str() + " of data " + match[4].str() + " " + match[5].str();
  }
  return "mount: " + match[3].str() + " of " + match[2].str() + " " + match[4].str() + " " +
         match[5].str() + " " + match[6].str() + " " + match[7].str();
}

// What may be written in root's /proc is bound read-only over itself: with us more of it, and
// noexec.
bool covers_proc(const std::string& line) {
  static const std::regex cover(R"( (/sys|/irq|/bus|/sysrq-trigger) (\S*)\1 ro,.* - proc )");
  return ::getuid() == 0 && std::regex_search(line, cover);
}

// The other side of a map is the parent namespace's business: bubblewrap makes two namespaces, one
// in the other, where a devpts is asked for.
std::string map_line(const std::string& line) {
  static const std::regex fields(R"(^([ug]id map: +\d+) +\d+( +\d+)$)");
  return std::regex_replace(line, fields, "$1 ?$2");
}

// A devpts belongs to root of the user namespace that mounts it: with us, to an id that is not
// mapped; bubblewrap mounts it in the outer of two namespaces, as a root that is the user inside.
std::string tree_line(const std::string& line) {
  static const std::regex terminals(R"(^(tree: \S*/pts dir 0755) \d+:\d+$)");
  return std::regex_replace(line, terminals, "$1 ?");
}

std::string namespace_line(const std::string& line) {
  static const std::regex fields(R"(^namespace: (\w+):\[\d+\]$)");
  std::smatch match;
  if (!std::regex_match(line, match, fields)) return line;
  const std::string kind = match[1];
  return "namespace: " + kind +
         (contains(line, outside_namespace(kind)) ? " the caller's" : " another");
}

// Without the lines that may differ.
std::string common(const std::string& text, const Case& one) {
  std::string result;
  for (const std::string& line : lines(text)) {
    const bool differs = std::any_of(
        one.may_differ.begin(), one.may_differ.end(),
        [&](const Difference& d) { return std::regex_search(line, std::regex(d.line)); });
    if (!differs) result += line + "\n";
  }
  return result;
}

std::string normalised(const std::string& text) {
  std::vector<std::string> rest;
  std::vector<std::string> mounts;
  for (const std::string& line : lines(text)) {
    if (covers_proc(line)) continue;
    if (line.starts_with("mount: ")) {
      mounts.push_back(mount_line(line));
    } else {
      rest.push_back(namespace_line(map_line(tree_line(line))));
    }
  }
  // The order in the list is the order of making; what lies over what is kept.
  std::stable_sort(mounts.begin(), mounts.end(), [](const std::string& a, const std::string& b) {
    return a.substr(0, a.find(" of ")) < b.substr(0, b.find(" of "));
  });
  rest.insert(rest.end(), mounts.begin(), mounts.end());
  std::string result;
  for (const std::string& line : rest) result += line + "\n";
  return result;
}

// Numbers of processes and namespaces.
std::string without_numbers(const std::string& text) {
  static const std::regex numbers(R"(("child-pid"|"[a-z]+-namespace"): \d+)");
  return std::regex_replace(text, numbers, "$1: N");
}

std::string described(const fs::path& path, const fs::path& below) {
  struct stat info = {};
  ::lstat(path.c_str(), &info);
  std::array<char, 32> mode{};
  std::snprintf(mode.data(), mode.size(), "%06o", info.st_mode);
  std::string line = path.lexically_relative(below).string() + " " + mode.data();
  if (S_ISREG(info.st_mode)) line += " \"" + read_file(path) + "\"";
  if (S_ISLNK(info.st_mode)) line += " -> " + fs::read_symlink(path).string();
  return line;
}

// All there is below, however deep, where it may be looked into.
fs::recursive_directory_iterator below(const fs::path& path) {
  std::error_code error;
  return {path, fs::directory_options::skip_permission_denied, error};
}

}  // namespace

Ends pipe_above() {
  std::array<int, 2> fds{};
  if (::pipe2(fds.data(), O_CLOEXEC) != 0) std::abort();
  const Fd read(fds[0]);
  const Fd write(fds[1]);
  return {.read = Fd(::fcntl(read.get(), F_DUPFD_CLOEXEC, above_all_cases)),
          .write = Fd(::fcntl(write.get(), F_DUPFD_CLOEXEC, above_all_cases))};
}

std::string all_written(const Fd& fd) {
  ::fcntl(fd.get(), F_SETFL, O_NONBLOCK);
  std::string text;
  std::array<char, 4096> buffer;
  for (ssize_t n = 0; (n = ::read(fd.get(), buffer.data(), buffer.size())) > 0;) {
    text.append(buffer.data(), static_cast<std::size_t>(n));
  }
  return text;
}

std::string written_until(const Fd& fd, const std::string& text) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  std::string said;
  pollfd wait{.fd = fd.get(), .events = POLLIN, .revents = 0};
  while (!contains(said, text) && std::chrono::steady_clock::now() < end) {
    ::poll(&wait, 1, 50);
    if ((wait.revents & (POLLIN | POLLHUP)) == POLLHUP) break;
    if ((wait.revents & POLLIN) != 0) said += all_written(fd);
  }
  return said;
}

bool closed_within(const Fd& fd, std::chrono::milliseconds limit) {
  pollfd wait{.fd = fd.get(), .events = 0, .revents = 0};
  return ::poll(&wait, 1, static_cast<int>(limit.count())) == 1 && (wait.revents & POLLHUP) != 0;
}

Program started(const std::string& program, const Argv& options, const Argv& command,
                const std::map<int, int>& descriptors) {
  Argv argv{program};
  argv.insert(argv.end(), options.begin(), options.end());
  argv.emplace_back("--");
  argv.insert(argv.end(), command.begin(), command.end());
  return {.argv = argv, .before_exec = [descriptors] {
            for (const auto& [number, fd] : descriptors) ::dup2(fd, number);
          }};
}

std::uint64_t number_of(const std::string& said, const std::string& key) {
  const std::size_t at = said.find("\"" + key + "\": ");
  return at == std::string::npos ? 0 : std::stoull(said.substr(at + key.size() + 4));
}

std::string ours() {
  const char* named = std::getenv("IMMURE_TEST_BWRAP");
  return named == nullptr ? IMMURE_BWRAP : named;
}

std::string debians() { return "/usr/bin/bwrap"; }
std::string probe() { return IMMURE_BWRAP_PROBE; }

HostFiles::HostFiles() : path_(parent_.path() + "/host") { make_anew(); }

void HostFiles::make_anew() const {
  std::error_code error;
  // What an overlay works in is left without permissions.
  for (const fs::directory_entry& entry : below(path_)) {
    if (entry.is_directory() && !entry.is_symlink()) ::chmod(entry.path().c_str(), 0700);
  }
  fs::remove_all(path_, error);
  fs::create_directories(path_);
  parent_.write("host/file", "of the host\n", 0640);
  parent_.write("host/run", "#!/bin/sh\necho script\n", 0755);
  parent_.write("host/dir/inner", "inner\n");
  parent_.write("host/dir/below/deep", "deep\n", 0600);
  parent_.write("host/other/inner", "other\n");
  parent_.write("host/closed/inner", "closed\n");
  ::chmod((path_ + "/closed").c_str(), 0711);
  fs::create_directory(path_ + "/empty");
  fs::create_symlink("file", path_ + "/link");
  fs::create_symlink(path_ + "/dir", path_ + "/absolute");
  fs::create_symlink("nowhere", path_ + "/dangling");
  ::mkfifo((path_ + "/fifo").c_str(), 0644);
}

std::string HostFiles::tree() const {
  std::vector<std::string> found{described(path_, path_)};
  for (const fs::directory_entry& entry : below(path_)) {
    found.push_back(described(entry.path(), path_));
  }
  std::sort(found.begin(), found.end());
  std::string result;
  for (const std::string& line : found) result += line + "\n";
  return result;
}

Argv words(std::string_view text, const std::string& directory) {
  Argv result;
  std::string word;
  for (const char c : std::string(text) + " ") {
    if (c != ' ') {
      word += c;
    } else if (!word.empty()) {
      replace_all(word, "@", directory);
      result.push_back(word == "\"\"" ? "" : word);
      word.clear();
    }
  }
  return result;
}

Argv command_line(const std::string& program, const Case& one, const std::string& directory) {
  Argv argv{program};
  const auto add = [&](const Argv& more) { argv.insert(argv.end(), more.begin(), more.end()); };
  if (!one.alone) add({"--ro-bind", probe(), "/probe", "--proc", "/proc"});
  add(words(one.options, directory));
  if (!one.command.empty()) {
    argv.emplace_back("--");
    for (std::string word : one.command) {
      replace_all(word, "@", directory);
      argv.push_back(word);
    }
  }
  return argv;
}

Heard play(const std::string& program, const Case& one, const HostFiles& files) {
  files.make_anew();
  std::map<int, Fd> ends;  // as the program gets them
  std::map<int, Fd> listening;
  for (const auto& [number, text] : one.given) ends[number] = readable(text);
  for (const auto& [number, path] : one.opened) {
    const std::string real = words(path, files.path()).at(0);
    ends[number] = Fd(::open(real.c_str(), O_PATH | O_CLOEXEC));
    ends[number] = Fd(::fcntl(ends[number].get(), F_DUPFD_CLOEXEC, above_all_cases));
  }
  for (const int number : one.heard) {
    Ends pair = pipe_above();
    listening[number] = std::move(pair.read);
    ends[number] = std::move(pair.write);
  }
  const auto arrange = [&] {
    ::umask(one.umask);
    for (const auto& [number, fd] : ends) ::dup2(fd.get(), number);
    if (one.before_exec) one.before_exec();
  };
  Heard heard;
  heard.outcome = run({.argv = command_line(program, one, files.path()),
                       .environment = one.environment,
                       .cwd = one.cwd == "@" ? files.path() : one.cwd,
                       .limit = one.limit,
                       .before_exec = arrange});
  for (const auto& [number, fd] : listening) heard.written[number] = all_written(fd);
  heard.host = files.tree();
  return heard;
}

std::string comparable(const Heard& heard, const std::string& program, const Case& one) {
  std::string text = "exit: " + std::to_string(heard.outcome.code) + "\n";
  std::string err = heard.outcome.err;
  replace_all(err, program, "bwrap");
  text += "err: " + err + "\n" + normalised(common(heard.outcome.out, one));
  for (const auto& [number, written] : heard.written) {
    text += "on " + std::to_string(number) + ": " + without_numbers(written) + "\n";
  }
  return common(text + "host:\n" + heard.host, one);
}

void expect_same(const Case& one) {
  static const HostFiles files;
  const Heard theirs = play(debians(), one, files);
  const Heard our = play(ours(), one, files);
  EXPECT_EQ(comparable(theirs, debians(), one), comparable(our, ours(), one))
      << one.rule << "\n  left: Debian's, right: ours: bwrap " << one.options;
}

std::string test_name(const std::string& rule, std::size_t index) {
  std::string name;
  bool start = true;
  for (const char c : rule) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) == 0) {
      start = true;
      continue;
    }
    name += start ? static_cast<char>(std::toupper(byte)) : c;
    start = false;
  }
  return name + "_" + std::to_string(index);
}

void Both::SetUp() {
  IMMURE_REQUIRE_SANDBOX();
  if (GetParam() != "Ours") IMMURE_REQUIRE_PEER();
}

void Compared::SetUp() {
  IMMURE_REQUIRE_SANDBOX();
  IMMURE_REQUIRE_PEER();
}

}  // namespace immure::test
