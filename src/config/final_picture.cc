#include "config/final_picture.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/path.h"
#include "base/shell.h"
#include "base/text.h"
#include "config/toml_text.h"

namespace immure {
namespace {

class Picture {
 public:
  Picture(bool own_pids, const ImportHost& host) : own_pids_(own_pids), host_(host) {}

  void lay(const Operation& operation) {
    operation_ = &operation;
    values_.clear();
    target_.clear();
    std::visit([this](const auto& what) { name(what); }, operation.what);
    if (!std::holds_alternative<HostnameOperation>(operation.what)) {
      values_.push_back(operation.target);
      if (has_dot_dot(operation.target)) return lose("a path of a profile has no \"..\"");
      target_ = normalize("/" + operation.target);
      make_parents();
    }
    std::visit([this](const auto& what) { apply(what); }, operation.what);
  }

  FinalPicture take() { return std::move(out_); }

 private:
  // --- The words of the option, but for the target ---

  void name(const BindOperation& bind) {
    values_ = {bind.source_fd >= 0 ? std::to_string(bind.source_fd) : bind.source};
  }
  void name(const FileOperation& file) { values_ = {std::to_string(file.fd)}; }
  void name(const DataOperation& data) { values_ = {std::to_string(data.fd)}; }
  void name(const SymlinkOperation& link) { values_ = {link.text}; }
  void name(const ChmodOperation& change) { values_ = {octal(change.mode, 3)}; }
  void name(const HostnameOperation& host) { values_ = {host.name}; }
  void name(const OverlayOperation& overlay) {
    if (!overlay.upper.empty()) values_ = {overlay.upper, overlay.work};
  }
  template <class Other>
  void name(const Other& /*no more than a target*/) {}

  std::string option() const {
    std::string words = operation_->origin.flag;
    for (const std::string& value : values_) words += ' ' + shell_word(value);
    return words;
  }

  void lose(const std::string& why) { out_.losses.push_back(option() + ": " + why); }

  // --- What is there ---

  PictureEntry* entry(const std::string& target) {
    const auto found = out_.entries.find(target);
    return found == out_.entries.end() ? nullptr : &found->second;
  }

  // The entry that the target's parent belongs to; null: the root's own tmpfs.
  const PictureEntry* ground_of(const std::string& target) {
    for (std::string above = target; above != "/";) {
      above = std::string(parent_of(above));
      if (const PictureEntry* found = entry(above)) return found;
    }
    return nullptr;
  }

  // Nothing is made in what is not the sandbox's own.
  bool is_own_ground() {
    const PictureEntry* below = ground_of(target_);
    return below == nullptr || std::holds_alternative<Tmpfs>(below->mount.what) ||
           std::holds_alternative<Dir>(below->mount.what);
  }

  bool has_entry_below(const std::string& target) const {
    return std::ranges::any_of(out_.entries, [&target](const auto& one) {
      return one.first != target && is_within(one.first, target);
    });
  }
  bool has_entry_below() const { return has_entry_below(target_); }

  bool hides_something() const { return out_.entries.contains(target_) || has_entry_below(); }

  // Missing directories above the target come by themselves, but not closed as --perms has them.
  void make_parents() {
    if (operation_->parents == 0755 || !is_own_ground()) return;
    std::vector<std::string> missing;
    for (std::string above(parent_of(target_)); above != "/"; above = parent_of(above)) {
      if (entry(above) != nullptr || has_entry_below(above)) break;
      missing.push_back(above);
    }
    for (const std::string& above : missing) {
      out_.entries[above] = {{.target = above, .what = Dir{.mode = operation_->parents}}, option()};
    }
  }

  void put(decltype(Mount::what) what, bool optional = false) {
    out_.entries[target_] = {{.target = target_, .optional = optional, .what = std::move(what)},
                             option()};
  }

  // A mount covers all that was below it.
  void cover(decltype(Mount::what) what, bool optional = false) {
    std::erase_if(out_.entries, [this](const auto& one) { return is_within(one.first, target_); });
    if (target_ == "/") out_.root_locked.clear();
    put(std::move(what), optional);
  }

  std::string absolute(const std::string& source) const {
    return normalize(is_absolute(source) ? source : join(host_.cwd, source));
  }

  // --- Each operation ---

  void apply(const BindOperation& bind) {
    std::string source = bind.source;
    if (bind.source_fd >= 0) {
      source = host_.place_of(bind.source_fd);
      if (!is_absolute(source)) return lose("the descriptor is not open here, or is no file");
    }
    if (has_dot_dot(source)) return lose("a path of a profile has no \"..\"");
    if (source.empty()) return lose("there is no such file");
    if (!is_absolute(source) && host_.cwd.empty()) return lose("there is no current directory");
    source = absolute(source);
    if (source.starts_with("/proc/self/"))
      return lose("it would be a file of immure's own process");
    // Without devices nothing can be read there: the way to hide a file.
    if (source == "/dev/null" && target_ != source && !bind.devices && bind.read_only) {
      return cover(Hide{});
    }
    if (bind.optional && hides_something()) {
      if (!host_.exists(source)) return lose("it is missing now, and left out for good");
      lose("it is there now, and asked for from now on");
      return cover(Bind{.source = source == target_ ? "" : source,
                        .read_only = bind.read_only,
                        .devices = bind.devices,
                        .follow = source == target_ && host_.is_link(source)});
    }
    cover(Bind{.source = source == target_ ? "" : source,
               .read_only = bind.read_only,
               .devices = bind.devices,
               .follow = source == target_ && host_.is_link(source)},
          bind.optional);
  }

  void apply(const TmpfsOperation& tmpfs) {
    if (target_ != "/") {
      return cover(Tmpfs{.size_bytes = tmpfs.size_bytes, .mode = tmpfs.mode});
    }
    out_.entries.clear();
    out_.root_locked.clear();
    out_.root_mode = {tmpfs.mode, option()};
    out_.root_size.reset();
    if (tmpfs.size_bytes != 0) out_.root_size = {tmpfs.size_bytes, option()};
  }

  void apply(const DirOperation& dir) {
    if (target_ == "/" || entry(target_) != nullptr) return;
    if (!is_own_ground()) return lose("nothing is made on the host; make it, if it is missing");
    put(Dir{.mode = dir.mode});
  }

  void apply(const SymlinkOperation& link) {
    if (const PictureEntry* there = entry(target_)) {
      const auto* same = std::get_if<Symlink>(&there->mount.what);
      if (same != nullptr && same->text == link.text) return;
      return lose("something else is there");
    }
    if (!is_own_ground()) return lose("nothing is made on the host; make it, if it is missing");
    put(Symlink{.text = link.text});
  }

  void add_content(int fd, mode_t mode, bool read_only, bool covers) {
    FileContent file{.mode = mode, .read_only = read_only};
    constexpr std::size_t most = 512U << 10U;  // a profile has no more than twice that
    if (!host_.read(fd, file.content)) {
      return lose("its content is not known: " + errno_words(errno));
    }
    if (file.content.size() > most) return lose("its content is too long for a profile");
    if (covers) {
      cover(std::move(file));
    } else {
      put(std::move(file));
      out_.entries[target_].in_place = true;
    }
  }
  void apply(const FileOperation& file) {
    if (!is_own_ground()) return lose("nothing is written on the host");
    add_content(file.fd, file.mode, false, false);
  }
  void apply(const DataOperation& data) { add_content(data.fd, data.mode, data.read_only, true); }

  void apply(const ChmodOperation& change) {
    if (PictureEntry* there = entry(target_)) {
      if (auto* dir = std::get_if<Dir>(&there->mount.what)) {
        dir->mode = change.mode;
      } else if (auto* tmpfs = std::get_if<Tmpfs>(&there->mount.what)) {
        tmpfs->mode = change.mode;
      } else if (auto* file = std::get_if<FileContent>(&there->mount.what)) {
        file->mode = change.mode;
      } else {
        return lose("its mode is the host's");
      }
      there->option += ' ' + option();
      return;
    }
    if (target_ == "/") {
      out_.root_mode = {change.mode, option()};
    } else if (is_own_ground() && has_entry_below()) {
      put(Dir{.mode = change.mode});
    } else {
      lose("its mode is the host's");
    }
  }

  // The root's own files are read-only with it.
  void lock_files() {
    for (auto& [target, entry] : out_.entries) {
      auto* file = std::get_if<FileContent>(&entry.mount.what);
      if (file != nullptr && entry.in_place && ground_of(target) == nullptr) file->read_only = true;
    }
  }

  void apply(const RemountOperation& /*remount*/) {
    PictureEntry* there = entry(target_);
    if (there == nullptr) {
      if (target_ != "/") return lose("no mount is there");
      out_.root_locked = option();
      return lock_files();
    }
    if (auto* bind = std::get_if<Bind>(&there->mount.what)) {
      bind->read_only = true;
    } else if (auto* overlay = std::get_if<Overlay>(&there->mount.what)) {
      overlay->read_only = true;
    } else if (auto* file = std::get_if<FileContent>(&there->mount.what)) {
      file->read_only = true;
    } else {
      return lose("a mount of the sandbox's own stays writable");
    }
    there->option += ' ' + option();
  }

  void apply(const ProcOperation& /*proc*/) {
    if (own_pids_) return cover(KernelMount{.kind = KernelFs::proc});
    cover(Bind{.source = target_ == "/proc" ? "" : "/proc", .read_only = false});
  }
  void apply(const DevOperation& /*dev*/) { cover(KernelMount{.kind = KernelFs::devfs}); }
  void apply(const MqueueOperation& /*queues*/) { cover(KernelMount{.kind = KernelFs::mqueue}); }

  void apply(const OverlayOperation& overlay) {
    Overlay made{.read_only = overlay.read_only};
    const std::vector<std::string> downwards(overlay.lower.rbegin(), overlay.lower.rend());
    for (const std::string& lower : downwards) {
      if (has_dot_dot(lower)) return lose("a path of a profile has no \"..\"");
      made.lower.push_back(absolute(lower));
    }
    if (!overlay.upper.empty()) {
      if (has_dot_dot(overlay.upper)) return lose("a path of a profile has no \"..\"");
      made.upper = absolute(overlay.upper);
      if (absolute(overlay.work) != made.upper + ".work") {
        lose("the work directory is another here: the first one's name with \".work\" behind it");
      }
    }
    cover(std::move(made));
  }

  void apply(const HostnameOperation& host) { out_.hostname = {host.name, option()}; }

  bool own_pids_;
  const ImportHost& host_;
  FinalPicture out_;
  const Operation* operation_ = nullptr;
  std::vector<std::string> values_;  // of its option
  std::string target_;               // of it, normalised
};

}  // namespace

FinalPicture final_picture(const std::vector<Operation>& operations, bool own_pids,
                           const ImportHost& host) {
  Picture picture(own_pids, host);
  for (const Operation& operation : operations) picture.lay(operation);
  return picture.take();
}

}  // namespace immure
