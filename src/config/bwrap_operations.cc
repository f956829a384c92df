#include "config/bwrap_operations.h"

#include <utility>

#include "config/bwrap_values.h"

namespace immure {

using enum BwrapOption;

namespace {

constexpr const char* kLayersAlone =
    "--overlay-src must be followed by another --overlay-src or one of --overlay, "
    "--tmp-overlay, or --ro-overlay";

}  // namespace

bool BwrapMistakes::fail(std::string text, int errnum) {
  if (!first) first = BwrapMistake{std::move(text), errnum};
  return false;
}

bool BwrapMistakes::read_descriptor(const std::string& word, int& fd) {
  const auto number = small_number(word);
  if (!number) return fail("Invalid fd: " + word);
  fd = *number;
  return true;
}

bool BwrapOperations::fits_layers(BwrapOption option) {
  const bool is_of_overlay =
      option == overlay_src || option == overlay || option == tmp_overlay || option == ro_overlay;
  return layers_.empty() || is_of_overlay || mistake_.fail(kLayersAlone);
}

bool BwrapOperations::fits_modifiers(BwrapOption option) {
  if (option == perms || option == size) return true;
  const bool has_mode = option == tmpfs || option == dir || option == file || option == bind_data ||
                        option == ro_bind_data;
  if (size_ && option != tmpfs) return mistake_.fail("--size must be followed by --tmpfs");
  if (perms_ && !has_mode) {
    return mistake_.fail("--perms must be followed by an option that creates a file");
  }
  return true;
}

bool BwrapOperations::take(BwrapOption option, std::span<const std::string> values,
                           const Origin& origin) {
  origin_ = origin;
  return take_modifier(option, values) || take_operation(option, values);
}

bool BwrapOperations::are_complete() { return layers_.empty() || mistake_.fail(kLayersAlone); }

bool BwrapOperations::read_mode(const std::string& word, const char* name, mode_t& mode) {
  const auto value = whole_number(word, 8);
  if (!value || *value < 0 || *value > 07777) {
    return mistake_.fail(std::string(name) + " takes an octal argument <= 07777");
  }
  mode = static_cast<mode_t>(*value);
  return true;
}

bool BwrapOperations::take_modifier(BwrapOption option, std::span<const std::string> values) {
  if (option == perms) {
    if (perms_) return mistake_.fail("--perms given twice for the same action");
    mode_t mode = 0;
    if (!read_mode(values[0], "--perms", mode)) return false;
    perms_ = mode;
    return true;
  }
  if (option == size) {
    if (size_) return mistake_.fail("--size given twice for the same action");
    size_ = byte_count(values[0]);
    if (!size_) return mistake_.fail("--size takes a non-zero number of bytes");
    if (*size_ <= kLargestTmpfs) return true;
    return mistake_.fail("--size (for tmpfs) is limited to " + std::to_string(kLargestTmpfs));
  }
  return false;
}

bool BwrapOperations::add(What what, const std::string& target, bool has_mode) {
  Operation operation{
      .what = std::move(what), .target = target, .parents = 0755, .origin = origin_};
  if (perms_ && has_mode) {
    constexpr mode_t group = 0050;
    constexpr mode_t others = 0005;
    if ((*perms_ & 0070) == 0) operation.parents &= ~group;
    if ((*perms_ & 0007) == 0) operation.parents &= ~others;
    perms_.reset();
  }
  spec_.operations.push_back(std::move(operation));
  return true;
}

bool BwrapOperations::take_operation(BwrapOption option, std::span<const std::string> values) {
  constexpr bool has_mode = true;
  const mode_t directory_mode = perms_.value_or(0755);
  int fd = -1;
  switch (option) {
    case bind:
    case bind_try:
    case dev_bind:
    case dev_bind_try:
    case ro_bind:
    case ro_bind_try:
      return add(BindOperation{.source = values[0],
                               .read_only = option == ro_bind || option == ro_bind_try,
                               .devices = option == dev_bind || option == dev_bind_try,
                               .optional = option == bind_try || option == dev_bind_try ||
                                           option == ro_bind_try},
                 values[1]);
    case bind_fd:
    case ro_bind_fd:
      return mistake_.read_descriptor(values[0], fd) &&
             add(BindOperation{.source = {}, .source_fd = fd, .read_only = option == ro_bind_fd},
                 values[1]);
    case remount_ro:
      return add(RemountOperation{}, values[0]);
    case proc:
      return add(ProcOperation{}, values[0]);
    case dev:
      return add(DevOperation{}, values[0]);
    case mqueue:
      return add(MqueueOperation{}, values[0]);
    case hostname:
      return add(HostnameOperation{values[0]}, "");
    case symlink:
      return add(SymlinkOperation{values[0]}, values[1]);
    case tmpfs: {
      const TmpfsOperation made{.size_bytes = size_.value_or(0), .mode = directory_mode};
      size_.reset();
      return add(made, values[0], has_mode);
    }
    case dir:
      return add(DirOperation{directory_mode}, values[0], has_mode);
    case file:
      return mistake_.read_descriptor(values[0], fd) &&
             add(FileOperation{fd, perms_.value_or(0666)}, values[1], has_mode);
    case bind_data:
    case ro_bind_data:
      return mistake_.read_descriptor(values[0], fd) &&
             add(DataOperation{fd, perms_.value_or(0600), option == ro_bind_data}, values[1],
                 has_mode);
    case chmod: {
      ChmodOperation change;
      return read_mode(values[0], "--chmod", change.mode) && add(change, values[1]);
    }
    case overlay_src:
      layers_.push_back(values[0]);
      return true;
    case overlay:
    case tmp_overlay:
    case ro_overlay:
      return add_overlay(option, values);
    default:
      return false;
  }
}

bool BwrapOperations::add_overlay(BwrapOption option, std::span<const std::string> values) {
  if (option == ro_overlay && layers_.size() < 2) {
    return mistake_.fail("--ro-overlay requires at least two --overlay-src");
  }
  if (layers_.empty()) {
    return mistake_.fail(std::string(option == overlay ? "--overlay" : "--tmp-overlay") +
                         " requires at least one --overlay-src");
  }
  OverlayOperation made{.lower = std::move(layers_)};
  layers_.clear();
  made.read_only = option == ro_overlay;
  if (option == overlay) {
    made.upper = values[0];
    made.work = values[1];
  }
  return add(std::move(made), values.back());
}

}  // namespace immure
