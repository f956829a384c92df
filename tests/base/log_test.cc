#include "base/log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <string>
#include <thread>

#include "base/fd.h"

namespace immure {
namespace {

std::shared_ptr<const SourceFile> file(std::string name, std::string text,
                                       std::string through = "") {
  return std::make_shared<const SourceFile>(
      SourceFile{std::move(name), std::move(text), std::move(through)});
}

TEST(FormatError, ShowsThePlaceItsLineAndACaret) {
  const Error error{
      .code = Code::relative_path,
      .reason = "relative path \"data\" in [fs]",
      .origin = {.file = file("~/web.toml", "[fs]\n\"data\" = \"ro\"\n"), .line = 2, .column = 1},
      .hint = "write \"${CWD}/data\""};
  EXPECT_EQ(format_error(error, {}),
            "immure: error[E301]: relative path \"data\" in [fs]\n"
            "  --> ~/web.toml:2:1\n"
            "   2 | \"data\" = \"ro\"\n"
            "     | ^\n"
            "  help: write \"${CWD}/data\"\n");
}

TEST(FormatError, SaysWhatTheKernelAnsweredAndHowTheFileCameIn) {
  const Error error{
      .code = Code::setup_step,
      .doing = "mount \"/srv/data\" read-only",
      .errnum = ENOENT,
      .origin = {.file = file("web.toml", "", "through -p web"), .line = 12, .column = 1},
      .hint = "create it\nor write \"ro?\"\nmore: immure doctor"};
  EXPECT_EQ(format_error(error, {}),
            "immure: error[E501]: can't mount \"/srv/data\" read-only: "
            "No such file or directory (ENOENT)\n"
            "  --> web.toml:12:1, through -p web\n"
            "  help: create it\n"
            "        or write \"ro?\"\n"
            "  more: immure doctor\n");
}

TEST(FormatError, ShowsTheFlagThatAskedForIt) {
  EXPECT_EQ(format_error({.code = Code::usage, .doing = "read it", .origin = {.flag = "--ro"}}, {}),
            "immure: error[E001]: read it\n"
            "  --> --ro\n");
}

TEST(FormatError, AddsAReasonToTheWordsOfErrno) {
  EXPECT_EQ(
      format_error({.code = Code::setup_step, .doing = "x", .errnum = EPERM, .reason = "y"}, {}),
      "immure: error[E501]: can't x: Operation not permitted (EPERM) (y)\n");
  EXPECT_EQ(format_error({.code = Code::unit, .doing = "limits.as", .reason = "no size"}, {}),
            "immure: error[E303]: limits.as: no size\n");
}

TEST(FormatError, LetsNothingForeignSteerATerminal) {
  const Error error{
      .code = Code::unknown_key,
      .reason = "bad \x1b]0;x\a\u200b",
      .origin = {.file = file("e\x1bvil.toml\n", "a\x1b = \u200b1\n"), .line = 1, .column = 3},
      .hint = "\x1b[2J"};
  EXPECT_EQ(format_error(error, {}),
            "immure: error[E202]: bad \\x1b]0;x\\x07\\u{200b}\n"
            "  --> e\\x1bvil.toml\\n:1:3\n"
            "   1 | a\\x1b = \\u{200b}1\n"
            "     |      ^\n"
            "  help: \\x1b[2J\n");
}

TEST(FormatError, PutsTheCaretUnderCharactersNotBytes) {
  const Error error{.code = Code::unit,
                    .reason = "r",
                    .origin = {.file = file("f", "\"größe\" = 1"), .line = 1, .column = 13}};
  EXPECT_EQ(format_error(error, {}),
            "immure: error[E303]: r\n"
            "  --> f:1:13\n"
            "   1 | \"größe\" = 1\n"
            "     |           ^\n");
}

TEST(FormatError, CutsALongLineAroundTheColumn) {
  const Error error{
      .code = Code::unit,
      .reason = "r",
      .origin = {.file = file("f", std::string(500, 'a') + 'X' + std::string(500, 'b')),
                 .line = 1,
                 .column = 501}};
  EXPECT_EQ(format_error(error, {}),
            "immure: error[E303]: r\n"
            "  --> f:1:501\n"
            "   1 | " +
                std::string(80, 'a') + 'X' + std::string(79, 'b') +
                "\n"
                "     | " +
                std::string(80, ' ') + "^\n");
}

TEST(FormatError, ShowsTheHomeAsTilde) {
  const Error error{.code = Code::setup_step,
                    .doing = R"(open "/home/u/x" and "/home/user")",
                    .errnum = EACCES,
                    .origin = {.file = file("/home/u/p.toml", "")}};
  EXPECT_EQ(format_error(error, {.home = "/home/u"}),
            "immure: error[E501]: can't open \"~/x\" and \"/home/user\": "
            "Permission denied (EACCES)\n"
            "  --> ~/p.toml\n");
}

TEST(FormatError, IsColouredOnlyWhenAsked) {
  const Error error{.code = Code::usage, .reason = "r"};
  EXPECT_EQ(format_error(error, {.color = true}), "immure: \x1b[1;31merror[E001]\x1b[0m: r\n");
}

TEST(FormatWarning, NumbersLintOnly) {
  EXPECT_EQ(format_warning({.code = static_cast<Code>(710), .reason = "host network"}, {}),
            "immure: warning[W710]: host network\n");
  EXPECT_EQ(format_warning({.code = Code::unknown_key, .reason = "nothing to remove"}, {}),
            "immure: warning: nothing to remove\n");
}

TEST(FormatNote, IsOneLine) {
  EXPECT_EQ(format_note("the current directory\nis your home", {}),
            "immure: note: the current directory\\nis your home\n");
}

TEST(ShowOrigin, NamesFileFlagOrTheEngine) {
  Origin origin;
  EXPECT_EQ(show(origin), "built in");
  origin.flag = "--ro";
  EXPECT_EQ(show(origin), "--ro");
  origin.file = file("a.toml", "");
  EXPECT_EQ(show(origin), "a.toml");
  origin.line = 3;
  origin.column = 7;
  EXPECT_EQ(show(origin), "a.toml:3:7");
}

TEST(WriteAll, GoesOnAfterAFullPipeThatDoesNotBlock) {
  std::array<int, 2> ends{-1, -1};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK), 0);
  const Fd out(ends[0]);
  Fd in(ends[1]);
  const std::string text(1U << 20U, 'x');
  std::size_t seen = 0;
  std::thread reader([&] {
    std::string buffer(1U << 16U, '\0');
    while (seen < text.size()) {
      const ssize_t got = ::read(out.get(), buffer.data(), buffer.size());
      if (got > 0) seen += static_cast<std::size_t>(got);
    }
  });
  EXPECT_TRUE(write_all(in.get(), text));
  reader.join();
  EXPECT_EQ(seen, text.size());
}

TEST(WriteAll, TellsWhyItFailed) {
  EXPECT_FALSE(write_all(-1, "x"));
  EXPECT_EQ(errno, EBADF);
}

}  // namespace
}  // namespace immure
