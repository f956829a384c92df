#include <algorithm>
#include <string>
#include <variant>
#include <vector>

#include "base/text.h"
#include "plan/lower_mounts.h"

namespace immure {
namespace {

constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kLeastInodes = 1024;  // each takes about 1 KiB of the kernel's memory

// Where the step says how much its tmpfs holds; null: it makes none.
std::uint64_t* size_of(Step& step) {
  if (auto* root = std::get_if<MakeRoot>(&step)) {
    return root->directory.empty() ? &root->size_bytes : nullptr;
  }
  if (auto* scratch = std::get_if<MakeScratch>(&step)) return &scratch->size_bytes;
  auto* tmpfs = std::get_if<TmpfsMount>(&step);
  return tmpfs != nullptr && !tmpfs->shared ? &tmpfs->size_bytes : nullptr;
}

bool uses_scratch(const PlannedStep& planned) {
  if (std::holds_alternative<CoverFile>(planned.what)) return true;
  const auto* overlay = std::get_if<OverlayMount>(&planned.what);
  return overlay != nullptr && overlay->upper.empty() &&
         (!overlay->read_only || overlay->lower.size() == 1);
}

// A directory can stand for it: mkdir(2) makes no set-id bits.
bool can_share(const TmpfsMount& tmpfs) {
  return tmpfs.size_bytes == 0 && tmpfs.inodes == 0 && (tmpfs.mode & 06000U) == 0;
}

}  // namespace

std::uint64_t inodes_for(std::uint64_t size_bytes, std::uint64_t least) {
  return std::max(size_bytes / kPage, least);
}

bool share_memory(std::vector<PlannedStep>& steps) {
  bool needed = false;
  std::vector<TmpfsMount*> without_size;
  for (PlannedStep& planned : steps) {
    needed = needed || uses_scratch(planned);
    auto* tmpfs = std::get_if<TmpfsMount>(&planned.what);
    if (tmpfs == nullptr) continue;
    if (can_share(*tmpfs)) {
      without_size.push_back(tmpfs);
    } else if (tmpfs->size_bytes != 0 && tmpfs->inodes == 0 && !tmpfs->read_only) {
      tmpfs->inodes = inodes_for(tmpfs->size_bytes, kLeastInodes);
    }
  }
  // Alone, it is as well off with the half that the kernel gives it.
  if (!needed && without_size.size() < 2) return false;
  for (TmpfsMount* tmpfs : without_size) tmpfs->shared = true;
  return true;
}

void share_tmp_total(const Setting<std::uint64_t>& total, LaunchPlan& plan, Errors& errors) {
  std::uint64_t set = 0;
  std::vector<std::uint64_t*> open;
  for (PlannedStep& planned : plan.setup) {
    std::uint64_t* size = size_of(planned.what);
    if (size == nullptr) continue;
    if (*size == 0) {
      open.push_back(size);
    } else {
      const std::uint64_t pages = (*size + kPage - 1) / kPage;  // as the kernel rounds
      set = pages > (UINT64_MAX - set) / kPage ? UINT64_MAX : set + pages * kPage;
    }
  }
  const std::uint64_t left = set > *total.value ? 0 : *total.value - set;
  const std::uint64_t share = open.empty() ? 0 : left / open.size() / kPage * kPage;
  if (set > *total.value || (!open.empty() && share == 0)) {
    errors.push_back(
        {.code = Code::limit,
         .doing = "limits.tmp_total = " + show_size(*total.value) +
                  " is too little: the sizes that are set make " + show_size(set) +
                  (open.empty() ? std::string()
                                : ", and " + std::to_string(open.size()) + " more have none"),
         .origin = total.origin,
         .hint = "make it more, or the sizes less (root.size is 16M unless set)"});
    return;
  }
  for (std::uint64_t* size : open) *size = share;
}

}  // namespace immure
