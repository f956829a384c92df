// The steps that need the scratch file system: overlays, files bound over others, and tmpfs that
// share its memory.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>

#include "launch/child_mounts.h"
#include "launch/fixed_text.h"
#include "launch/lookup.h"

namespace immure {
namespace {

// A new name in the scratch file system: a letter and a number.
NumberText scratch_name(const Construction& construction, std::string_view letter) {
  return NumberText().append(letter).append_number(construction.scratch_entries);
}

// Makes a new directory of the scratch file system and keeps it open.
int scratch_directory(const Construction& construction, std::string_view letter, Fd& kept,
                      mode_t mode = 0755) {
  const NumberText name = scratch_name(construction, letter);
  if (::mkdirat(construction.scratch.get(), name.c_str(), mode) != 0) return errno;
  kept.reset(::openat(construction.scratch.get(), name.c_str(),
                      O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  return kept ? 0 : errno;
}

// The upper and work directories of an overlay.
int open_writes(const OverlayMount& step, Construction& construction, Fd& upper, Fd& work) {
  if (step.upper.empty()) {
    if (const int errnum = scratch_directory(construction, "u", upper)) return errnum;
    return scratch_directory(construction, "w", work);
  }
  if (const int errnum = open_source(construction, step.upper.c_str(), upper)) return errnum;
  return open_source(construction, step.work.c_str(), work);
}

}  // namespace

int run_scratch(const CoverFile& step, Construction& construction) {
  const NumberText name = scratch_name(construction, "f");
  ++construction.scratch_entries;
  const int scratch = construction.scratch.get();
  const int made = step.from < 0
                       ? make_file(scratch, name.c_str(), step.mode, step.content)
                       : make_copy(construction, scratch, name.c_str(), step.mode, step.from);
  if (made != 0) return made;
  const Fd source(::openat(scratch, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!source) return errno;
  Target target;
  if (const int errnum = find_target(construction, step.target.c_str(), target)) return errnum;
  const MountFlags flags{.read_only = step.read_only};
  if (const int errnum = mount_bind(construction, source.get(), target, flags)) return errnum;
  return finish_mount(construction, step.target.c_str(), target, flags);
}

int run_scratch(const TmpfsMount& step, Construction& construction) {
  Fd source;
  if (const int errnum = scratch_directory(construction, "t", source, step.mode)) return errnum;
  ++construction.scratch_entries;
  Target target;
  if (const int errnum = find_target(construction, step.target.c_str(), target)) return errnum;
  const MountFlags flags{.read_only = step.read_only, .noexec = !step.executable};
  if (const int errnum = mount_bind(construction, source.get(), target, flags)) return errnum;
  return finish_mount(construction, step.target.c_str(), target, flags);
}

int run_scratch(const OverlayMount& step, Construction& construction) {
  // By descriptor, so that no name with ':' or ',' can be misread, and no path is looked up twice.
  std::array<Fd, 100> lower;
  PathText layers;
  if (step.lower.size() >= lower.size()) return E2BIG;
  for (std::size_t i = 0; i < step.lower.size(); ++i) {
    if (const int errnum = open_source(construction, step.lower[i].c_str(), lower[i])) {
      return errnum;
    }
    layers.append(i > 0 ? ":" : "").append(proc_fd_path(lower[i].get()).view());
  }
  Fd upper;
  Fd work;
  if (!step.read_only) {
    if (const int errnum = open_writes(step, construction, upper, work)) return errnum;
  } else if (step.lower.size() == 1) {  // an overlay wants two layers
    if (const int errnum = scratch_directory(construction, "e", upper)) return errnum;
    layers.append(":").append(proc_fd_path(upper.get()).view());
  }
  ++construction.scratch_entries;
  const auto upper_path = proc_fd_path(upper.get());
  const auto work_path = proc_fd_path(work.get());
  return mount_on(construction, step.target.c_str(), "overlay",
                  {{"lowerdir", layers.c_str()},
                   {"userxattr", nullptr},
                   {step.read_only ? nullptr : "upperdir", upper_path.c_str()},
                   {step.read_only ? nullptr : "workdir", work_path.c_str()}},
                  {.read_only = step.read_only});
}

}  // namespace immure
