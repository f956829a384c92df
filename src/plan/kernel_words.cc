#include "plan/kernel_words.h"

#include <linux/sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <utility>

namespace immure {
namespace {

constexpr std::array<std::pair<std::uint64_t, std::string_view>, 8> kNamespaces = {{
    {CLONE_NEWUSER, "user"},
    {CLONE_NEWNS, "mount"},
    {CLONE_NEWPID, "pid"},
    {CLONE_NEWIPC, "ipc"},
    {CLONE_NEWUTS, "uts"},
    {CLONE_NEWCGROUP, "cgroup"},
    {CLONE_NEWNET, "net"},
    {CLONE_NEWTIME, "time"},
}};

constexpr std::array<Resource, 15> kResources = {{
    {"cpu", RLIMIT_CPU},
    {"as", RLIMIT_AS},
    {"data", RLIMIT_DATA},
    {"stack", RLIMIT_STACK},
    {"core", RLIMIT_CORE},
    {"fsize", RLIMIT_FSIZE},
    {"nofile", RLIMIT_NOFILE},
    {"nproc", RLIMIT_NPROC},
    {"memlock", RLIMIT_MEMLOCK},
    {"msgqueue", RLIMIT_MSGQUEUE},
    {"rtprio", RLIMIT_RTPRIO},
    {"rttime", RLIMIT_RTTIME},
    {"sigpending", RLIMIT_SIGPENDING},
    {"locks", RLIMIT_LOCKS},
    {"nice", RLIMIT_NICE},
}};

}  // namespace

std::vector<std::string_view> namespace_words(std::uint64_t flags) {
  std::vector<std::string_view> words;
  for (const auto& [flag, word] : kNamespaces) {
    if ((flags & flag) != 0) words.push_back(word);
  }
  return words;
}

std::span<const Resource> resources() { return kResources; }

std::string_view resource_word(int number) {
  const auto* const found = std::ranges::find(kResources, number, &Resource::number);
  return found == kResources.end() ? "resource" : found->word;
}

}  // namespace immure
