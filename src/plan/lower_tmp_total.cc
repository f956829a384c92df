#include <string>
#include <vector>

#include "base/text.h"
#include "plan/lower_mounts.h"

namespace immure {
namespace {

constexpr std::uint64_t kPage = 4096;

// Where the step says how much its tmpfs holds; null: it makes none.
std::uint64_t* size_of(Step& step) {
  if (auto* root = std::get_if<MakeRoot>(&step)) {
    return root->directory.empty() ? &root->size_bytes : nullptr;
  }
  if (auto* scratch = std::get_if<MakeScratch>(&step)) return &scratch->size_bytes;
  if (auto* tmpfs = std::get_if<TmpfsMount>(&step)) return &tmpfs->size_bytes;
  return nullptr;
}

}  // namespace

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
