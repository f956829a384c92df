#include "plan/origin_libraries.h"

#include <elf.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "base/fd.h"

namespace immure {
namespace {

constexpr std::size_t kMostSegments = 64;
constexpr std::size_t kMostEntries = 512;

// A file of the user's that may hold anything: every number of it is checked by reading there.
template <class T>
bool read_at(const Fd& fd, std::uint64_t offset, T* out, std::size_t count) {
  const std::size_t size = sizeof(T) * count;
  return offset < INT64_MAX &&
         ::pread(fd.get(), out, size, static_cast<off_t>(offset)) == static_cast<ssize_t>(size);
}

std::string text_at(const Fd& fd, std::uint64_t offset) {
  std::array<char, 4096> text{};
  const ssize_t length = offset < INT64_MAX ? ::pread(fd.get(), text.data(), text.size() - 1,
                                                      static_cast<off_t>(offset))
                                            : -1;
  return length <= 0 ? std::string() : std::string(text.data());
}

}  // namespace

bool uses_origin(const std::string& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  Elf64_Ehdr header{};
  if (!fd || !read_at(fd, 0, &header, 1)) return false;
  if (std::memcmp(&header.e_ident[0], ELFMAG, SELFMAG) != 0 ||
      header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_phentsize != sizeof(Elf64_Phdr)) {
    return false;
  }
  std::vector<Elf64_Phdr> segments(std::min<std::size_t>(header.e_phnum, kMostSegments));
  if (!read_at(fd, header.e_phoff, segments.data(), segments.size())) return false;
  const auto dynamic = std::find_if(segments.begin(), segments.end(),
                                    [](const Elf64_Phdr& s) { return s.p_type == PT_DYNAMIC; });
  if (dynamic == segments.end()) return false;
  std::vector<Elf64_Dyn> entries(
      std::min<std::size_t>(dynamic->p_filesz / sizeof(Elf64_Dyn), kMostEntries));
  if (!read_at(fd, dynamic->p_offset, entries.data(), entries.size())) return false;

  std::uint64_t strings = 0;
  for (const Elf64_Dyn& entry : entries) {
    if (entry.d_tag == DT_STRTAB) strings = entry.d_un.d_ptr;  // NOLINT: elf(5) has a union
  }
  // It is an address; the segment that holds it says where in the file that is.
  const auto loaded = std::find_if(segments.begin(), segments.end(), [&](const Elf64_Phdr& s) {
    return s.p_type == PT_LOAD && strings >= s.p_vaddr && strings - s.p_vaddr < s.p_filesz;
  });
  if (loaded == segments.end()) return false;
  const std::uint64_t table = strings - loaded->p_vaddr + loaded->p_offset;
  return std::any_of(entries.begin(), entries.end(), [&](const Elf64_Dyn& entry) {
    if (entry.d_tag != DT_RPATH && entry.d_tag != DT_RUNPATH) return false;
    const std::string paths = text_at(fd, table + entry.d_un.d_val);  // NOLINT: as above
    return paths.find("$ORIGIN") != std::string::npos ||
           paths.find("${ORIGIN}") != std::string::npos;
  });
}

}  // namespace immure
