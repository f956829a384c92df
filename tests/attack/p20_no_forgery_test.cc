// What immure says cannot be forged: bytes that somebody else chose are escaped.
#include <algorithm>

#include "attack/attack.h"

namespace immure::test {
namespace {

struct Hostile {
  std::string name, bytes;
};

// Each would do something to a terminal, or to a reader of lines.
const std::vector<Hostile>& hostile_names() {
  static const std::vector<Hostile> names{{"an escape sequence", "a\x1b]0;owned\ab"},
                                          {"a line of ours", "a\nimmure: all is well"},
                                          {"a carriage return", "a\rimmure: all is well"},
                                          {"a right-to-left override",
                                           "a\xe2\x80\xae"
                                           "txt.exe"},
                                          {"an isolate",
                                           "a\xe2\x81\xa6"
                                           "b"},
                                          {"a C1 control",
                                           "a\xc2\x9b"
                                           "31mb"},
                                          {"half a character", "a\xe2\x80"},
                                          {"no UTF-8",
                                           "a\xff\xfe"
                                           "b"},
                                          {"delete",
                                           "a\x7f"
                                           "b"}};
  return names;
}

class P20NoForgery : public AttackTest {
 protected:
  // "ok" if the bytes come out as they are.
  static std::string comes_out(const Program& program, const std::string& bytes) {
    const Outcome outcome = run(program);
    const std::string text = outcome.out + outcome.err;
    if (contains(text, bytes)) return "ok";
    const bool control = std::ranges::any_of(
        text, [](char c) { return (c >= 0 && c < 0x20 && c != '\n') || c == 0x7f; });
    return control ? "a control character" : text.empty() ? "nothing" : "escaped";
  }
};

TEST_F(P20NoForgery, ByTheNameOfACommand) {
  for (const Hostile& hostile : hostile_names()) {
    expect_held({.promise = 20,
                 .attack = "a command named with " + hostile.name,
                 .control = comes_out({.argv = {"sh", "-c", "exec \"$0\"", "./" + hostile.bytes}},
                                      hostile.bytes),
                 .inside = comes_out(immure_run({}, {"./" + hostile.bytes}), hostile.bytes)},
                {"escaped"});
  }
}

TEST_F(P20NoForgery, ByAPathOrAValue) {
  const std::string plain = "plain";
  for (const Hostile& hostile : hostile_names()) {
    const std::string control = comes_out({.argv = {"printf", "%s", hostile.bytes}}, hostile.bytes);
    const TempDir directory;
    directory.write(hostile.bytes + "/file", "");
    const std::string path = directory.path() + "/" + hostile.bytes;
    for (const auto& [what, argv] : std::vector<std::pair<std::string, Argv>>{
             {"a missing source", {binary(), "run", "--ro", "/nowhere/" + hostile.bytes, "true"}},
             {"a missing profile", {binary(), "run", "-p", hostile.bytes, "true"}},
             {"a checked file", {binary(), "check", path + "/none.toml"}},
             {"a shown source", {binary(), "explain", "--ro", path, "true"}},
             {"a shown source as JSON",
              {binary(), "explain", "--as", "json", "--ro", path, "true"}},
             {"a shown argument", {binary(), "explain", "echo", hostile.bytes}},
             {"a setting", {binary(), "run", "--set", "hostname=" + hostile.bytes, "true"}},
             {"an option", {binary(), "run", "--" + hostile.bytes, "true"}}}) {
      expect_held({.promise = 20,
                   .attack = what + " with " + hostile.name,
                   .control = control,
                   .inside = comes_out({.argv = argv}, hostile.bytes)},
                  {"escaped", "nothing"});
    }
  }
}

// A file that the command makes is reported after the run.
TEST_F(P20NoForgery, ByWhatTheCommandMakes) {
  const TempDir directory;
  const std::string bytes = "\x1b]0;owned\a";
  directory.write("a" + bytes + "/.git/HEAD", "");
  const std::string project = directory.path() + "/a" + bytes;
  const std::string control = comes_out({.argv = {"printf", "%s", project}}, bytes);
  Program program = immure_sh({"-w", "--status-fd", "2"}, "echo x > .envrc", project);
  expect_held({.promise = 20,
               .attack = "a planted file below a directory with an escape sequence",
               .control = control,
               .inside = comes_out(program, bytes)},
              {"escaped"});
}

}  // namespace
}  // namespace immure::test
