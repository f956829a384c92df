// The mount steps, and what they are made of. The root itself: child_root.cc.
#include "launch/child_mounts.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstring>
#include <string_view>

#include "base/syscalls.h"
#include "launch/fixed_text.h"
#include "launch/lookup.h"

namespace immure {

bool refused_call(int errnum) { return errnum == ENOSYS || errnum == EPERM; }

unsigned to_attr(const MountFlags& flags) {
  return (flags.read_only ? MOUNT_ATTR_RDONLY : 0U) | (flags.nosuid ? MOUNT_ATTR_NOSUID : 0U) |
         (flags.nodev ? MOUNT_ATTR_NODEV : 0U) | (flags.noexec ? MOUNT_ATTR_NOEXEC : 0U);
}

int new_file_system(const char* type, FsParameters parameters, const MountFlags& flags, Fd& mount) {
  const Fd context(::fsopen(type, FSOPEN_CLOEXEC));
  if (!context) return errno;
  // As df(1) and findmnt(8) show it.
  if (::fsconfig(context.get(), FSCONFIG_SET_STRING, "source", type, 0) != 0) return errno;
  for (const FsParameter& parameter : parameters) {
    if (parameter.key == nullptr) continue;
    const auto command = parameter.value != nullptr ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG;
    if (::fsconfig(context.get(), command, parameter.key, parameter.value, 0) != 0) {
      return errno;
    }
  }
  if (::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) return errno;
  mount.reset(::fsmount(context.get(), FSMOUNT_CLOEXEC, to_attr(flags)));
  return mount ? verify_flags(mount.get(), flags) : errno;
}

bool can_change_attributes(int mount) {
  mount_attr nothing{};
  return ::mount_setattr(mount, "", AT_EMPTY_PATH, &nothing, sizeof nothing) == 0 ||
         !refused_call(errno);
}

int write_content(int fd, const char* text, std::size_t length) {
  while (length > 0) {
    const ssize_t written = ::write(fd, text, length);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    text += written;
    length -= static_cast<std::size_t>(written);
  }
  return 0;
}

int attach(int mount, const Target& target) {
  const unsigned itself = *target.name == '\0' ? MOVE_MOUNT_T_EMPTY_PATH : 0U;
  const unsigned flags = MOVE_MOUNT_F_EMPTY_PATH | itself;
  return ::move_mount(mount, "", target.directory, target.name, flags) == 0 ? 0 : errno;
}

// Apart, as the stack of every start would hold it.
[[gnu::noinline]] int copy_content(Construction& construction, int from, int to) {
  std::array<char, 16384> part;
  int errnum = 0;
  for (ssize_t length = 1; errnum == 0 && length != 0;) {
    length = ::read(from, part.data(), part.size());
    if (length < 0 && errno == EINTR) continue;
    errnum = length < 0 ? errno : write_content(to, part.data(), static_cast<std::size_t>(length));
  }
  ::close(from);
  if (errnum != 0) construction.failed_part = part_content;
  return errnum;
}

namespace {

int run(const MakeDir& step, Construction& construction) {
  int directory = -1;
  const char* base = nullptr;
  if (const int errnum = open_parent(construction, step.target.c_str(), directory, base)) {
    return errnum;
  }
  return ::mkdirat(directory, base, step.mode) == 0 ? 0 : errno;
}

int run(const MakeFile& step, Construction& construction) {
  int directory = -1;
  const char* base = nullptr;
  if (const int errnum = open_parent(construction, step.target.c_str(), directory, base)) {
    return errnum;
  }
  return make_file(directory, base, step.mode, step.content);
}

int run(const MakeLink& step, Construction& construction) {
  int directory = -1;
  const char* base = nullptr;
  if (const int errnum = open_parent(construction, step.target.c_str(), directory, base)) {
    return errnum;
  }
  return ::symlinkat(step.text.c_str(), directory, base) == 0 ? 0 : errno;
}

bool same_file(int one, int other) {
  struct stat a {};
  struct stat b {};
  return ::fstat(one, &a) == 0 && ::fstat(other, &b) == 0 && a.st_dev == b.st_dev &&
         a.st_ino == b.st_ino;
}

int run(const BindMount& step, Construction& construction) {
  Fd source;
  if (step.late) {
    source.reset(::open(step.source.c_str(), O_PATH | O_CLOEXEC));
    if (!source) return errno;
  } else if (const int errnum = open_source(construction, step.source.c_str(), source)) {
    return errnum;
  }
  if (step.same_as >= 0 && !same_file(source.get(), step.same_as)) {
    construction.failed_part = part_identity;
    return ESTALE;
  }
  Target target;
  if (const int errnum = find_target(construction, step.target.c_str(), target)) return errnum;
  const MountFlags flags{.read_only = step.read_only,
                         .nodev = !step.devices,
                         .noexec = !step.executable,
                         .recursive = step.recursive,
                         .slave = step.slave};
  const bool whole = step.source == "/";
  if (const int errnum = hide_scratch(construction, whole)) return errnum;
  if (const int errnum = mount_bind(construction, source.get(), target, flags)) return errnum;
  if (const int errnum = show_scratch(construction, whole)) return errnum;
  return finish_mount(construction, step.target.c_str(), target, flags);
}

int run(const TmpfsMount& step, Construction& construction) {
  if (step.shared) return run_scratch(step, construction);
  const NumberText mode = NumberText().append_number(step.mode, 8);
  const NumberText size = NumberText().append_number(step.size_bytes);
  const NumberText inodes = NumberText().append_number(step.inodes);
  return mount_on(construction, step.target.c_str(), "tmpfs",
                  {{"mode", mode.c_str()},
                   {step.size_bytes != 0 ? "size" : nullptr, size.c_str()},
                   {step.inodes != 0 ? "nr_inodes" : nullptr, inodes.c_str()},
                   {step.label.empty() ? nullptr : "context", step.label.c_str()}},
                  {.read_only = step.read_only,
                   .noexec = !step.executable,
                   .size_bytes = step.size_bytes,
                   .inodes = step.inodes,
                   .mode = step.mode});
}

int run(const ProcMount& step, Construction& construction) {
  const char* const target = step.target.c_str();
  const int errnum = mount_on(construction, target, "proc",
                              {{step.hidepid_invisible ? "hidepid" : nullptr, "invisible"},
                               {step.subset_pid ? "subset" : nullptr, "pid"}},
                              {.noexec = true});
  if (errnum != 0 || (!step.hidepid_invisible && !step.subset_pid)) return errnum;
  return verify_options(construction, target,
                        {step.hidepid_invisible ? "hidepid=invisible" : nullptr,
                         step.subset_pid ? "subset=pid" : nullptr});
}

int run(const DevptsMount& step, Construction& construction) {
  const char* const target = step.target.c_str();
  const NumberText max = NumberText().append_number(step.max);
  const int errnum = mount_on(construction, target, "devpts",
                              {{"newinstance", nullptr},
                               {"ptmxmode", "0666"},
                               {"mode", "620"},
                               {step.max != 0 ? "max" : nullptr, max.c_str()}},
                              {.nodev = false, .noexec = true});
  if (errnum != 0) return errnum;
  const NumberText shown = NumberText().append("max=").append(max.view());
  return verify_options(construction, target,
                        {"mode=620", "ptmxmode=666", step.max != 0 ? shown.c_str() : nullptr});
}

int mount_plain(Construction& construction, const std::string& target, const char* type,
                const MountFlags& flags) {
  return mount_on(construction, target.c_str(), type, {}, flags);
}

int run(const MqueueMount& step, Construction& construction) {
  return mount_plain(construction, step.target, "mqueue", {.noexec = true});
}

// On the scratch file system, whose end is theirs: whoever closes a mount that was never attached
// waits for all processors, and init closes this one while the command may be at its end.
int run(const OpenQueues& /*step*/, Construction& construction) {
  if (new_file_system("mqueue", {}, {.noexec = true}, construction.queues) != 0) return 0;
  const int scratch = construction.scratch.get();
  if (construction.scratch && ::mkdirat(scratch, "queues", 0700) == 0) {
    (void)::move_mount(construction.queues.get(), "", scratch, "queues", MOVE_MOUNT_F_EMPTY_PATH);
  }
  return 0;
}

int run(const SysfsMount& step, Construction& construction) {
  return mount_plain(construction, step.target, "sysfs", {.read_only = true, .noexec = true});
}

int run(const CgroupMount& step, Construction& construction) {
  return mount_plain(construction, step.target, "cgroup2", {.read_only = true, .noexec = true});
}

int run(const MaskProc& step, Construction& construction) { return mask_proc(step, construction); }

int run(const SealRoot& /*step*/, Construction& construction) {
  return change_flags(construction, construction.root.get(), {.read_only = true});
}

int run(const MakePlace& step, Construction& construction) {
  return make_place(step, construction);
}
int run(const WriteFile& step, Construction& construction) {
  return write_file(step, construction);
}
int run(const EnsureLink& step, Construction& construction) {
  return ensure_link(step, construction);
}
int run(const ChangeMode& step, Construction& construction) {
  return change_mode(step, construction);
}

// Devices are closed as well, as bubblewrap does; the old call sets all flags anew.
int run(const MakeReadOnly& step, Construction& construction) {
  Fd target;
  if (const int errnum = open_target(construction, step.target.c_str(), target)) return errnum;
  struct statx status {};
  if (::statx(target.get(), "", AT_EMPTY_PATH, STATX_TYPE, &status) != 0) return errno;
  if ((status.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) == 0) return ENOTSUP;  // Linux 5.8
  if ((status.stx_attributes & STATX_ATTR_MOUNT_ROOT) == 0) return EINVAL;
  struct statfs now {};
  if (::fstatfs(target.get(), &now) != 0) return errno;
  const auto flags = static_cast<unsigned long>(now.f_flags);
  return change_flags(construction, target.get(),
                      {.read_only = true, .noexec = (flags & ST_NOEXEC) != 0});
}

int run(const CoverFile& step, Construction& construction) {
  return run_scratch(step, construction);
}

int run(const OverlayMount& step, Construction& construction) {
  return run_scratch(step, construction);
}

int run(const LeavePeers& /*step*/, Construction& /*construction*/) {
  return ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 ? 0 : errno;
}
int run(const MakeRoot& step, Construction& construction) { return make_root(step, construction); }
int run(const MakeScratch& step, Construction& construction) {
  return make_scratch(step, construction);
}
int run(const EnterRoot& /*step*/, Construction& construction) { return enter_root(construction); }

template <class Other>
int run(const Other& /*step*/, Construction& /*construction*/) {
  return not_a_mount_step;
}

}  // namespace

int mount_on(Construction& construction, const char* path, const char* type,
             FsParameters parameters, const MountFlags& flags) {
  Target target;
  if (const int errnum = find_target(construction, path, target)) return errnum;
  if (const int errnum = mount_new(construction, type, parameters, flags, target)) return errnum;
  return finish_mount(construction, path, target, flags);
}

namespace {

Fd new_file(int directory, const char* name) {
  return Fd(::openat(directory, name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600));
}

int give_mode(int file, mode_t mode) {
  return ::fchmod(file, mode) == 0 ? verify_mode(file, mode) : errno;
}

}  // namespace

int make_file(int directory, const char* name, mode_t mode, const std::string& content) {
  if (content.empty()) return ::mknodat(directory, name, S_IFREG | mode, 0) == 0 ? 0 : errno;
  const Fd file = new_file(directory, name);
  if (!file) return errno;
  if (const int errnum = write_content(file.get(), content.data(), content.size())) return errnum;
  return give_mode(file.get(), mode);
}

int make_copy(Construction& construction, int directory, const char* name, mode_t mode, int from) {
  const Fd file = new_file(directory, name);
  if (!file) return errno;
  if (const int errnum = copy_content(construction, from, file.get())) return errnum;
  return give_mode(file.get(), mode);
}

int mount_new(Construction& construction, const char* type, FsParameters parameters,
              const MountFlags& flags, const Target& target) {
  if (construction.old_mount_calls) {
    return old_mount_new(type, parameters, flags, target.directory);
  }
  Fd mount;
  if (const int errnum = new_file_system(type, parameters, flags, mount)) return errnum;
  return attach(mount.get(), target);
}

int mount_bind(Construction& construction, int source, const Target& target,
               const MountFlags& flags, Fd* kept) {
  if (construction.old_mount_calls) {
    return old_mount_bind(construction, source, target.directory, flags);
  }
  const auto recursive = flags.recursive ? static_cast<unsigned>(AT_RECURSIVE) : 0U;
  Fd tree(::open_tree(source, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | recursive));
  if (!tree) return errno;
  mount_attr attributes{};
  attributes.attr_set = to_attr(flags);
  attributes.propagation = flags.slave ? MS_SLAVE : MS_PRIVATE;
  if (::mount_setattr(tree.get(), "", AT_EMPTY_PATH | recursive, &attributes, sizeof attributes) !=
      0) {
    return errno;
  }
  if (const int errnum = verify_flags(tree.get(), flags)) return errnum;
  if (const int errnum = attach(tree.get(), target)) return errnum;
  if (kept != nullptr) *kept = std::move(tree);
  return 0;
}

int change_propagation(const Construction& construction, int mount, std::uint64_t propagation) {
  if (construction.old_mount_calls) {
    const auto path = proc_fd_path(mount);
    return ::mount(nullptr, path.c_str(), nullptr, propagation, nullptr) == 0 ? 0 : errno;
  }
  mount_attr attributes{};
  attributes.propagation = propagation;
  const int changed = ::mount_setattr(mount, "", AT_EMPTY_PATH, &attributes, sizeof attributes);
  return changed == 0 ? 0 : errno;
}

int change_flags(Construction& construction, int mount, const MountFlags& flags) {
  if (construction.old_mount_calls) {
    if (const int errnum = old_change_flags(mount, flags)) return errnum;
    return verify_flags(mount, flags);
  }
  mount_attr attributes{};
  attributes.attr_set = to_attr(flags);
  if (::mount_setattr(mount, "", AT_EMPTY_PATH, &attributes, sizeof attributes) != 0) return errno;
  return verify_flags(mount, flags);
}

int run_mount_step(const Step& step, Construction& construction) {
  return std::visit([&](const auto& s) { return run(s, construction); }, step);
}

}  // namespace immure
