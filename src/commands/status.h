// --status-fd, --ready-fd and --block-fd: how a program follows a run. One JSON object a line:
// {"v":1,"t":EVENT,…}; readers must ignore what they do not know. Before clone, and
// in the launcher while the sandbox lives.
#pragma once

#include <string>
#include <utility>

#include "base/error.h"
#include "base/fd.h"
#include "commands/pipeline.h"
#include "config/options.h"
#include "launch/launch.h"

namespace immure {

// Our own copies of the descriptors that the caller named; not given: empty.
struct Channels {
  Fd status, ready, block;
};

// Takes the descriptors over: those above 2 are closed under their own numbers. An Error (usage)
// for one that is not open, or not for this direction.
Result<Channels> take_channels(const std::vector<GivenOption>& options);

// Writes "1\n" and closes, so that a reader may also wait for the end of file.
void say_ready(Fd& ready);

// Writes the events. Without a descriptor every call does nothing. A reader that is gone does not
// end the run.
class StatusWriter {
 public:
  // `name` is that of the sandbox; empty: it was given none.
  explicit StatusWriter(int fd, std::string name = {}) : fd_(fd), name_(std::move(name)) {}

  void plan(const Prepared& prepared) const;  // profiles, hash of the described plan
  // pid (ours), init_pid, name, ns: the inode of each of its namespaces, but for that of its clocks
  // where that is made later.
  void started(pid_t init_pid, bool own_clocks) const;
  void ready() const;                           // the command runs
  void planted(const std::string& path) const;  // a name of fs_protect that the command made
  void ended(const Exit& exit) const;           // by "target"; "immure" when a limit ended it
  void failed(const Errors& errors) const;      // by "immure", reason "setup"

 private:
  int fd_;
  std::string name_;
};

// The events as text, with the newline.
std::string plan_event(const Prepared& prepared);
std::string planted_event(const std::string& path);
std::string exit_event(const Exit& exit);
std::string failure_event(const Errors& errors);

}  // namespace immure
