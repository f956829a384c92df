#include "launch/helper.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <tuple>

#include "base/fd.h"
#include "base/syscalls.h"
#include "base/text.h"
#include "launch/child.h"
#include "launch/monitor.h"

namespace immure {
namespace {

constexpr std::int64_t limit_ns = 5'000'000'000;

[[noreturn]] void become_helper(char* const* argv, const sigset_t& mask, int errors) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): execve(2) does not write to it
  const std::array<char*, 2> environment = {const_cast<char*>("PATH=/usr/bin:/bin"), nullptr};
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null >= 0 && ::dup2(null, 0) == 0 && ::dup2(null, 1) == 1 && ::dup2(errors, 2) == 2) {
    close_all_but({}, 1024, true);
    ::sigprocmask(SIG_SETMASK, &mask, nullptr);
    ::execve(argv[0], argv, environment.data());
  }
  const int errnum = errno;
  const std::string text = errno_words(errnum);
  const ssize_t ignored = ::write(errors, text.data(), text.size());
  static_cast<void>(ignored);
  ::_exit(127);
}

// What it says, until it closes its standard error or the time is over.
std::string listen(int fd, std::int64_t deadline) {
  constexpr std::size_t most = 400;
  std::string said;
  for (;;) {
    const std::int64_t left = deadline - monotonic_ns();
    pollfd watched{fd, POLLIN, 0};
    if (left <= 0) return said;
    if (::poll(&watched, 1, static_cast<int>(left / 1'000'000 + 1)) <= 0) continue;
    std::array<char, 512> buffer;
    const ssize_t length = ::read(fd, buffer.data(), buffer.size());
    if (length < 0 && errno == EINTR) continue;
    if (length <= 0) return said;
    said.append(buffer.data(), std::min(static_cast<std::size_t>(length), most - said.size()));
  }
}

// The lines of a map as newuidmap(1) takes them.
void append_words(std::vector<std::string>& words, std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(" \n"), text.size());
    if (end > 0) words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

}  // namespace

std::variant<std::monostate, Error> run_helper(const std::vector<std::string>& argv,
                                               const sigset_t& mask) {
  Error error{.code = Code::id_map_helper, .doing = "run " + quote(argv.front())};
  const auto failed = [&](int errnum) {
    error.errnum = errnum;
    return error;
  };
  std::vector<char*> pointers;
  pointers.reserve(argv.size() + 1);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): execve(2) does not write to them
  for (const std::string& text : argv) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  std::array<int, 2> ends = {-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return failed(errno);
  const Fd reading(ends[0]);
  Fd writing(ends[1]);
  const std::int64_t deadline = monotonic_ns() + limit_ns;
  const pid_t pid = ::fork();
  if (pid < 0) return failed(errno);
  if (pid == 0) become_helper(pointers.data(), mask, writing.get());
  writing.reset();
  std::string said = listen(reading.get(), deadline);
  int status = 0;
  for (;;) {
    const pid_t ended = ::waitpid(pid, &status, WNOHANG);
    if (ended == pid) break;
    if (ended < 0 && errno != EINTR) return failed(errno);
    if (monotonic_ns() >= deadline) {
      ::kill(pid, SIGKILL);
      ::waitpid(pid, nullptr, 0);
      error.reason = "it was not done after 5 s";
      return error;
    }
    ::usleep(200);
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return std::monostate{};
  said.resize(std::min(said.find('\n'), said.size()));
  const std::string ending = WIFSIGNALED(status)
                                 ? "signal " + std::to_string(WTERMSIG(status)) + " killed it"
                                 : "it ended with status " + std::to_string(WEXITSTATUS(status));
  error.doing = quote(argv.front()) + " failed";
  error.reason = said.empty() ? ending : escape(said);
  return error;
}

std::variant<std::monostate, Error> write_maps(const LaunchPlan& plan, pid_t pid,
                                               const sigset_t& mask) {
  for (const auto& [helper, map, origin] :
       {std::tuple(&plan.uid_map_helper, &plan.uid_map, &plan.uid_map_origin),
        std::tuple(&plan.gid_map_helper, &plan.gid_map, &plan.gid_map_origin)}) {
    if (helper->empty()) continue;
    std::vector<std::string> argv = {*helper, std::to_string(pid)};
    append_words(argv, *map);
    auto ended = run_helper(argv, mask);
    if (auto* error = std::get_if<Error>(&ended)) {
      error->origin = *origin;
      error->hint =
          "it must be set-id root, and /etc/subuid and /etc/subgid must give us the ids\n"
          "immure doctor";
      return std::move(*error);
    }
  }
  return std::monostate{};
}

}  // namespace immure
