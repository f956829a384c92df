#include "plan/program_file.h"

#include <dirent.h>
#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

#include "base/fd.h"
#include "base/text.h"

namespace immure {
namespace {

constexpr std::size_t kHead = 256;  // BINPRM_BUF_SIZE: what the kernel looks at
// The file may be made to cost time: nothing of it is read beyond these.
constexpr std::size_t kMaxTexts = 1 << 20;
constexpr std::size_t kMaxText = 4096;
constexpr std::size_t kMaxSegments = 128;
constexpr std::size_t kMaxEntries = 1024;

struct Machine {
  std::uint16_t number;
  std::string_view name;
  std::string_view multiarch;
};
constexpr std::array<Machine, 14> kMachines = {{
    {EM_386, "i386", "i386-linux-gnu"},
    {EM_X86_64, "x86-64", "x86_64-linux-gnu"},
    {EM_ARM, "arm", "arm-linux-gnueabihf"},
    {EM_AARCH64, "aarch64", "aarch64-linux-gnu"},
    {EM_RISCV, "riscv", "riscv64-linux-gnu"},
    {EM_PPC64, "ppc64", "powerpc64le-linux-gnu"},
    {EM_PPC, "ppc", "powerpc-linux-gnu"},
    {EM_S390, "s390", "s390x-linux-gnu"},
    {EM_MIPS, "mips", ""},
    {EM_SPARC, "sparc", ""},
    {EM_SPARCV9, "sparc64", "sparc64-linux-gnu"},
    {EM_IA_64, "ia64", ""},
    {EM_ALPHA, "alpha", ""},
    {258, "loongarch", "loongarch64-linux-gnu"},
}};

// Reads exactly what is asked for, or gives less bytes: nothing of the file is believed.
std::string read_at(int fd, std::uint64_t offset, std::size_t length) {
  std::string bytes(std::min(length, kMaxTexts), '\0');
  const ssize_t got = ::pread(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
  bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return bytes;
}

template <class T>
std::vector<T> read_table(int fd, std::uint64_t offset, std::size_t count) {
  const std::string bytes = read_at(fd, offset, count * sizeof(T));
  std::vector<T> table(bytes.size() / sizeof(T));
  if (!table.empty()) std::memcpy(table.data(), bytes.data(), table.size() * sizeof(T));
  return table;
}

std::string text_at(std::string_view texts, std::uint64_t offset) {
  if (offset >= texts.size()) return {};
  const std::string_view text = texts.substr(offset, kMaxText);
  return std::string(text.substr(0, text.find('\0')));
}

template <class Phdr, class Dyn>
void read_dynamic(int fd, const std::vector<Phdr>& segments, const Phdr& dynamic,
                  ProgramFile& program) {
  const auto entries = read_table<Dyn>(
      fd, dynamic.p_offset, std::min<std::uint64_t>(dynamic.p_filesz / sizeof(Dyn), kMaxEntries));
  std::uint64_t address = 0;
  std::uint64_t size = 0;
  for (const Dyn& entry : entries) {
    if (entry.d_tag == DT_STRTAB) address = entry.d_un.d_ptr;
    if (entry.d_tag == DT_STRSZ) size = entry.d_un.d_val;
  }
  std::string texts;
  for (const Phdr& segment : segments) {
    if (segment.p_type != PT_LOAD || address < segment.p_vaddr) continue;
    const std::uint64_t within = address - segment.p_vaddr;
    if (within >= segment.p_filesz) continue;
    texts = read_at(fd, segment.p_offset + within, size);
    break;
  }
  std::string old_run_path;
  for (const Dyn& entry : entries) {
    if (entry.d_tag == DT_NULL) break;
    if (entry.d_tag == DT_NEEDED) program.needed.push_back(text_at(texts, entry.d_un.d_val));
    if (entry.d_tag == DT_RUNPATH) program.run_path = text_at(texts, entry.d_un.d_val);
    if (entry.d_tag == DT_RPATH) old_run_path = text_at(texts, entry.d_un.d_val);
  }
  if (program.run_path.empty()) program.run_path = old_run_path;
}

template <class Ehdr, class Phdr, class Dyn>
void read_segments(int fd, ProgramFile& program) {
  const auto header = read_table<Ehdr>(fd, 0, 1);
  if (header.empty() || header[0].e_phentsize != sizeof(Phdr)) return;
  const auto segments = read_table<Phdr>(fd, header[0].e_phoff,
                                         std::min<std::size_t>(header[0].e_phnum, kMaxSegments));
  bool dynamic = false;
  for (const Phdr& segment : segments) {
    if (segment.p_type == PT_INTERP && program.interpreter.empty()) {
      program.interpreter = text_at(
          read_at(fd, segment.p_offset, std::min<std::uint64_t>(segment.p_filesz, 4096)), 0);
    }
    if (segment.p_type == PT_DYNAMIC && !dynamic) {
      dynamic = true;
      read_dynamic<Phdr, Dyn>(fd, segments, segment, program);
    }
  }
}

void read_elf(int fd, ProgramFile& program) {
  program.kind = ProgramFile::Kind::elf;
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(program.head[at]); };
  const bool big = byte(EI_DATA) == ELFDATA2MSB;
  const std::size_t at = offsetof(Elf64_Ehdr, e_machine);  // the same in both classes
  program.machine =
      static_cast<std::uint16_t>(big ? byte(at) << 8 | byte(at + 1) : byte(at + 1) << 8 | byte(at));
  program.is_64 = byte(EI_CLASS) == ELFCLASS64;
  if (big) return;  // foreign to all machines that this is built for
  if (program.is_64) {
    read_segments<Elf64_Ehdr, Elf64_Phdr, Elf64_Dyn>(fd, program);
  } else {
    read_segments<Elf32_Ehdr, Elf32_Phdr, Elf32_Dyn>(fd, program);
  }
}

const Machine* find_machine(std::uint16_t machine) {
  const auto* const found = std::ranges::find(kMachines, machine, &Machine::number);
  return found == kMachines.end() ? nullptr : found;
}

std::string unhex(std::string_view digits) {
  const auto value = [](char c) { return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; };
  std::string bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes += static_cast<char>(value(digits[i]) << 4 | value(digits[i + 1]));
  }
  return bytes;
}

// One file of binfmt_misc: "enabled", then "interpreter …", "offset 0", "magic …", "mask …".
std::string emulator_in(const std::string& text, std::string_view head) {
  const auto field = [&](std::string_view name) {
    const std::size_t at = text.find("\n" + std::string(name) + " ");
    if (at == std::string::npos) return std::string();
    const std::size_t begin = at + name.size() + 2;
    return text.substr(begin, text.find('\n', begin) - begin);
  };
  if (!text.starts_with("enabled")) return {};
  const std::string magic = unhex(field("magic"));
  const std::string mask = unhex(field("mask"));
  const std::string offset = field("offset");
  const std::size_t start = offset.empty() ? 0 : std::strtoul(offset.c_str(), nullptr, 10);
  if (magic.empty() || start + magic.size() > head.size()) return {};
  for (std::size_t i = 0; i < magic.size(); ++i) {
    const int bits = i < mask.size() ? mask[i] : 0xff;
    if (((head[start + i] ^ magic[i]) & bits) != 0) return {};
  }
  return field("interpreter");
}

}  // namespace

Result<ProgramFile> read_program(const std::string& path) {
  const std::string doing = "read " + quote(path);
  const Fd fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!fd) return os_error(Code::not_executable, doing);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return os_error(Code::not_executable, doing);
  if (!S_ISREG(status.st_mode)) {
    return Error{.code = Code::not_executable, .doing = doing, .reason = "it is no regular file"};
  }
  ProgramFile program{.head = read_at(fd.get(), 0, kHead)};
  const std::string_view head = program.head;
  if (head.starts_with(ELFMAG) && head.size() >= sizeof(Elf32_Ehdr)) {
    read_elf(fd.get(), program);
  } else if (head.starts_with("#!")) {
    program.kind = ProgramFile::Kind::script;
    std::string_view line = head.substr(2, head.find('\n') - 2);
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    program.interpreter = line.substr(0, line.find_first_of(std::string_view(" \t\0", 3)));
  }
  return program;
}

std::string machine_name(std::uint16_t machine) {
  const Machine* known = find_machine(machine);
  return known == nullptr ? "machine " + std::to_string(machine) : std::string(known->name);
}

std::string multiarch_name(std::uint16_t machine) {
  const Machine* known = find_machine(machine);
  return known == nullptr ? "" : std::string(known->multiarch);
}

std::string emulator_of(const ProgramFile& program, const std::string& entries) {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(entries.c_str()), ::closedir);
  if (!directory) return {};
  const std::string front = entries + '/';
  while (const dirent* entry = ::readdir(directory.get())) {  // NOLINT(concurrency-mt-unsafe)
    const std::string name(static_cast<const char*>(entry->d_name));
    if (name == "." || name == ".." || name == "register" || name == "status") continue;
    const Fd fd(::open(std::string(front).append(name).c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) continue;
    std::string emulator = emulator_in(read_at(fd.get(), 0, 4096), program.head);
    if (!emulator.empty()) return emulator;
  }
  return {};
}

}  // namespace immure
