#include "plan/lower_kernel_fs.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "base/path.h"
#include "plan/best_effort.h"

namespace immure {
namespace {

using Kind = TreeNode::Kind;

constexpr std::uint32_t kMaxTerminals = 256;
constexpr std::uint64_t kDevBytes = 1ULL << 20;

// What of /proc says more of the host to everybody than a command needs. Each that exists costs
// some microseconds of every start. (interrupts: when keys are pressed.)
constexpr std::array<std::string_view, 6> kCovered = {"keys",        "key-users", "interrupts",
                                                      "sched_debug", "scsi",      "asound"};
constexpr std::array<std::string_view, 1> kReadOnly = {"sys"};
// The rest of the OCI runtime's maskedPaths and readonlyPaths, and what has come since. To others
// than the host's root these files are closed, or say nothing of the host: their mode stands for
// that, as nobody inside has a capability over a file whose owner is not there.
constexpr std::array<std::string_view, 10> kCoveredForRoot = {
    "kcore",      "sysrq-trigger", "timer_list",  "timer_stats", "latency_stats",
    "kpagecount", "kpageflags",    "kpagecgroup", "acpi",        "kallsyms"};
constexpr std::array<std::string_view, 3> kReadOnlyForRoot = {"bus", "fs", "irq"};

constexpr std::array<std::string_view, 6> kDevices = {"null",   "zero",    "full",
                                                      "random", "urandom", "tty"};
constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kDeviceLinks = {{
    {"fd", "/proc/self/fd"},
    {"stdin", "/proc/self/fd/0"},
    {"stdout", "/proc/self/fd/1"},
    {"stderr", "/proc/self/fd/2"},
    {"ptmx", "pts/ptmx"},
}};

// A covered /proc makes the kernel refuse a fresh one to a nested sandbox.
bool nested_allowed(const SandboxSpec& spec) {
  const auto user = spec.namespaces.nested.find("user");
  return user != spec.namespaces.nested.end() && user->second.get_or(0) > 0;
}

void add_devices(RootBuilder& builder, const std::string& place, const Origin& origin) {
  // On the host's file system nothing is made, so there a tmpfs of its own carries the names.
  if (builder.tree().node(place) == nullptr ||
      builder.tree().node(place)->kind != Kind::directory) {
    builder.add(TmpfsMount{.target = step_target(place), .size_bytes = kDevBytes}, place,
                {.kind = Kind::tmpfs, .access = {.read_only = false}, .asked = true}, origin);
  }
  // Mount points are covered at once: the tree needs to know only by what.
  for (const std::string_view name : kDevices) {
    const std::string path = join(place, name);
    const std::string source = join("/dev", name);
    const Access access{.read_only = false, .devices = true};
    builder.add(MakeFile{.target = step_target(path), .content = {}}, origin);
    builder.add(
        BindMount{
            .source = source, .target = step_target(path), .read_only = false, .devices = true},
        path,
        {.kind = Kind::host,
         .shows = FileKind::device,
         .layers = {source},
         .access = access,
         .asked = true},
        origin);
  }
  for (const auto& [name, text] : kDeviceLinks) {
    const std::string path = join(place, name);
    builder.add(MakeLink{.target = step_target(path), .text = std::string(text)}, path,
                {.kind = Kind::link, .text = std::string(text), .asked = true}, origin);
  }
  const std::string pts = join(place, "pts");
  builder.add(MakeDir{.target = step_target(pts)}, origin);
  builder.add(DevptsMount{.target = step_target(pts), .max = kMaxTerminals}, pts,
              {.kind = Kind::kernel, .asked = true}, origin);
  const std::string shm = join(place, "shm");
  builder.add(MakeDir{.target = step_target(shm)}, origin);
  builder.add(TmpfsMount{.target = step_target(shm), .mode = 01777}, shm,
              {.kind = Kind::tmpfs, .access = {.read_only = false}, .asked = true}, origin);
}

}  // namespace

bool is_plain_device(std::string_view source) {
  constexpr std::string_view dev = "/dev/";
  return source.starts_with(dev) &&
         std::find(kDevices.begin(), kDevices.end(), source.substr(dev.size())) != kDevices.end();
}

void mask_proc(const SandboxSpec& spec, const Host& host, RootBuilder& builder,
               const std::string& place, const Origin& origin) {
  if (nested_allowed(spec) && host.uid != 0) return;
  const std::string target = step_target(place);
  const auto mask = [&](std::string_view name, bool read_only) {
    builder.add(MaskProc{.target = join(target, name), .read_only = read_only}, origin);
  };
  for (const std::string_view name : kCovered) mask(name, false);
  for (const std::string_view name : kReadOnly) mask(name, true);
  if (host.uid != 0) return;
  for (const std::string_view name : kCoveredForRoot) mask(name, false);
  for (const std::string_view name : kReadOnlyForRoot) mask(name, true);
}

void add_kernel_fs(const KernelMount& mount, const SandboxSpec& spec, const Host& host,
                   RootBuilder& builder, const std::string& place, const Origin& origin) {
  const std::string target = step_target(place);
  const TreeNode node{.kind = Kind::kernel, .asked = true};
  switch (mount.kind) {
    case KernelFs::proc:
      builder.add(ProcMount{.target = target,
                            .subset_pid = mount.subset_pid,
                            .hidepid_invisible = mount.hidepid_invisible},
                  place, node, origin);
      builder.steps().back().best_effort = is_best_effort(spec, "proc");
      mask_proc(spec, host, builder, place, origin);
      return;
    case KernelFs::devfs:
      add_devices(builder, place, origin);
      return;
    case KernelFs::mqueue:
      builder.add(MqueueMount{.target = target}, place, node, origin);
      return;
    case KernelFs::sysfs:
      builder.add(SysfsMount{.target = target}, place, node, origin);
      return;
    case KernelFs::cgroup:
      builder.add(CgroupMount{.target = target}, place, node, origin);
      return;
  }
}

}  // namespace immure
