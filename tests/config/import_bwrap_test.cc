#include "config/import_bwrap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/log.h"

namespace immure {
namespace {

using Words = std::vector<std::string>;

class ImportBwrap : public ::testing::Test {
 protected:
  // Of a caller in /home/u/proj, where /lib is a link, and descriptor 7 is open.
  static ImportedProfile import(Words words) {
    words.insert(words.end(), {"--", "true"});
    bool prefix = false;
    auto parsed = parse_bwrap(words, {}, prefix, [](const std::string&) {});
    if (const auto* mistake = std::get_if<BwrapMistake>(&parsed)) {
      ADD_FAILURE() << mistake->text;
      return {};
    }
    const ImportHost host{
        .cwd = "/home/u/proj",
        .is_link = [](const std::string& path) { return path == "/lib"; },
        .exists = [](const std::string& path) { return path != "/missing"; },
        .place_of = [](int fd) { return std::string(fd == 7 ? "/srv/seven" : ""); },
        .read =
            [](int fd, std::string& content) {
              errno = EBADF;
              content = "seven\n";
              return fd == 7;
            }};
    const Circumstances here{.home = "/home/u", .cwd = "/home/u/proj", .uid = 1000};
    auto imported = import_bwrap(std::get<BwrapArguments>(parsed), host, here, {.home = "/home/u"});
    if (const auto* errors = std::get_if<Errors>(&imported)) {
      for (const Error& error : *errors) ADD_FAILURE() << format_error(error, {});
      return {};
    }
    return std::get<ImportedProfile>(std::move(imported));
  }

  // The lines of one table, without comments.
  static Words table(const std::string& text, const std::string& name) {
    Words lines;
    std::size_t at = text.find("\n[" + name + "]\n");
    if (at == std::string::npos) return lines;
    for (at = text.find('\n', at + 1) + 1; at < text.size() && text[at] != '\n';) {
      const std::size_t end = text.find('\n', at);
      const std::string line = text.substr(at, end - at);
      lines.push_back(line.substr(0, line.find("  # ")));
      at = end + 1;
    }
    return lines;
  }
  static Words files(const Words& words) { return table(import(words).text, "fs"); }
};

TEST_F(ImportBwrap, EachLineSaysWhatMadeIt) {
  const ImportedProfile profile = import({"--unshare-all",
                                          "--ro-bind",
                                          "/usr",
                                          "/usr",
                                          "--proc",
                                          "/proc",
                                          "--dev",
                                          "/dev",
                                          "--tmpfs",
                                          "/tmp",
                                          "--clearenv",
                                          "--setenv",
                                          "A",
                                          "two words",
                                          "--hostname",
                                          "jail",
                                          "--new-session",
                                          "--uid",
                                          "0",
                                          "--chdir",
                                          "/tmp",
                                          "--die-with-parent",
                                          "--remount-ro",
                                          "/"});
  const std::string& text = profile.text;
  EXPECT_EQ(text.substr(text.find("version = ")),
            "version = 1\n"
            "extends = []\n"
            "hostname = \"jail\"  # --hostname jail\n"
            "\n[root]\n"
            "proc = \"fresh\"  # --proc /proc\n"
            "dev = true  # --dev /dev\n"
            "\n[fs]\n"
            "\"/tmp\" = \"tmpfs\"  # --tmpfs /tmp\n"
            "\"/usr\" = \"ro\"  # --ro-bind /usr /usr\n"
            "\n[user]\n"
            "uid = 0  # --uid 0\n"
            "\n[process]\n"
            "command = [\"true\"]  # of the command line\n"
            "cwd = \"/tmp\"  # --chdir /tmp\n"
            "tty = \"detach\"  # --new-session\n"
            "die_with_parent = true  # --die-with-parent\n"
            "\n[env]\n"
            "A = \"two words\"  # --setenv A 'two words'\n");
  EXPECT_EQ(profile.losses,
            Words{"--clearenv: PATH, HOME, LANG and a few more are always set; NAME = false takes "
                  "one away"});
  EXPECT_TRUE(profile.warnings.empty());
}

TEST_F(ImportBwrap, ALaterMountTakesAwayWhatItCovers) {
  EXPECT_EQ(files({"--bind", "/a", "/x/y", "--ro-bind", "/b", "/x", "--tmpfs", "/x/z"}),
            (Words{"\"/x\" = { type = \"bind\", src = \"/b\" }", "\"/x/z\" = \"tmpfs\""}));
  EXPECT_EQ(files({"--ro-bind", "/a", "/a", "--bind", "/a", "/a"}), (Words{"\"/a\" = \"rw\""}));
  EXPECT_EQ(files({"--bind", "/ab", "/ab", "--tmpfs", "/a"}),
            (Words{"\"/a\" = \"tmpfs\"", "\"/ab\" = \"rw\""}));
  EXPECT_EQ(files({"--bind", "/a", "/a", "--tmpfs", "/"}), Words{});
}

TEST_F(ImportBwrap, EachKindOfEntry) {
  EXPECT_EQ(files({"--ro-bind-try", "/a", "//a/./"}), (Words{"\"/a\" = \"ro?\""}));
  EXPECT_EQ(files({"--dev-bind", "/dev", "/dev"}), (Words{"\"/dev\" = \"dev\""}));
  EXPECT_EQ(files({"--bind", "data", "/d"}),
            (Words{"\"/d\" = { type = \"bind\", src = \"/home/u/proj/data\", access = \"rw\" }"}));
  EXPECT_EQ(files({"--ro-bind", "/lib", "/lib"}),
            (Words{"\"/lib\" = { type = \"bind\", follow = true }"}));
  EXPECT_EQ(files({"--ro-bind-fd", "7", "/s"}),
            (Words{"\"/s\" = { type = \"bind\", src = \"/srv/seven\" }"}));
  EXPECT_EQ(files({"--ro-bind", "/dev/null", "/etc/shadow"}),
            (Words{"\"/etc/shadow\" = \"hide\""}));
  EXPECT_EQ(files({"--size", "4096", "--perms", "1777", "--tmpfs", "/t"}),
            (Words{"\"/t\" = { type = \"tmpfs\", size = 4096, mode = 0o1777 }"}));
  EXPECT_EQ(files({"--symlink", "usr/bin", "/bin", "--symlink", "usr/bin", "/bin"}),
            (Words{"\"/bin\" = { type = \"symlink\", target = \"usr/bin\" }"}));
  EXPECT_EQ(files({"--perms", "0700", "--dir", "/d", "--chmod", "0711", "/d"}),
            (Words{"\"/d\" = { type = \"dir\", mode = 0o711 }"}));
  EXPECT_EQ(files({"--dir", "/r", "--perms", "0700", "--dir", "/r/u/v/w"}),
            (Words{"\"/r\" = { type = \"dir\" }", "\"/r/u\" = { type = \"dir\", mode = 0o700 }",
                   "\"/r/u/v\" = { type = \"dir\", mode = 0o700 }",
                   "\"/r/u/v/w\" = { type = \"dir\", mode = 0o700 }"}));
  EXPECT_EQ(
      files({"--dir", "/r/u/v", "--perms", "0700", "--dir", "/r/u/w"}),
      (Words{"\"/r/u/v\" = { type = \"dir\" }", "\"/r/u/w\" = { type = \"dir\", mode = 0o700 }"}));
  EXPECT_EQ(files({"--file", "7", "/f"}),
            (Words{"\"/f\" = { type = \"file\", content = \"seven\\u000A\", mode = 0o666, access = "
                   "\"rw\" }"}));
  EXPECT_EQ(files({"--ro-bind-data", "7", "/f"}),
            (Words{"\"/f\" = { type = \"file\", content = \"seven\\u000A\", mode = 0o600 }"}));
  EXPECT_EQ(files({"--overlay-src", "/low", "--overlay-src", "/high", "--tmp-overlay", "/o"}),
            (Words{"\"/o\" = { type = \"overlay\", access = \"rw\", lower = [\"/high\", \"/low\"] "
                   "}"}));
  EXPECT_EQ(files({"--bind", "/a", "/a", "--remount-ro", "/a"}), (Words{"\"/a\" = \"ro\""}));
  // Read-only with the root that it lies on.
  EXPECT_EQ(files({"--perms", "0644", "--file", "7", "/f", "--remount-ro", "/"}),
            (Words{"\"/f\" = { type = \"file\", content = \"seven\\u000A\" }"}));
  EXPECT_EQ(files({"--mqueue", "/q"}), (Words{"\"/q\" = { type = \"mqueue\" }"}));
}

TEST_F(ImportBwrap, ProcIsTheHostsWithoutANamespaceOfItsOwn) {
  const std::string text = import({"--proc", "/proc"}).text;
  EXPECT_EQ(table(text, "root"), (Words{"proc = \"none\"", "dev = false", "writable = true"}));
  EXPECT_EQ(table(text, "fs"), (Words{"\"/proc\" = \"rw\""}));
  EXPECT_EQ(table(text, "lint"), (Words{"allow = [\"W710\", \"W727\", \"W730\"]"}));
}

TEST_F(ImportBwrap, WhatIsSharedIsWritten) {
  const ImportedProfile profile =
      import({"--unshare-pid", "--unshare-net", "--share-net", "--unsetenv", "B"});
  EXPECT_EQ(table(profile.text, "namespaces"),
            (Words{"ipc = \"host\"", "uts = \"host\"", "cgroup = \"host\"", "net = \"host\""}));
  EXPECT_EQ(table(profile.text, "env"), (Words{"\"*\" = true", "B = false"}));
  EXPECT_EQ(table(profile.text, "lint"), (Words{"allow = [\"W710\", \"W730\"]"}));
  EXPECT_EQ(profile.warnings.size(), 2U);
  // Over the variables that each sandbox gets, too.
  EXPECT_EQ(table(import({"--clearenv", "--unsetenv", "LANG"}).text, "env"), Words{"LANG = false"});
}

TEST_F(ImportBwrap, CapabilitiesAndTheWholeHost) {
  const std::string text = import({"--ro-bind", "/", "/", "--cap-add", "cap_net_raw"}).text;
  EXPECT_EQ(table(text, "caps"), (Words{"keep = [\"CAP_NET_RAW\"]"}));
  EXPECT_EQ(table(text, "fs"), Words{});
  EXPECT_EQ(table(text, "root"), (Words{"dir = \"/\"", "proc = \"none\"", "dev = false"}));
}

TEST_F(ImportBwrap, WhatHasNoEqualIsSaidWithItsWords) {
  const auto lost = [](const Words& words) { return import(words).losses; };
  const auto begins = [&](const Words& words, const std::string& text) {
    const Words all = lost(words);
    return all.size() == 1 && all[0].starts_with(text);
  };
  EXPECT_TRUE(begins({"--bind", "/a", "/a", "--dir", "/a/b"}, "--dir /a/b: nothing is made"));
  EXPECT_TRUE(begins({"--bind", "/a", "/a", "--chmod", "0700", "/a"}, "--chmod 700 /a: its mode"));
  EXPECT_TRUE(begins({"--tmpfs", "/a", "--remount-ro", "/a"}, "--remount-ro /a: a mount of the"));
  EXPECT_TRUE(begins({"--file", "9", "/f"}, "--file 9 /f: its content is not known: Bad file"));
  EXPECT_TRUE(begins({"--bind-fd", "9", "/f"}, "--bind-fd 9 /f: the descriptor is not open"));
  EXPECT_TRUE(begins({"--bind", "/a/../b", "/x"}, "--bind /a/../b /x: a path of a profile"));
  EXPECT_TRUE(begins({"--seccomp", "9"}, "--seccomp 9: write the filter to a file"));
  EXPECT_TRUE(begins({"--sync-fd", "9"}, "--sync-fd 9: "));
  EXPECT_TRUE(begins({"--lock-file", "/a b"}, "--lock-file '/a b': "));
  EXPECT_TRUE(begins({"--info-fd", "9"}, "--info-fd 9: immure run --status-fd"));
}

// Bytes of the command line that could steer a terminal, or end a comment.
TEST_F(ImportBwrap, ForeignBytesStayInTheirPlaces) {
  const std::string text = import({"--setenv", "A", "x\n[limits]\n\x1b"}).text;
  EXPECT_NE(
      text.find(
          "A = \"x\\u000A[limits]\\u000A\\u001B\"  # --setenv A $'x\\012[limits]\\012\\033'\n"),
      std::string::npos)
      << text;
}

}  // namespace
}  // namespace immure
