// --log-format and --log-fd: every form of a message, with bytes that would do harm unescaped.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "base/fd.h"
#include "base/log.h"
#include "commands/command.h"

namespace immure {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array every_format{LogFormat::human, LogFormat::short_, LogFormat::json,
                                  LogFormat::syslog};

// Control characters, an escape sequence, bidi and zero-width marks, bytes that are not UTF-8, an
// overlong form, quotes, backslashes, a forged line of its own, and characters beyond 16 bits.
const std::string hostile =
    "\x1b[2J\x07\x7f\u202e\u200b\u2028 \xff\xc0\xaf \"q\" \\ \r\n<0>immure: forged {\"a\":1} 😀";

Error nasty() {
  auto file = std::make_shared<SourceFile>();
  file->name = "/tmp/" + hostile + ".toml";
  file->text = "x = \"" + hostile + "\"\n";
  file->through = "through -p " + hostile;
  return Error{.code = Code::unknown_key,
               .doing = "unknown key " + hostile,
               .origin = Origin{.file = file, .line = 1, .column = 5},
               .hint = "write " + hostile};
}

LogStyle in(LogFormat format) { return LogStyle{.format = format}; }

TEST(LogFormat, LetsNothingForeignThroughInAnyForm) {
  for (const LogFormat format : every_format) {
    for (const std::string& text :
         {format_error(nasty(), in(format)), format_warning(nasty(), in(format)),
          format_note(hostile, in(format))}) {
      for (const char c : text) {
        const bool control = static_cast<unsigned char>(c) < 0x20 && c != '\n';
        EXPECT_FALSE(control || c == '\x7f') << text;
      }
      for (const char* part : {"\u202e", "\u200b", "\u2028", "\xff", "\xc0"}) {
        EXPECT_EQ(text.find(part), std::string::npos) << text;
      }
    }
  }
}

TEST(LogFormat, HasOneLineForEachMessageButForPeople) {
  for (const LogFormat format : {LogFormat::short_, LogFormat::json, LogFormat::syslog}) {
    const std::string text = format_error(nasty(), in(format));
    EXPECT_EQ(std::ranges::count(text, '\n'), 1) << text;
    EXPECT_EQ(text.back(), '\n');
  }
}

TEST(LogFormat, JsonIsAsciiAndReadsBackAsWhatWasMeant) {
  const std::string text = format_error(nasty(), in(LogFormat::json));
  EXPECT_TRUE(std::ranges::all_of(text, [](char c) { return static_cast<signed char>(c) > 0; }));
  const Json object = Json::parse(text);
  EXPECT_EQ(object["code"], "E202");
  EXPECT_EQ(object["severity"], "error");
  EXPECT_EQ(object["line"], 1);
  EXPECT_EQ(object["column"], 5);
  const std::string escaped = R"(\x1b[2J\x07\x7f\u{202e}\u{200b}\u{2028} \xff\xc0\xaf "q" \ \r)";
  EXPECT_EQ(object["message"], "unknown key " + escaped + R"(\n<0>immure: forged {"a":1} 😀)");
  EXPECT_EQ(object["help"], Json::array({"write " + escaped, R"(<0>immure: forged {"a":1} 😀)"}));
  // A name is for opening the file, so it is not changed beyond what JSON needs.
  EXPECT_TRUE(object["file"].get<std::string>().starts_with("/tmp/\x1b[2J")) << object["file"];
}

TEST(LogFormat, AJsonMessageHasAlwaysTheSameMembers) {
  auto file = std::make_shared<SourceFile>();
  file->name = "~/p.toml";
  file->through = "through -p web";
  const LogStyle style{.home = "/home/u"};
  EXPECT_EQ(json_message({.code = Code::unit,
                          .doing = "\"64MB\" is not a size",
                          .origin = {.file = file, .line = 2, .column = 10},
                          .hint = "write \"64M\"\nor bytes"},
                         Severity::error, style),
            R"({"code":"E303","severity":"error","message":"\"64MB\" is not a size",)"
            R"("file":"/home/u/p.toml","line":2,"column":10,)"
            R"("help":["write \"64M\"","or bytes"],"through":"through -p web"})");
  EXPECT_EQ(json_message({.reason = "so it is"}, Severity::note, style),
            R"({"code":null,"severity":"note","message":"so it is","file":null,"line":null,)"
            R"("column":null,"help":[],"through":null})");
  EXPECT_EQ(json_message({.code = Code::usage, .reason = "r", .origin = {.flag = "--ro"}},
                         Severity::error, style),
            R"({"code":"E001","severity":"error","message":"r","file":null,"line":null,)"
            R"("column":null,"help":[],"through":null,"flag":"--ro"})");
}

TEST(LogFormat, ShortAndSyslogSayAllOfItOnOneLine) {
  auto file = std::make_shared<SourceFile>();
  file->name = "web.toml";
  file->text = "a\n";
  file->through = "through -p web";
  const Error error{.code = Code::setup_step,
                    .doing = "mount \"/srv\"",
                    .errnum = ENOENT,
                    .origin = {.file = file, .line = 1, .column = 1},
                    .hint = "create it\nmore: immure doctor"};
  const std::string line =
      "immure: error[E501]: can't mount \"/srv\": No such file or directory (ENOENT) "
      "--> web.toml:1:1, through -p web; help: create it; more: immure doctor\n";
  EXPECT_EQ(format_error(error, in(LogFormat::short_)), line);
  EXPECT_EQ(format_error(error, in(LogFormat::syslog)), "<3>" + line);
  EXPECT_EQ(format_warning({.code = Code::unknown_key, .reason = "w"}, in(LogFormat::syslog)),
            "<4>immure: warning: w\n");
  EXPECT_EQ(format_note("n", in(LogFormat::syslog)), "<5>immure: note: n\n");
}

TEST(LogLines, AreMessagesWhereMessagesAreLines) {
  std::array<int, 2> ends{-1, -1};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const Fd out(ends[0]);
  Fd into(ends[1]);
  LogStyle style{.fd = into.get()};
  for (const LogFormat format : every_format) {
    style.format = format;
    log_lines("a\nb\n", style);
  }
  into.reset();
  std::string text(4096, '\0');
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(0, ::read(out.get(), text.data(), 4096))));
  const std::string json = R"(","file":null,"line":null,"column":null,"help":[],"through":null})";
  EXPECT_EQ(text, "a\nb\nimmure: info: a\nimmure: info: b\n" +
                      (R"({"code":null,"severity":"info","message":"a)" + json + '\n') +
                      (R"({"code":null,"severity":"info","message":"b)" + json + '\n') +
                      "<6>immure: info: a\n<6>immure: info: b\n");
}

Arguments with(OptionId id, const std::string& flag, const std::string& value) {
  return Arguments{.options = {{id, flag, value}}};
}

TEST(LogStyle, KnowsTheFormsAndRefusesOthers) {
  EXPECT_EQ(log_style(with(OptionId::log_format, "--log-format", "json")).value().format,
            LogFormat::json);
  EXPECT_EQ(log_style({}).value().format, LogFormat::human);
  EXPECT_EQ(format_error(log_style(with(OptionId::log_format, "--log-format", "xml")).error(), {}),
            "immure: error[E001]: --log-format is human, short, json or syslog, not \"xml\"\n");
}

TEST(LogStyle, RefusesADescriptorThatCannotBeWritten) {
  const auto refused = [](const std::string& value) {
    const auto style = log_style(with(OptionId::log_fd, "--log-fd", value));
    return style.ok() ? "" : format_error(style.error(), {});
  };
  EXPECT_EQ(refused("x"), "immure: error[E001]: --log-fd \"x\": not the number of a descriptor\n");
  EXPECT_EQ(refused("999"), "immure: error[E001]: --log-fd \"999\": this descriptor is not open\n");
  const Fd only_read(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const std::string number = std::to_string(only_read.get());
  EXPECT_EQ(refused(number),
            "immure: error[E001]: --log-fd \"" + number + "\": not open for writing\n");
}

}  // namespace
}  // namespace immure
