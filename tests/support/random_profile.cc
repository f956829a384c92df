#include "support/random_profile.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "base/text.h"

namespace immure::testing {
namespace {

// What the schema takes for any text or name, and the program for one of a few.
const std::map<std::string_view, std::vector<std::string>>& known_texts() {
  static const std::map<std::string_view, std::vector<std::string>> texts{
      {"process.sched", {R"("other")", R"("batch")", R"("idle")"}},
      {"process.io_priority", {R"("idle")", R"("best-effort:3")"}},
      {"process.cpus", {R"("0")", R"("0-2")", R"("1,3")"}},
      {"sysctl.*", {R"("64")", R"("1")"}},
      {"env.*.default", {R"("vi")", R"("$$x")"}},
      {"fs.*.content", {R"("plain")", R"("two\nlines\n")", R"("\"$$\" \t")"}},
      {"fs.*.content_base64", {R"("aGFsbG8=")", R"("aGkK")", R"("")"}},
      {"fs.*.content_fd", {"9"}},
  };
  return texts;
}

const std::map<std::string_view, std::vector<std::string>>& known_items() {
  static const std::map<std::string_view, std::vector<std::string>> items{
      {"caps.keep", {R"("CAP_NET_RAW")", R"("CAP_KILL")", R"("CAP_CHOWN")"}},
      {"caps.bounding", {R"("CAP_NET_RAW")", R"("CAP_KILL")", R"("CAP_CHOWN")", R"("ALL")"}},
      {"seccomp.allow", {R"("ptrace")", R"("bpf")", R"("uname")", R"("keyctl")"}},
      {"seccomp.deny", {R"("ptrace")", R"("socket")", R"("uname")", R"("mmap")"}},
      {"seccomp.arch", {R"("native")", R"("i386")", R"("x32")"}},
      {"process.pass_fds", {"3", "7", "9"}},
      {"landlock.tcp_bind", {"0", "8080"}},
      {"landlock.tcp_connect", {"53", "443", "65535"}},
  };
  return items;
}

// Which keys an entry of [fs] may have beside its type; "optional" and "why" all of them.
const std::vector<std::pair<std::string_view, std::vector<std::string_view>>>& mount_parts() {
  static const std::vector<std::pair<std::string_view, std::vector<std::string_view>>> parts{
      {"bind", {"src", "access", "dev", "exec", "recursive", "follow", "create", "propagation"}},
      {"ro", {"src", "exec", "recursive", "follow", "propagation"}},
      {"rw", {"src", "exec", "recursive", "follow", "create"}},
      {"dev", {"src", "exec", "recursive"}},
      {"overlay", {"lower", "upper", "access"}},
      {"overlay", {"src", "upper"}},
      {"file", {"content", "expand", "access", "mode"}},
      {"file", {"content_base64", "access", "mode"}},
      {"file", {"content_fd", "access", "mode"}},
      {"symlink", {"target"}},
      {"tmpfs", {"size", "inodes", "mode", "exec"}},
      {"dir", {"mode"}},
      {"proc", {"proc.subset", "proc.hidepid"}},
      {"hide", {}},
      {"devfs", {}},
      {"mqueue", {}},
      {"sysfs", {}},
      {"cgroup", {}},
      {"none", {}},
  };
  return parts;
}

// Without these an entry is none of its type.
bool is_needed(std::string_view part) {
  return part.starts_with("content") || part == "target" || part == "lower";
}

std::string joined(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text += (text.empty() ? "" : ", ") + item;
  return text;
}

std::string in_quotes(std::string_view text) { return '"' + std::string(text) + '"'; }

bool is_set(const SchemaRow& row) {
  return row.type == ValueType::set || row.type == ValueType::descriptors ||
         row.type == ValueType::ports || row.type == ValueType::capabilities ||
         row.type == ValueType::calls;
}

}  // namespace

std::string ProfileLine::text() const {
  return key + " = " + (is_set ? "[" + joined(items) + "]" : value) + '\n';
}

std::string text_of(const std::vector<ProfileLine>& lines) {
  std::string text;
  for (const ProfileLine& line : lines) text += line.text();
  return text;
}

bool says_something(const SchemaRow& row) {
  // "allow.*" is for the intents of other packages.
  constexpr std::array<std::string_view, 4> of_the_file{"version", "extends", "match", "allow.*"};
  const bool is_part = row.key.starts_with("fs.*.") || row.key.starts_with("env.*.");
  return row.built() && row.type != ValueType::table && !is_part &&
         std::ranges::find(of_the_file, row.key) == of_the_file.end();
}

std::vector<std::string_view> RandomProfile::names_for(const SchemaRow& row) {
  if (row.key == "fs.*") {
    return {"/a",        "/a/b",         "/home/u/proj", "/home/u/proj/sub",
            "/srv/data", "/srv/data/in", "/etc/passwd",  "/etc/x",
            "/tmp",      "/tmp/x/y",     "/s*v"};
  }
  if (row.key == "env.*") return {"A", "B", "LC_*", "TERM"};
  if (row.key == "landlock.fs.*") return {"/"};  // rights below it could not be less
  if (row.key == "sysctl.*") return {"net.ipv4.ip_default_ttl", "net.ipv4.ip_forward"};
  return {};
}

std::vector<ProfileLine> RandomProfile::lines(unsigned one_in) {
  std::vector<ProfileLine> made;
  for (const SchemaRow& row : schema()) {
    if (!says_something(row)) continue;
    if (!row.key.ends_with('*')) {
      if (once_in(one_in)) made.push_back(line(row));
      continue;
    }
    for (const std::string_view name : names_for(row)) {
      if (once_in(one_in)) made.push_back(line(row, name));
    }
  }
  std::ranges::shuffle(made, random_);
  return made;
}

ProfileLine RandomProfile::line(const SchemaRow& row, std::string_view name) {
  used_.insert(row.key);
  ProfileLine made{.key = std::string(row.key), .is_set = is_set(row)};
  if (row.key.ends_with('*')) {
    made.key = made.key.substr(0, made.key.size() - 1) + in_quotes(name);
  }
  if (made.is_set) {
    made.items = items_of(row);
  } else if (name.contains('*')) {  // a pattern can be little else
    made.value = row.key == "fs.*" ? quoted({"ro?", "hide"}) : "true";
  } else {
    made.value = value_of(row);
  }
  return made;
}

std::vector<ProfileLine> RandomProfile::reordered(std::vector<ProfileLine> lines) {
  std::ranges::shuffle(lines, random_);
  for (ProfileLine& line : lines) std::ranges::shuffle(line.items, random_);
  return lines;
}

unsigned RandomProfile::number(unsigned below) {
  return std::uniform_int_distribution<unsigned>(0, below - 1)(random_);
}

std::string RandomProfile::quoted(std::initializer_list<const char*> texts) {
  return in_quotes(*(texts.begin() + number(static_cast<unsigned>(texts.size()))));
}

// One at least, if there is one.
std::vector<std::string> RandomProfile::some(const std::vector<std::string>& items) {
  std::vector<std::string> chosen;
  for (const std::string& item : items) {
    if (chance()) chosen.push_back(item);
  }
  if (chosen.empty() && !items.empty()) chosen.push_back(one_of(items));
  return chosen;
}

std::vector<std::string> RandomProfile::items_of(const SchemaRow& row) {
  std::vector<std::string> all;
  for (const Word& word : row.words) {
    if (word.value >= 0) all.push_back(in_quotes(word.word));
  }
  if (const auto known = known_items().find(row.key); known != known_items().end()) {
    all = known->second;
  }
  std::vector<std::string> items = some(all);
  if (only_add_) return items;
  for (std::string& item : items) {
    if (!once_in(3)) continue;
    if (item.front() == '"') item = item.substr(1, item.size() - 2);
    item = in_quotes("!" + item);
  }
  if (once_in(8)) items.emplace_back(R"("!*")");
  return items;
}

std::string RandomProfile::word_of(const SchemaRow& row) {
  std::vector<std::string> words;
  for (const Word& word : row.words) {
    if (word.value < 0) continue;
    if (word.word == "path:") {
      words.push_back(in_quotes("path:/proc/1/ns/net"));
    } else if (word.word == "fd:") {
      words.push_back(in_quotes("fd:3"));
    } else {
      words.push_back(word.boolean ? std::string(word.word) : in_quotes(word.word));
    }
  }
  return one_of(words);
}

std::string RandomProfile::number_value(const SchemaRow& row) {
  const std::int64_t least = std::max<std::int64_t>(row.low, 0);
  const std::int64_t most = std::min<std::int64_t>(row.high, 1000);
  switch (number(4)) {
    case 0:
      return std::to_string(least);
    case 1:
      return std::to_string(most);
    default:
      return std::to_string(least + number(static_cast<unsigned>(most - least + 1)));
  }
}

// Texts with what needs to be escaped, or would be expanded.
std::string RandomProfile::text_value(const SchemaRow& row) {
  if (row.key == "hostname" || row.key == "domainname") return quoted({"a", "box-1", "${USER}"});
  if (row.key == "user.name" || row.key == "state.name") return quoted({"ann", "bob"});
  return row.type == ValueType::text
             ? quoted({"plain", "two words", "${NOT} a $variable", R"(\"q\" \\ \t#)", "ünï"})
             : quoted({"plain", "two words", "$${NOT} ${HOME}", R"(\"q\" \\ \t#)", "ünï"});
}

std::string RandomProfile::value_of(const SchemaRow& row) {
  if (const auto known = known_texts().find(row.key); known != known_texts().end()) {
    return one_of(known->second);
  }
  switch (row.type) {
    case ValueType::boolean:
      return chance() ? "true" : "false";
    case ValueType::integer:
      return number_value(row);
    case ValueType::text:
    case ValueType::expanded:
      return text_value(row);
    case ValueType::path:
      return quoted({"/srv/data", "/srv/rootfs", "/tmp", "~/proj", "${CWD}/sub", "/usr"});
    case ValueType::paths:
      return "[" + joined(some({R"("/srv/data")", R"("/srv/layer")", R"("~/proj")"})) + "]";
    case ValueType::redirect:
      return quoted({"inherit", "null", "/tmp/out", "~/log"});
    case ValueType::size:
      return chance() ? std::to_string(4096 * (1 + number(99))) : quoted({"64K", "3M", "1G"});
    case ValueType::time:
      return chance() ? std::to_string(1 + number(99)) : quoted({"250ms", "2s", "10min", "3d"});
    case ValueType::signed_time:
      return quoted({"+3d", "-1h", "+1500ms", "0s"});
    case ValueType::mode:
      return chance() ? "0o7" + std::to_string(number(8)) + "5" : quoted({"0700", "0750", "0711"});
    case ValueType::limit:
      return chance()   ? quoted({"inherit", "hard", "unlimited"})
             : chance() ? std::to_string(16 + number(9))
                        : "{ soft = 16, hard = 32 }";
    case ValueType::choice:
    case ValueType::namespaced:
    case ValueType::intent:
    case ValueType::intent_set:
      return word_of(row);
    case ValueType::id_map:
      return chance() ? R"("subid")" : "[{ inside = 0, outside = 1000 }]";
    case ValueType::signal:
      return quoted({"INT", "SIGKILL", "15"});
    case ValueType::texts:
      return "[" + joined(some({R"("ls")", R"("a b")", R"("$$x")", R"("")"})) + "]";
    case ValueType::rights:
      return quoted({"ro", "rw,exec", "none", "read-file, refer"});
    case ValueType::rules:
      return "[" +
             joined(some({R"({ syscalls = ["socket"], action = "kill", args = ["0 == AF_ALG"] })",
                          R"({ syscalls = ["uname", "@swap"], action = "errno:EACCES" })",
                          R"({ syscalls = ["dup2"], action = "log", arch = ["native"] })"})) +
             "]";
    case ValueType::mount:
      return mount();
    case ValueType::variable:
      return variable();
    case ValueType::processors:
    case ValueType::set:
    case ValueType::descriptors:
    case ValueType::ports:
    case ValueType::capabilities:
    case ValueType::calls:
    case ValueType::profiles:
    case ValueType::table:
    case ValueType::any:
      break;
  }
  return "\"no values for " + std::string(row.key) + "\"";  // which the reader will refuse
}

std::string RandomProfile::part(std::string_view key) {
  const auto row = find_row(key);
  if (!row) return "no such row";
  used_.insert(row->key);
  return value_of(*row);
}

std::string RandomProfile::mount() {
  if (chance()) return mount_table();
  if (!only_add_ && once_in(8)) return R"("none")";
  return quoted({"ro", "ro?", "rw", "rw?,noexec", "ro,norec", "dev?", "hide", "tmpfs", "dir",
                 "tmpfs,size=1M,mode=0700", "dir,mode=0711", "overlay", "proc", "devfs", "mqueue",
                 "sysfs", "cgroup", "ro?,follow"});
}

std::string RandomProfile::mount_table() {
  const auto& [type, parts] = one_of(mount_parts());
  if (only_add_ && type == "none") return mount_table();
  used_.insert("fs.*.type");
  std::string table = "{ type = " + in_quotes(type);
  std::string options;  // of proc
  for (const std::string_view name : parts) {
    if (!is_needed(name) && chance()) continue;
    const std::string key = "fs.*." + std::string(name);
    const std::string value = part(key);
    if (name.starts_with("proc.")) {
      options += (options.empty() ? "" : ", ") + std::string(name.substr(5)) + " = " + value;
    } else {
      table += ", " + std::string(name) + " = " + value;
    }
  }
  if (!options.empty()) table += ", proc = { " + options + " }";
  if (once_in(3)) table += ", optional = " + part("fs.*.optional");
  if (once_in(3)) table += ", why = " + part("fs.*.why");
  return table + " }";
}

std::string RandomProfile::variable() {
  if (chance()) return quoted({"x", "a=b c", "$$x ${HOME}", ""});
  if (chance()) return chance() ? "true" : "false";
  std::string table = "{ pass = " + part("env.*.pass");
  if (table.ends_with("false")) return table + " }";
  // Not both: the default of a secret is one, and is not written again.
  if (chance()) return table + ", default = " + part("env.*.default") + " }";
  return table + ", secret = " + part("env.*.secret") + " }";
}

}  // namespace immure::testing
