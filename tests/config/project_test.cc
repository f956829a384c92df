#include "config/project.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "config/choose.h"
#include "config/profiles.h"
#include "config/trust.h"
#include "config/user_files.h"

namespace immure {
namespace {

namespace fs = std::filesystem;
using testing::errors_of;

// The examples of FIPS 180-4, as NIST publishes them.
TEST(Sha256, GivesWhatTheStandardsExamplesGive) {
  EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256(std::string(1'000'000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

class Project : public testing::UserFiles {
 protected:
  std::string find(const std::string& directory) const {
    return find_project_file(directory, who_);
  }

  void trust(const std::string& file) {
    auto project = read_project_file(file, who_);
    ASSERT_TRUE(project.ok());
    ASSERT_FALSE(set_trusted(file, project.value().digest, who_));
  }

  // What a start in `cwd` would say and use: "warning…|project|name …".
  std::string choose(const std::string& cwd, ProjectUse use = ProjectUse::if_trusted,
                     const std::vector<std::string>& asked = {}) {
    who_.cwd = cwd;
    const auto result = choose_profiles(asked, use, who_);
    if (std::holds_alternative<Errors>(result)) return errors_of(result);
    const auto& choice = std::get<Choice>(result);
    std::string text;
    for (const Error& warning : choice.warnings) text += format_warning(warning, {});
    if (choice.project) text += "(" + choice.project->source->name + ")";
    for (const std::string& name : choice.names) text += name;
    return text;
  }
};

TEST_F(Project, IsTheNearestFileAboveTheDirectory) {
  fs::create_directories(root_ / "p/a/b");
  EXPECT_EQ(find(path("p/a/b")), "");
  const std::string outer = write("p/.immure.toml", "");
  EXPECT_EQ(find(path("p/a/b")), outer);
  const std::string inner = write("p/a/.immure.toml", "");
  EXPECT_EQ(find(path("p/a/b")), inner);
  EXPECT_EQ(find(path("p/a")), inner);
  EXPECT_EQ(find(path("p")), outer);
}

TEST_F(Project, MayBeInTheHomeButNotAboveIt) {
  const std::string file = write(".immure.toml", "");
  fs::create_directories(root_ / "home/work");
  EXPECT_EQ(find(path("home/work")), file) << "where it is the home";
  who_.home = path("home");
  EXPECT_EQ(find(path("home/work")), "");
  EXPECT_EQ(find(path("home")), "");
  EXPECT_EQ(find(root_.string()), "") << "the directory itself lies above the home";
  EXPECT_EQ(find(write("home/.immure.toml", "").substr(0, path("home").size())),
            path("home/.immure.toml"));
}

TEST_F(Project, IsNotOnAnotherMount) {
  // /proc is a mount of its own, whatever lies above it.
  EXPECT_EQ(find("/proc/self"), "");
  EXPECT_EQ(find(""), "");
}

TEST_F(Project, IsNoSymlinkAndNobodyElses) {
  write("real.toml", "");
  fs::create_directories(root_ / "p");
  fs::create_symlink("../real.toml", root_ / "p/.immure.toml");
  EXPECT_EQ(find(path("p")), path("p/.immure.toml"));
  EXPECT_EQ(choose(path("p")),
            "immure: warning: profile \"~/p/.immure.toml\" is a symlink: not used\ndefault");
  fs::remove(root_ / "p/.immure.toml");
  write("p/.immure.toml", "", 0666);
  EXPECT_EQ(choose(path("p")),
            "immure: warning: profile \"~/p/.immure.toml\" can be written by others: "
            "not used (chmod go-w ~/p/.immure.toml)\ndefault");
}

TEST_F(Project, CountsOnlyWhileItIsWhatWasTrusted) {
  const std::string file = write("p/.immure.toml", "hostname = 'one'\n");
  const std::string not_trusted =
      "immure: warning: project file \"~/p/.immure.toml\" is not trusted: "
      "not used (immure trust ~/p)\ndefault";
  EXPECT_EQ(choose(path("p")), not_trusted);
  trust(file);
  EXPECT_EQ(choose(path("p")), "(~/p/.immure.toml)");
  write("p/.immure.toml", "hostname = 'two'\n");
  EXPECT_EQ(choose(path("p")),
            "immure: warning: project file \"~/p/.immure.toml\" has changed since it was trusted: "
            "not used (immure trust ~/p)\ndefault");
  write("p/.immure.toml", "hostname = 'one'\n");
  EXPECT_EQ(choose(path("p")), "(~/p/.immure.toml)") << "the same bytes again";
  ASSERT_FALSE(set_trusted(file, "", who_));
  EXPECT_EQ(choose(path("p")), not_trusted);
}

// A sandbox that was started above could remove it, or rename its directory and make it anew.
TEST_F(Project, ThatIsTrustedAndGoneStopsTheStart) {
  const std::string file = write("p/sub/.immure.toml", "hostname = 'one'\n");
  fs::create_directories(root_ / "p/sub/deep");
  trust(file);
  EXPECT_EQ(choose(path("p/sub/deep")), "(~/p/sub/.immure.toml)") << "the control";
  fs::remove(file);
  const std::string gone =
      "immure: error[E108]: project file \"~/p/sub/.immure.toml\" is trusted, but gone\n"
      "  help: put it back, or, if it is to be gone: immure untrust ~/p/sub\n"
      "        to start without it all the same: --no-project, or -p PROFILE\n";
  EXPECT_EQ(choose(path("p/sub/deep")), gone);
  EXPECT_EQ(choose(path("p/sub")), gone);
  EXPECT_TRUE(choose(path("p/sub"), ProjectUse::required).starts_with("immure: error[E108]"));
  EXPECT_EQ(choose(path("p/sub"), ProjectUse::never), "default");
  EXPECT_EQ(choose(path("p/sub"), ProjectUse::if_trusted, {"build"}), "build");
  EXPECT_EQ(choose(path("p")), "default") << "it was never for this directory";
  // Nor does one further up stand for it, trusted or not.
  const std::string outer = write("p/.immure.toml", "hostname = 'outer'\n");
  EXPECT_EQ(choose(path("p/sub")), gone);
  trust(outer);
  EXPECT_EQ(choose(path("p/sub")), gone);
  EXPECT_EQ(choose(path("p")), "(~/p/.immure.toml)");
  ASSERT_FALSE(set_trusted(file, "", who_));
  EXPECT_EQ(choose(path("p/sub")), "(~/p/.immure.toml)");
}

// A sandbox that was started below could put one there.
TEST_F(Project, ThatIsTrustedIsNotHiddenByAnotherOne) {
  const std::string file = write("p/.immure.toml", "hostname = 'one'\n");
  fs::create_directories(root_ / "p/sub");
  trust(file);
  EXPECT_EQ(choose(path("p/sub")), "(~/p/.immure.toml)") << "the control";
  const std::string inner = write("p/sub/.immure.toml", "");
  const std::string hidden =
      "immure: error[E108]: project file \"~/p/sub/.immure.toml\" is not trusted, and stands "
      "before \"~/p/.immure.toml\", which is\n"
      "  help: look at it, then remove it, or: immure trust ~/p/sub\n"
      "        to start without it all the same: --no-project, or -p PROFILE\n";
  EXPECT_EQ(choose(path("p/sub")), hidden);
  EXPECT_EQ(choose(path("p/sub"), ProjectUse::never), "default");
  EXPECT_EQ(choose(path("p")), "(~/p/.immure.toml)");
  trust(inner);
  EXPECT_EQ(choose(path("p/sub")), "(~/p/sub/.immure.toml)");
  // Also one that cannot even be read.
  fs::remove(inner);
  ASSERT_FALSE(set_trusted(inner, "", who_));
  fs::create_symlink("nowhere", inner);
  EXPECT_EQ(choose(path("p/sub")), hidden);
}

TEST_F(Project, ThatIsTrustedAndCannotBeReadStopsTheStart) {
  const std::string file = write("p/.immure.toml", "hostname = 'one'\n");
  trust(file);
  fs::rename(file, path("p/real"));
  fs::create_symlink("real", file);
  EXPECT_EQ(choose(path("p")), "immure: error[E102]: profile \"~/p/.immure.toml\" is a symlink\n");
}

TEST_F(Project, TheSameTextElsewhereIsNotTrusted) {
  trust(write("p/.immure.toml", "hostname = 'one'\n"));
  write("q/.immure.toml", "hostname = 'one'\n");
  EXPECT_NE(choose(path("q")).find("is not trusted"), std::string::npos);
}

TEST_F(Project, StandsBetweenTheVariableAndTheDefault) {
  trust(write("p/.immure.toml", ""));
  EXPECT_EQ(choose(path("p"), ProjectUse::if_trusted, {"build"}), "build");
  EXPECT_EQ(choose(path("p"), ProjectUse::never), "default");
  EXPECT_EQ(choose(path("p"), ProjectUse::required, {"build"}), "(~/p/.immure.toml)build");
  who_.environment.add("IMMURE_PROFILE", "web");
  EXPECT_EQ(choose(path("p")), "web");
  EXPECT_EQ(choose(path("p"), ProjectUse::never), "web");
  EXPECT_EQ(choose(path("p"), ProjectUse::required), "(~/p/.immure.toml)");
}

TEST_F(Project, ThatIsRequiredIsAnErrorWhenItIsMissingOrNotTrusted) {
  fs::create_directories(root_ / "p");
  EXPECT_EQ(choose(path("p"), ProjectUse::required),
            "immure: error[E207]: there is no .immure.toml in \"~/p\" or above it, on the same "
            "mount and not above the home\n  --> --project\n");
  write("p/.immure.toml", "");
  EXPECT_EQ(choose(path("p"), ProjectUse::required),
            "immure: error[E108]: project file \"~/p/.immure.toml\" is not trusted\n"
            "  --> --project\n  help: immure trust ~/p\n");
}

TEST_F(Project, IsReadFromMemoryAndNamedAfterItsDirectory) {
  const std::string file = write("p/.immure.toml", "extends = []\nhostname = '${NAME}'\n");
  auto project = read_project_file(file, who_);
  ASSERT_TRUE(project.ok());
  write("p/.immure.toml", "hostname = 'evil'\n");
  who_.name = project.value().text.project;
  const auto loaded = load_profiles({}, who_, &project.value().text);
  ASSERT_EQ(errors_of(loaded), "");
  const auto& layers = std::get<LoadedLayers>(loaded);
  ASSERT_EQ(layers.layers.size(), 1U);
  EXPECT_EQ(*layers.layers[0].spec.hostname.value, project_name(path("p")));
  EXPECT_EQ(layers.profiles[0].path, file);
  EXPECT_TRUE(project_name("/src/p").starts_with("p-"));
  EXPECT_NE(project_name("/src/p"), project_name("/other/p"));
  EXPECT_TRUE(project_state_name("/src/p").starts_with(project_name("/src/p")));
  EXPECT_EQ(project_state_name("/src/p").size(), 2U + 32U);
}

TEST_F(Project, CannotExtendAFileThatNobodyTrusted) {
  write("p/other.toml", "extends = []\n");
  write("mine.toml", "extends = []\ndescription = 'mine'\n");
  const auto load = [&](const std::string& text) {
    auto project = read_project_file(write("p/.immure.toml", text), who_);
    return project.ok() ? errors_of(load_profiles({}, who_, &project.value().text))
                        : std::string("unreadable");
  };
  EXPECT_EQ(load("extends = ['${PROFILE_DIR}/other.toml']\n"),
            "immure: error[E108]: a project file can't extend another file, which nobody has "
            "trusted: \"" +
                path("p/other.toml") +
                "\"\n  --> ~/p/.immure.toml:1:1\n"
                "   1 | extends = ['${PROFILE_DIR}/other.toml']\n     | ^\n"
                "  help: extend a profile by its name, or write its lines here\n");
  // By another path it could still be the project's own.
  EXPECT_TRUE(load("extends = ['~/mine.toml']\n").starts_with("immure: error[E108]"));
  EXPECT_EQ(load("extends = ['build']\n"), "");
}

class TrustStore : public testing::UserFiles {};

TEST_F(TrustStore, KeepsEveryPathWhole) {
  const std::string odd = "/a\\nb\n\\/c  d\xff";
  ASSERT_FALSE(set_trusted(odd, sha256("1"), who_));
  ASSERT_FALSE(set_trusted("/plain", sha256("2"), who_));
  ASSERT_FALSE(set_trusted("/plain", sha256("3"), who_));
  auto read = read_trusted(who_);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read.value(), (TrustedFiles{{odd, sha256("1")}, {"/plain", sha256("3")}}));
  ASSERT_FALSE(set_trusted(odd, "", who_));
  EXPECT_EQ(read_trusted(who_).value().size(), 1U);
}

TEST_F(TrustStore, IsForTheUserAlone) {
  ASSERT_FALSE(set_trusted("/plain", sha256("2"), who_));
  const std::string file = path("config/immure/trusted");
  EXPECT_EQ(static_cast<int>(fs::status(file).permissions()), 0600);
  fs::permissions(file, fs::perms(0622));
  EXPECT_EQ(read_trusted(who_).error().code, Code::file_unsafe_owner);
  EXPECT_EQ(set_trusted("/more", sha256("2"), who_)->code, Code::file_unsafe_owner);
  fs::permissions(file, fs::perms(0600));
  who_.uid += 1;
  EXPECT_EQ(read_trusted(who_).error().code, Code::file_unsafe_owner);
}

TEST_F(TrustStore, IsNotReadOverASymlinkNorWhenItHoldsSomethingElse) {
  write("elsewhere", sha256("1") + "  /plain\n", 0600);
  fs::create_symlink(path("elsewhere"), path("config/immure/trusted"));
  EXPECT_EQ(read_trusted(who_).error().code, Code::file_unreadable);
  fs::remove(path("config/immure/trusted"));
  for (const std::string& text :
       {std::string("/plain\n"), sha256("1") + " /plain\n", sha256("1") + "  plain\n",
        sha256("1").substr(1) + "  /plain\n", std::string("\n")}) {
    write("config/immure/trusted", text, 0600);
    EXPECT_EQ(read_trusted(who_).error().code, Code::file_syntax) << text;
  }
}

TEST_F(TrustStore, ThatCannotBeReadTrustsNothing) {
  write("config/immure/trusted", "junk\n", 0600);
  write("p/.immure.toml", "");
  fs::create_directories(root_ / "q");
  for (const char* directory : {"p", "q"}) {
    who_.cwd = path(directory);
    const auto result = choose_profiles({}, ProjectUse::if_trusted, who_);
    const auto& choice = std::get<Choice>(result);
    EXPECT_FALSE(choice.project);
    EXPECT_EQ(choice.names, std::vector<std::string>{"default"});
    EXPECT_EQ(
        format_warning(choice.warnings.at(0), {}),
        "immure: warning: line 1 of \"~/config/immure/trusted\" is not the digest and path of "
        "a trusted file: not used (remove the line)\n");
  }
}

}  // namespace
}  // namespace immure
