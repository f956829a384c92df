#include "config/bwrap_check.h"

namespace immure {

const char* check_bwrap(BwrapArguments& arguments, const BwrapWords& words,
                        const BwrapCaller& caller) {
  OrderedSpec& spec = arguments.spec;
  const bool maps_by_caller = arguments.userns_block_fd >= 0;
  if (spec.join_user >= 0 && spec.new_user) return "--userns not compatible --unshare-user";
  if (spec.join_user >= 0 && words.try_user) return "--userns not compatible --unshare-user-try";
  if (words.try_user && caller.user_namespaces) spec.new_user = true;
  if (maps_by_caller && !spec.new_user) return "--userns-block-fd requires --unshare-user";
  // Nothing can be mounted without one.
  if (!caller.root && spec.join_user < 0) spec.new_user = true;
  if (spec.refuse_user_namespaces && !spec.new_user) {
    return "--disable-userns requires --unshare-user";
  }
  if (spec.refuse_user_namespaces && maps_by_caller) {
    return "--disable-userns is not compatible with  --userns-block-fd";
  }
  const bool has_user = spec.new_user || spec.join_user >= 0;
  // What root is already needs no namespace, and what it lacks no namespace gives.
  if (caller.root && !has_user) {
    if (spec.uid == 0U) spec.uid.reset();
    if (spec.gid == caller.gid) spec.gid.reset();
    if (spec.capabilities) *spec.capabilities &= caller.capabilities;
  }
  if (spec.uid && !has_user) return "Specifying --uid requires --unshare-user or --userns";
  if (spec.gid && !has_user) return "Specifying --gid requires --unshare-user or --userns";
  if (words.hostname && !spec.new_uts) return "Specifying --hostname requires --unshare-uts";
  if (spec.as_pid_1 && !spec.new_pid) return "Specifying --as-pid-1 requires --unshare-pid";
  if (spec.as_pid_1 && !spec.lock_files.empty()) {
    return "Specifying --as-pid-1 and --lock-file is not permitted";
  }
  if (maps_by_caller && arguments.info_fd < 0) return "--userns-block-fd requires --info-fd";
  if (words.need_cgroup && !caller.cgroup_namespaces) {
    return "Cannot create new cgroup namespace because the kernel does not support it";
  }
  spec.maps_by_caller = maps_by_caller;
  return nullptr;
}

}  // namespace immure
