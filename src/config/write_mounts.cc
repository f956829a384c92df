#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/path.h"
#include "config/toml_text.h"
#include "config/write_profile.h"

namespace immure {
namespace {

// The keys of an entry's table, in braces.
class Table {
 public:
  Table& put(std::string_view key, const std::string& value) {
    text_ += text_.empty() ? "{ " : ", ";
    text_.append(key).append(" = ").append(value);
    return *this;
  }
  std::string done() const { return text_ + " }"; }

 private:
  std::string text_;
};

Table table(const Bind& bind) {
  Table t;
  t.put("type", "\"bind\"");
  if (!bind.source.empty()) t.put("src", toml_expanded(bind.source));
  if (!bind.read_only) t.put("access", "\"rw\"");
  if (bind.devices) t.put("dev", "true");
  if (!bind.executable) t.put("exec", "false");
  if (!bind.recursive) t.put("recursive", "false");
  if (bind.follow) t.put("follow", "true");
  if (bind.create) t.put("create", "true");
  if (bind.propagation == Propagation::slave) t.put("propagation", "\"slave\"");
  return t;
}

Table table(const Tmpfs& tmpfs) {
  Table t;
  t.put("type", "\"tmpfs\"");
  if (tmpfs.size_bytes != 0) t.put("size", std::to_string(tmpfs.size_bytes));
  if (tmpfs.inodes != 0) t.put("inodes", std::to_string(tmpfs.inodes));
  if (tmpfs.mode != 0755) t.put("mode", toml_octal(tmpfs.mode));
  if (!tmpfs.executable) t.put("exec", "false");
  return t;
}

Table table(const Dir& dir) {
  Table t;
  t.put("type", "\"dir\"");
  if (dir.mode != 0755) t.put("mode", toml_octal(dir.mode));
  return t;
}

Table table(const Hide& /*hide*/) { return std::move(Table().put("type", "\"hide\"")); }
Table table(const NoMount& /*none*/) { return std::move(Table().put("type", "\"none\"")); }

Table table(const Overlay& overlay) {
  Table t;
  t.put("type", "\"overlay\"").put("access", overlay.read_only ? "\"ro\"" : "\"rw\"");
  if (!overlay.lower.empty()) {
    std::string list;
    for (const std::string& layer : overlay.lower) {
      list += (list.empty() ? "[" : ", ") + toml_expanded(layer);
    }
    t.put("lower", list + "]");
  }
  if (!overlay.upper.empty()) t.put("upper", toml_expanded(overlay.upper));
  return t;
}

std::string_view kernel_word(KernelFs kind) {
  switch (kind) {
    case KernelFs::proc:
      return "proc";
    case KernelFs::devfs:
      return "devfs";
    case KernelFs::mqueue:
      return "mqueue";
    case KernelFs::sysfs:
      return "sysfs";
    case KernelFs::cgroup:
      return "cgroup";
  }
  return "";
}

Table table(const KernelMount& mount) {
  Table t;
  t.put("type", toml_string(kernel_word(mount.kind)));
  if (!mount.subset_pid && !mount.hidepid_invisible) return t;
  Table options;
  if (mount.subset_pid) options.put("subset", "\"pid\"");
  if (mount.hidepid_invisible) options.put("hidepid", "\"invisible\"");
  t.put("proc", options.done());
  return t;
}

Table table(const FileContent& file) {
  Table t;
  t.put("type", "\"file\"");
  if (file.content_fd >= 0) {
    t.put("content_fd", std::to_string(file.content_fd));
  } else if (is_toml_text(file.content)) {
    t.put("content", toml_string(file.content));
  } else {
    t.put("content_base64", toml_string(base64(file.content)));
  }
  if (file.mode != 0644) t.put("mode", toml_octal(file.mode));
  if (!file.read_only) t.put("access", "\"rw\"");
  return t;
}

Table table(const Symlink& link) {
  Table t;
  t.put("type", "\"symlink\"").put("target", toml_string(link.text));
  return t;
}

// "ro?", for entries that need no more.
std::string short_form(const Mount& mount) {
  if (!mount.why.empty()) return {};
  const std::string mark = mount.optional ? "?" : "";
  if (const auto* bind = std::get_if<Bind>(&mount.what)) {
    Bind plain{.read_only = bind->read_only, .devices = bind->devices};
    if (*bind != plain || (bind->devices && bind->read_only)) return {};
    if (bind->devices) return "\"dev" + mark + '"';
    return (bind->read_only ? "\"ro" : "\"rw") + mark + '"';
  }
  if (std::holds_alternative<Hide>(mount.what)) return "\"hide" + mark + '"';
  if (const auto* tmpfs = std::get_if<Tmpfs>(&mount.what); tmpfs != nullptr && *tmpfs == Tmpfs{}) {
    return "\"tmpfs" + mark + '"';
  }
  return {};
}

// A pattern stays as it is; in what is none, what would make it one is escaped.
std::string target_key(const Mount& mount) {
  std::string key;
  const bool escapes = !mount.glob && mount.target.find_first_of("*?[]\\") != std::string::npos;
  for (const char c : mount.target) {
    if (escapes && std::string_view("*?[]\\").find(c) != std::string_view::npos) key += '\\';
    key.append(c == '$' ? 2 : 1, c);
  }
  return toml_string(key);
}

}  // namespace

std::string write_mounts(const std::vector<Mount>& mounts) {
  std::string out;
  for (const Mount& mount : mounts) {
    std::string value = short_form(mount);
    if (value.empty()) {
      Table entry = std::visit([](const auto& what) { return table(what); }, mount.what);
      if (mount.optional) entry.put("optional", toml_boolean(true));
      if (!mount.why.empty()) entry.put("why", toml_string(mount.why));
      value = entry.done();
    }
    out += target_key(mount) + " = " + value + '\n';
  }
  return out;
}

}  // namespace immure
