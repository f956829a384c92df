#include "support/run.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

namespace immure::test {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

[[noreturn]] void die(const std::string& what) {
  std::perror(what.c_str());
  std::abort();
}

struct Pipe {
  Fd read, write;
};

Pipe make_pipe() {
  std::array<int, 2> fds{};
  if (::pipe2(fds.data(), O_CLOEXEC) != 0) die("pipe2");
  return {.read = Fd(fds[0]), .write = Fd(fds[1])};
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  result.reserve(texts.size() + 1);
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

void set_nonblocking(int fd) { ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK); }

std::string temporary_directory() {
  const char* named = std::getenv("TMPDIR");
  return named == nullptr ? "/tmp" : named;
}

// Appends what is there; closes the descriptor at its end.
void drain(Fd& fd, std::string& to) {
  std::array<char, 65536> buffer;
  while (fd) {
    const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
    if (count > 0) {
      to.append(buffer.data(), static_cast<std::size_t>(count));
    } else if (count == 0) {
      fd.reset();
    } else if (errno != EINTR) {
      return;
    }
  }
}

}  // namespace

Running::Running(const Program& program)
    : input_(program.input), end_(Clock::now() + program.limit) {
  Pipe in = make_pipe();
  Pipe out = make_pipe();
  Pipe err = make_pipe();
  std::vector<std::string> argv = program.argv;
  std::vector<std::string> environment;
  if (program.environment) {
    for (const auto& [name, value] : *program.environment) {
      environment.push_back(name);
      environment.back().append("=").append(value);
    }
  }
  std::vector<char*> argv_pointers = pointers(argv);
  std::vector<char*> environment_pointers = pointers(environment);

  pid_ = ::fork();
  if (pid_ < 0) die("fork");
  if (pid_ == 0) {
    ::dup2(in.read.get(), 0);
    ::dup2(out.write.get(), 1);
    ::dup2(err.write.get(), 2);
    if (!program.cwd.empty() && ::chdir(program.cwd.c_str()) != 0) die(program.cwd);
    if (program.before_exec) program.before_exec();
    if (program.environment) {
      ::execvpe(argv_pointers[0], argv_pointers.data(), environment_pointers.data());
    } else {
      ::execvp(argv_pointers[0], argv_pointers.data());
    }
    die(program.argv[0]);
  }
  pidfd_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  in_ = std::move(in.write);
  out_ = std::move(out.read);
  err_ = std::move(err.read);
  for (const Fd* fd : {&in_, &out_, &err_}) set_nonblocking(fd->get());
  if (input_.empty()) in_.reset();
}

Running::~Running() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void Running::signal(int number) const { ::kill(pid_, number); }

bool Running::pump() {
  if (pid_ < 0) return false;
  if (Clock::now() > end_ && !outcome_.timed_out) {
    outcome_.timed_out = true;
    ::kill(pid_, SIGKILL);
  }
  std::array<pollfd, 4> waits{{{.fd = pidfd_.get(), .events = POLLIN, .revents = 0},
                               {.fd = out_.get(), .events = POLLIN, .revents = 0},
                               {.fd = err_.get(), .events = POLLIN, .revents = 0},
                               {.fd = in_.get(), .events = POLLOUT, .revents = 0}}};
  ::poll(waits.data(), waits.size(), 50);
  if (in_ && (waits[3].revents & POLLOUT) != 0) {
    const ssize_t count = ::write(in_.get(), input_.data(), input_.size());
    if (count > 0) input_.erase(0, static_cast<std::size_t>(count));
    if (input_.empty() || (count < 0 && errno != EAGAIN)) in_.reset();
  } else if ((waits[3].revents & POLLERR) != 0) {
    in_.reset();
  }
  drain(out_, outcome_.out);
  drain(err_, outcome_.err);
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) != pid_) return true;
  // What it wrote last may have come since; somebody else may hold the pipe open for ever.
  drain(out_, outcome_.out);
  drain(err_, outcome_.err);
  outcome_.code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  pid_ = -1;
  return false;
}

bool Running::wait_for_output(const std::string& text) {
  while (!contains(outcome_.out, text)) {
    if (!pump()) return contains(outcome_.out, text);
  }
  return true;
}

Outcome Running::wait() {
  while (pump()) {
  }
  return outcome_;
}

Outcome run(const Program& program) { return Running(program).wait(); }

TempDir::TempDir() : TempDir(temporary_directory()) {}

TempDir::TempDir(const std::string& parent) : path_(parent + "/immure-test-XXXXXX") {
  if (::mkdtemp(path_.data()) == nullptr) die(path_);
  ::chmod(path_.c_str(), 0755);
}

TempDir::~TempDir() {
  std::error_code error;
  fs::remove_all(path_, error);
  if (!error) return;
  // Overlay work directories are left without permissions.
  for (fs::recursive_directory_iterator
           it(path_, fs::directory_options::skip_permission_denied, error),
       end;
       !error && it != end; it.increment(error)) {
    if (it->is_directory(error) && !it->is_symlink(error)) ::chmod(it->path().c_str(), 0700);
  }
  fs::remove_all(path_, error);
}

std::string TempDir::write(const std::string& name, const std::string& text, mode_t mode) const {
  const fs::path file = fs::path(path_) / name;
  fs::create_directories(file.parent_path());
  std::ofstream(file) << text;
  ::chmod(file.c_str(), mode);
  return file;
}

std::string read_file(const std::string& path) {
  // Not by a stream: a process that ends while its file below /proc is read is no exception here.
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  drain(fd, text);
  return text;
}

bool exists(const std::string& path) {
  struct stat info = {};
  return ::lstat(path.c_str(), &info) == 0;
}

std::string trimmed(std::string text) {
  text.erase(text.find_last_not_of(" \t\n") + 1);
  return text;
}

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> result;
  std::size_t start = 0;
  while (start < text.size()) {
    std::size_t end = text.find('\n', start);
    if (end == std::string::npos) end = text.size();
    result.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return result;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::vector<pid_t> processes_with(const std::string& text) {
  std::vector<pid_t> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc", error)) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    // A zombie's command line is empty.
    if (contains(read_file(entry.path() / "cmdline"), text)) {
      found.push_back(static_cast<pid_t>(std::stol(name)));
    }
  }
  return found;
}

bool all_gone(const std::string& text, std::chrono::seconds limit) {
  const auto end = Clock::now() + limit;
  while (!processes_with(text).empty()) {
    if (Clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return true;
}

std::string own_home() {
  const std::string uid = std::to_string(::getuid());
  for (const std::string& line : lines(read_file("/etc/passwd"))) {
    std::vector<std::string> fields{""};
    for (const char c : line) {
      if (c == ':') {
        fields.emplace_back();
      } else {
        fields.back() += c;
      }
    }
    if (fields.size() > 5 && fields[2] == uid) return fields[5];
  }
  return {};
}

bool installed(const std::string& program) {
  return run({.argv = {"sh", "-c", "command -v \"$0\" >/dev/null", program}}).code == 0;
}

bool must_run() {
  const char* value = std::getenv("IMMURE_TESTS_MUST_RUN");
  return value != nullptr && std::string(value) == "1";
}

}  // namespace immure::test
