#include "commands/args_fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <initializer_list>
#include <thread>

#include "base/fd.h"

namespace immure {
namespace {

using Words = std::vector<std::string>;

GivenOption option(const std::string& value) { return {OptionId::args_fd, "--args-fd", value}; }

// What is read of a descriptor that holds this text.
Result<Words> read_text(const std::string& text) {
  std::array<int, 2> ends{-1, -1};
  EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  std::thread writer([&text, end = ends[1]] {
    const Fd closed_at_the_end(end);
    for (std::size_t at = 0; at < text.size();) {
      const ssize_t wrote = ::write(end, text.data() + at, text.size() - at);
      if (wrote < 0) return;
      at += static_cast<std::size_t>(wrote);
    }
  });
  auto words = read_args_fd(option(std::to_string(ends[0])));
  writer.join();
  EXPECT_EQ(::fcntl(ends[0], F_GETFD), -1) << "it stays open";
  EXPECT_EQ(errno, EBADF);
  return words;
}

std::string text_of(std::initializer_list<const char*> words) {
  std::string text;
  for (const char* word : words) text.append(word).append(1, '\0');
  return text;
}

TEST(ArgsFd, EachWordEndsWithANulByteButMaybeTheLast) {
  EXPECT_EQ(read_text("").value(), Words());
  EXPECT_EQ(read_text(text_of({"-w", "", "a b\n"})).value(), (Words{"-w", "", "a b\n"}));
  EXPECT_EQ(read_text(text_of({"-e"}) + "A=1").value(), (Words{"-e", "A=1"}));
  const std::string large(300000, 'x');
  EXPECT_EQ(read_text(text_of({large.c_str(), "y"})).value(), (Words{large, "y"}));
}

TEST(ArgsFd, RefusesWhatHasNoEndOrCannotBeRead) {
  const int zeros = ::open("/dev/zero", O_RDONLY | O_CLOEXEC);
  const auto endless = read_args_fd(option(std::to_string(zeros)));
  ASSERT_FALSE(endless.ok());
  EXPECT_EQ(endless.error().reason,
            "--args-fd " + std::to_string(zeros) + " gives more than 16 MiB");
  EXPECT_EQ(read_args_fd(option("x")).error().reason,
            "--args-fd \"x\": not the number of a descriptor");
  const int sink = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  EXPECT_EQ(read_args_fd(option(std::to_string(sink))).error().reason,
            "--args-fd \"" + std::to_string(sink) + "\": not open for reading");
  ::close(sink);
  const int directory = ::open("/", O_RDONLY | O_CLOEXEC);
  EXPECT_EQ(read_args_fd(option(std::to_string(directory))).error().errnum, EISDIR);
}

}  // namespace
}  // namespace immure
