#include "commands/status.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>

#include "base/log.h"
#include "commands/descriptor.h"
#include "commands/json.h"

namespace immure {
namespace {

Json event(const char* name) {
  Json out;
  out["v"] = 1;
  out["t"] = name;
  return out;
}

// FNV-1a, 64 bit: tells whether two runs had the same plan, and is no proof against a forger.
std::string hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3U;
  }
  std::array<char, 32> digits{};
  std::snprintf(digits.data(), digits.size(), "fnv1a64:%016llx",
                static_cast<unsigned long long>(hash));
  return digits.data();
}

// The inode numbers of its namespaces; the kernel shows them until pid 1 closes itself.
Json namespaces_of(pid_t pid) {
  constexpr std::array names{"cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"};
  Json out = Json::object();
  for (const char* name : names) {
    const std::string path = "/proc/" + std::to_string(pid) + "/ns/" + name;
    struct stat file {};
    if (::stat(path.c_str(), &file) == 0) out[name] = file.st_ino;
  }
  return out;
}

// Without SIGPIPE, which would end us and with us the sandbox.
void send(int fd, const std::string& line) { (void)write_unless_closed(fd, line); }

}  // namespace

Result<Channels> take_channels(const std::vector<GivenOption>& options) {
  Channels channels;
  for (const GivenOption& option : options) {
    Fd* place = nullptr;
    if (option.id == OptionId::status_fd) place = &channels.status;
    if (option.id == OptionId::ready_fd) place = &channels.ready;
    if (option.id == OptionId::block_fd) place = &channels.block;
    if (place == nullptr) continue;
    const auto copy = copy_of_descriptor(
        option, option.id == OptionId::block_fd ? Direction::read : Direction::write);
    if (!copy.ok()) return copy.error();
    place->reset(copy.value());
  }
  // A reader waits for the end of file, which the original would hold back; and the command must
  // not get it. Of --log-fd there is a copy since the options were read.
  for (const GivenOption& option : options) {
    const bool ours = option.id == OptionId::status_fd || option.id == OptionId::ready_fd ||
                      option.id == OptionId::block_fd || option.id == OptionId::log_fd;
    const int fd = ours ? std::atoi(option.value.c_str()) : -1;
    if (fd > STDERR_FILENO) ::close(fd);
  }
  return channels;
}

void say_ready(Fd& ready) {
  send(ready.get(), "1\n");
  ready.reset();
}

std::string plan_event(const Prepared& prepared) {
  Json out = event("plan");
  out["profiles"] = json_profiles(prepared.profiles);
  out["hash"] = hash_of(describe(shown_plan(prepared)));
  return json_line(out);
}

std::string planted_event(const std::string& path) {
  Json out = event("planted");
  out["path"] = path;
  return json_line(out);
}

std::string exit_event(const Exit& exit) {
  Json out = event("exit");
  const bool wall = exit.reason == Exit::Reason::wall;
  const bool signaled = exit.reason == Exit::Reason::signaled;
  const bool output = exit.reason == Exit::Reason::output;
  out["by"] = wall || output ? "immure" : "target";
  out["reason"] = wall ? "wall" : output ? "output" : signaled ? "signal" : "exit";
  out["code"] = exit.code;
  out["signal"] = exit.signal;
  if (exit.rest_killed) out["rest"] = "killed";
  out["wall_ms"] = exit.wall_ms;
  out["cpu_ms"] = exit.cpu_ms;
  out["max_rss"] = exit.max_rss_kib;
  return json_line(out);
}

std::string failure_event(const Errors& errors) {
  Json out = event("exit");
  out["by"] = "immure";
  out["reason"] = "setup";
  out["code"] = errors.empty() ? 125 : errors.front().exit_code;
  std::string text;
  for (const Error& error : errors) text += format_error(error, {});
  out["error"] = text;
  return json_line(out);
}

void StatusWriter::plan(const Prepared& prepared) const {
  if (fd_ >= 0) send(fd_, plan_event(prepared));
}

void StatusWriter::started(pid_t init_pid, bool own_clocks) const {
  if (fd_ < 0) return;
  Json out = event("start");
  out["pid"] = ::getpid();
  out["init_pid"] = init_pid;
  if (!name_.empty()) out["name"] = name_;
  out["ns"] = namespaces_of(init_pid);
  if (own_clocks) out["ns"].erase("time");
  send(fd_, json_line(out));
}

void StatusWriter::ready() const {
  if (fd_ >= 0) send(fd_, json_line(event("ready")));
}

void StatusWriter::planted(const std::string& path) const {
  if (fd_ >= 0) send(fd_, planted_event(path));
}

void StatusWriter::ended(const Exit& exit) const {
  if (fd_ >= 0) send(fd_, exit_event(exit));
}

void StatusWriter::failed(const Errors& errors) const {
  if (fd_ >= 0) send(fd_, failure_event(errors));
}

}  // namespace immure
