// What immure prints cannot be forged: names and values that others chose come out as plain text,
// in messages, pages, events and JSON alike.
#include <cstdint>
#include <string_view>

#include "attack/attack.h"

namespace immure::test {
namespace {

// Ends a line and forges the next, moves the cursor, sets a title, turns the text round, hides a
// letter, and is not UTF-8.
constexpr std::string_view kHostile =
    "a\x1b]0;owned\x07\u202eb\u0085\xff\nimmure: forged\r\x7f\u2066\u200b\u08e2";

// The same in a string of TOML, as far as one can hold it.
constexpr std::string_view kInToml =
    "a\\u001b]0;owned\\u0007\\u202Eb\\u0085\\nimmure: forged\\r\\u007f\\u2066\\u200b\\u08e2";

bool is_control(char32_t c) { return (c < 0x20 && c != '\n') || (c >= 0x7f && c <= 0x9f); }
bool is_unseen(char32_t c) {
  return c == 0xad || c == 0x8e2 || (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
         (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
}

// "ok" for the attacker: a byte of his arrives as it is, or starts a line; else "clean".
std::string judge(std::string_view text) {
  if (text.starts_with("immure: forged") || text.find("\nimmure: forged") != text.npos) return "ok";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto first = static_cast<unsigned char>(text[i]);
    const std::size_t more = first < 0x80    ? 0
                             : first >= 0xf0 ? 3
                             : first >= 0xe0 ? 2
                             : first >= 0xc2 ? 1
                                             : text.size();
    char32_t value = more == 0 ? first : first & (0x3fU >> more);
    if (i + more >= text.size()) return "ok";
    for (std::size_t k = 0; k < more; ++k) {
      const auto next = static_cast<unsigned char>(text[++i]);
      if ((next & 0xc0U) != 0x80) return "ok";
      value = value << 6U | (next & 0x3fU);
    }
    if (is_control(value) || is_unseen(value)) return "ok";
  }
  return "clean";
}

class P20EveryOutput : public AttackTest {
 protected:
  void SetUp() override {
    AttackTest::SetUp();
    const std::string name(kHostile);
    const std::string text(kInToml);
    directory_.write(name + "/file", "");
    directory_.write(name + "/" + name, "#!/no/such\n", 0755);
    directory_.write(name + "/" + name + ".toml", "nonsense = 1\n");
    directory_.write(name + "/.immure.toml", "description = \"" + text + "\"\n");
    directory_.write(name + "/web.toml",
                     "description = \"" + text + "\"\nwhy = \"" + text + "\"\n[fs]\n\"/x" + text +
                         "\" = { type = \"tmpfs\", why = \"" + text +
                         "\" }\n\"${PROFILE_DIR}\" = \"ro\"\n[env]\nA = \"" + text + "\"\n");
    directory_.write(name + "/bad.toml", "[process]\ncwd = \"" + text + "\"\ntty = \"" + text +
                                             "\"\n[env]\n\"" + text + "\" = 3\n[\"" + text +
                                             "\"]\n");
    cwd_ = directory_.path() + "/" + name;
  }

  void expect_clean(const std::string& what, const Argv& arguments) const {
    Program program{.argv = {binary()}, .cwd = cwd_};
    program.argv.insert(program.argv.end(), arguments.begin(), arguments.end());
    const Outcome outcome = run(program);
    EXPECT_TRUE(contains(outcome.out + outcome.err, "owned")) << what << " says nothing of it";
    const Outcome plain = run({.argv = {"printf", "%s\\n", std::string(kHostile)}});
    const bool clean = judge(outcome.out) == "clean" && judge(outcome.err) == "clean";
    if (!clean) ADD_FAILURE() << what << ":\n" << outcome.out << outcome.err;
    expect_held({.promise = 20,
                 .attack = what,
                 .control = judge(plain.out),
                 .inside = clean ? "clean" : "ok"},
                {"clean"});
  }

  TempDir directory_;
  std::string cwd_;
};

TEST_F(P20EveryOutput, OfErrors) {
  const std::string name(kHostile);
  expect_clean("a command that is not there", {"run", "--", name + "none"});
  expect_clean("a command that can't start", {"run", "--", "./" + name});
  expect_clean("a profile that is not there", {"run", "-p", name, "true"});
  expect_clean("a wrong profile", {"run", "-p", "./" + name + ".toml", "true"});
  expect_clean("wrong values", {"run", "-p", "./bad.toml", "true"});
  expect_clean("a key", {"run", "--set", name + "=1", "true"});
  expect_clean("a value", {"run", "--set", "process.tty=" + name, "true"});
  expect_clean("a directory", {"run", "-C", "/" + name + "none", "true"});
  expect_clean("a bind", {"run", "--ro", "./" + name + "/none", "--", "true"});
  expect_clean("an intent", {"run", "--allow", name, "true"});
  expect_clean("a variable", {"run", "--env", name, "true"});
  expect_clean("an option", {"run", "--" + name, "true"});
  expect_clean("a word", {name});
  expect_clean("a name", {"run", "--name", name, "true"});
  expect_clean("a project", {"trust", "."});
}

TEST_F(P20EveryOutput, InEachFormOfMessages) {
  const std::string name(kHostile);
  for (const std::string form : {"human", "short", "json", "syslog"}) {
    expect_clean("a message as " + form, {"--log-format", form, "run", "-p", "./bad.toml", name});
    expect_clean("a note as " + form,
                 {"--log-format", form, "run", "-vv", "-p", "./web.toml", "-w", "--", "true"});
  }
}

TEST_F(P20EveryOutput, OfEvents) {
  const std::string name(kHostile);
  expect_clean("events of a run", {"run", "-p", "./web.toml", "--status-fd", "1", "true"});
  expect_clean("events of a failure", {"run", "--status-fd", "1", "./" + name});
}

TEST_F(P20EveryOutput, OfPages) {
  const std::string name(kHostile);
  const Argv profile{"explain", "-p", "./web.toml"};
  const auto with = [&](Argv more) {
    Argv all = profile;
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  expect_clean("explain", with({"cat", name}));
  expect_clean("explain --steps", with({"--steps", "cat", name}));
  expect_clean("explain --as json", with({"--as", "json", "cat", name}));
  expect_clean("explain --as toml", with({"--as", "toml", "cat", name}));
  expect_clean("explain --as bwrap", with({"--as", "bwrap", "-e", "A=" + name, "cat", name}));
  expect_clean("explain --why PATH", with({"--why", cwd_ + "/" + name}));
  expect_clean("explain --why VARIABLE", with({"--why", "env:" + name}));
  expect_clean("explain --why CALL", with({"--why", "syscall:" + name}));
  expect_clean("explain --diff", {"explain", "--diff", "./web.toml", "default"});
  expect_clean("profile import", {"profile", "import", "--from", "bwrap", "--", "--ro-bind", name,
                                  "/" + name, "--lock-file", name, "cat", name});
  expect_clean("check", {"check", "./web.toml", "./bad.toml", "./" + name + ".toml"});
  expect_clean("check --json", {"check", "--json", "./bad.toml", "./" + name + ".toml"});
}

}  // namespace
}  // namespace immure::test
