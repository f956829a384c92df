// Facts about paths: what the mount steps of a plan show, and as what.
#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "base/text.h"
#include "plan/facts.h"
#include "plan/landlock.h"
#include "plan/landlock_rights.h"

namespace immure {
namespace {

constexpr mode_t hidden_mode = 0;

std::string inside(const std::string& target) { return "/" + target; }

void add_word(std::string& detail, std::string_view word) {
  if (!detail.empty()) detail += ", ";
  detail += word;
}

class FileFacts {
 public:
  FileFacts(const LaunchPlan& plan, const SandboxSpec& spec, std::vector<Fact>& facts)
      : plan_(plan), facts_(facts) {
    for (const Mount& mount : spec.mounts) {
      if (!mount.why.empty()) reasons_[place(mount.origin)] = mount.why;
    }
    // A directory is worth a line only when nothing is put on it or into it.
    for (const PlannedStep& step : plan.setup) {
      std::visit([&](const auto& s) { note(s); }, step.what);
      sealed_ = sealed_ || std::holds_alternative<SealRoot>(step.what);
    }
    writable_root_ = &spec.root.writable.origin;
  }

  void add(const PlannedStep& step) {
    origin_ = &step.origin;
    std::visit([&](const auto& s) { tell(s); }, step.what);
  }

 private:
  using Place = std::pair<std::string, std::uint32_t>;
  static Place place(const Origin& origin) {
    return {origin.file ? origin.file->name : origin.flag, origin.line};
  }

  template <class T>
  void note(const T& step) {
    if constexpr (requires { step.target; }) {
      constexpr bool point = std::is_same_v<T, MakeDir> || std::is_same_v<T, MakeFile>;
      if (!point) mounted_.insert(step.target);
      const std::size_t slash = step.target.rfind('/');
      if (slash != std::string::npos) used_.insert(step.target.substr(0, slash));
    }
  }

  // A rule of [landlock.fs] gives less than the mount.
  void add_landlock(Heading heading, const std::string& subject, std::string& detail) const {
    const bool written = heading == Heading::writes || heading == Heading::scratch;
    if (!written && heading != Heading::reads) return;
    const std::uint64_t right = written ? landlock_files::write_file : landlock_files::read_file;
    const std::string left = landlock_refusal(plan_, subject, right);
    if (!left.empty()) add_word(detail, "but Landlock leaves: " + left);
  }

  void fact(Heading heading, std::string subject, std::string detail) {
    add_landlock(heading, subject, detail);
    Fact& made = facts_.emplace_back(
        Fact{heading, std::move(subject), std::move(detail), *origin_, std::string()});
    const auto reason = reasons_.find(place(*origin_));
    if (reason != reasons_.end()) made.why = reason->second;
  }

  void tell(const MakeRoot& s) {
    if (s.directory.empty()) {
      if (sealed_) return;
      origin_ = writable_root_;
      return fact(Heading::scratch, "/", "at most " + show_size(s.size_bytes));
    }
    fact(s.read_only ? Heading::reads : Heading::writes, "/", "from " + s.directory);
  }
  void tell(const MakeDir& s) {
    if (mounted_.contains(s.target) || used_.contains(s.target)) return;
    fact(Heading::made, inside(s.target), "an empty directory");
  }
  void tell(const MakeFile& s) {
    if (mounted_.contains(s.target)) return;
    fact(Heading::made, inside(s.target), s.content.empty() ? "an empty file" : "a small file");
  }
  void tell(const MakeLink& s) { fact(Heading::made, inside(s.target), "a link to " + s.text); }

  void tell(const BindMount& s) {
    if (s.pin) return;  // shows what another step shows already
    const std::string subject = inside(s.target);
    std::string detail;
    if (s.source != subject) add_word(detail, "from " + s.source);
    if (!s.executable) add_word(detail, "no program can be run from it");
    if (!s.recursive) add_word(detail, "without the mounts below it");
    if (s.slave) add_word(detail, "with later mounts of the host");
    if (s.devices) {
      if (s.read_only) add_word(detail, "read-only");
      fact(Heading::devices, subject, detail);
    } else {
      fact(s.read_only ? Heading::reads : Heading::writes, subject, detail);
    }
  }
  void tell(const CoverFile& s) {
    if (s.mode == hidden_mode && s.content.empty()) {
      fact(Heading::hidden, inside(s.target), "");
    } else {
      fact(s.read_only ? Heading::made : Heading::scratch, inside(s.target), "a small file");
    }
  }
  void tell(const TmpfsMount& s) {
    if (is_hiding(s)) {
      fact(Heading::hidden, inside(s.target), "");
      return;
    }
    std::string detail;
    if (s.size_bytes != 0) add_word(detail, "at most " + show_size(s.size_bytes));
    if (s.inodes != 0) add_word(detail, "at most " + std::to_string(s.inodes) + " files");
    if (!s.executable) add_word(detail, "no program can be run from it");
    fact(s.read_only ? Heading::made : Heading::scratch, inside(s.target), detail);
  }
  void tell(const OverlayMount& s) {
    std::string detail = "over";
    for (const std::string& lower : s.lower) detail += " " + lower;
    if (s.lower.size() == 1 && s.lower.front() == inside(s.target)) detail = "over what is there";
    if (s.read_only) {
      fact(Heading::reads, inside(s.target), detail);
    } else if (s.upper.empty()) {
      fact(Heading::scratch, inside(s.target), detail);
    } else {
      fact(Heading::writes, inside(s.target), detail + ", writes go to " + s.upper);
    }
  }
  void tell(const ProcMount& s) {
    std::string detail = "the sandbox's processes";
    if (s.subset_pid) add_word(detail, "and nothing else");
    if (s.hidepid_invisible) add_word(detail, "each user's own only");
    fact(Heading::kernel, inside(s.target), detail);
  }
  void tell(const DevptsMount& s) { fact(Heading::kernel, inside(s.target), "own terminals"); }
  void tell(const MqueueMount& s) { fact(Heading::kernel, inside(s.target), "message queues"); }
  void tell(const SysfsMount& s) { fact(Heading::kernel, inside(s.target), "devices, read-only"); }
  void tell(const CgroupMount& s) { fact(Heading::kernel, inside(s.target), "control groups"); }
  void tell(const MaskProc& s) {
    if (s.read_only) {
      fact(Heading::kernel, inside(s.target), "read-only");
    } else {
      fact(Heading::hidden, inside(s.target), "");
    }
  }
  template <class T>
  void tell(const T& /*not about a path inside*/) {}

  const LaunchPlan& plan_;
  std::vector<Fact>& facts_;
  std::map<Place, std::string> reasons_;
  std::set<std::string> mounted_;  // something is put on this target
  std::set<std::string> used_;     // something lies in this directory
  const Origin* origin_ = nullptr;
  const Origin* writable_root_ = nullptr;
  bool sealed_ = false;  // the root is made read-only at the end
};

}  // namespace

void add_file_facts(const LaunchPlan& plan, const SandboxSpec& spec, std::vector<Fact>& facts) {
  FileFacts files(plan, spec, facts);
  for (const PlannedStep& step : plan.setup) files.add(step);
  for (const HostDirectory& made : plan.host_directories) {
    facts.push_back({Heading::writes, made.path, "made on the host before the start", made.origin,
                     std::string()});
  }
}

}  // namespace immure
