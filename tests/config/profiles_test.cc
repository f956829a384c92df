#include "config/profiles.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "config/profile_text.h"

namespace immure {
namespace {

namespace fs = std::filesystem;
using testing::errors_of;

// A user with an own configuration directory.
class Profiles : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "immure-profiles-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    fs::create_directories(root_ / "immure/profiles");
    who_ = testing::someone();
    who_.uid = ::getuid();
    who_.home = root_.string();
    who_.cwd = root_.string();
    who_.name.clear();
    who_.environment.add("XDG_CONFIG_HOME", root_.native());
  }
  void TearDown() override { fs::remove_all(root_); }

  fs::path write(const std::string& name, const std::string& text) {
    fs::path path = root_ / "immure/profiles" / (name + ".toml");
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
    fs::permissions(path, fs::perms(0644));
    return path;
  }

  // "a b c": the descriptions of the layers, lowest first; or the errors.
  std::string load(const std::vector<std::string>& names) {
    const auto result = load_profiles(names, who_);
    if (std::holds_alternative<Errors>(result)) return errors_of(result);
    std::string order;
    for (const ProfileLayer& layer : std::get<LoadedLayers>(result).layers) {
      order += layer.spec.description.get_or("-") + " ";
    }
    return order;
  }

  fs::path root_;
  Circumstances who_;
};

TEST_F(Profiles, AreLaidOnWhatTheyExtendDepthFirstAndEachOnce) {
  write("base", "extends = []\ndescription = 'base'\n");
  write("left", "extends = ['base']\ndescription = 'left'\n");
  write("right", "extends = ['base']\ndescription = 'right'\n");
  write("top", "extends = ['left', 'right']\ndescription = 'top'\n");
  EXPECT_EQ(load({"top"}), "base left right top ");
  EXPECT_EQ(load({"right", "top"}), "base right left top ");
}

TEST_F(Profiles, WithoutExtendsLieOnTheDefault) {
  write("default", "extends = []\ndescription = 'mine'\n");
  write("top", "description = 'top'\n");
  EXPECT_EQ(load({"top"}), "mine top ");
}

TEST_F(Profiles, AreFoundByPathToo) {
  write("base", "extends = []\ndescription = 'base'\n");
  write("top", "extends = ['${PROFILE_DIR}/base.toml']\ndescription = 'top'\n");
  EXPECT_EQ(load({(root_ / "immure/profiles/top.toml").string()}), "base top ");
  EXPECT_EQ(load({"immure/profiles/top.toml"}), "base top ");
  EXPECT_EQ(load({"user:top"}), "base top ");
}

TEST_F(Profiles, AProfileCanUseTheNameOfTheOneAskedFor) {
  who_.name = "two";
  write("one", "extends = []\ndescription = '1'\nhostname = '${NAME}'\n");
  write("two", "extends = []\ndescription = '2'\n");
  const auto result = load_profiles({"one", "two"}, who_);
  ASSERT_EQ(errors_of(result), "");
  EXPECT_EQ(std::get<LoadedLayers>(result).layers[0].spec.hostname.value, "two");
  EXPECT_EQ(std::get<LoadedLayers>(result).profiles[0].name, "one");
  EXPECT_EQ(std::get<LoadedLayers>(result).profiles[0].path,
            (root_ / "immure/profiles/one.toml").string());
}

TEST_F(Profiles, DropInsAreLaidOnTopInTheirOrder) {
  write("top", "extends = []\ndescription = 'top'\n");
  write("top.toml.d/20-b", "description = 'b'\n");
  write("top.toml.d/10-a", "description = 'a'\n");
  EXPECT_EQ(load({"top"}), "top a b ");
}

TEST_F(Profiles, DropInsComeAfterTheFileThatWasAskedFor) {
  write("build", "extends = ['system:build']\ndescription = 'mine'\n");
  write("build.toml.d/10-a", "description = 'a'\n");
  const std::string order = load({"build"});
  EXPECT_TRUE(order.ends_with(" mine a ")) << order;
  EXPECT_FALSE(order.starts_with("a ")) << order;
  EXPECT_EQ(order.find("builds a "), std::string::npos) << order;
  EXPECT_TRUE(load({"system:build"}).ends_with("for builds a ")) << "they are of the name";
}

TEST_F(Profiles, DropInsOfAFileAskedForByItsPathAreNotRead) {
  write("top", "extends = []\ndescription = 'top'\n");
  write("top.toml.d/10-a", "description = 'a'\n");
  write("top.toml.d/.20-hidden", "description = 'hidden'\n");
  write("top.toml.d/30.toml/inner", "description = 'no file'\n");
  EXPECT_EQ(load({(root_ / "immure/profiles/top.toml").string()}), "top ");
  fs::remove_all(root_ / "immure/profiles/top.toml.d/30.toml");
  EXPECT_EQ(load({"top"}), "top a ");
}

TEST_F(Profiles, ADropInExtendsNothingAndIsCheckedLikeAProfile) {
  write("top", "extends = []\ndescription = 'top'\n");
  const fs::path drop_in = write("top.toml.d/10-a", "extends = ['build']\n");
  EXPECT_EQ(load({"top"}),
            "immure: error[E203]: a drop-in can't extend other profiles\n"
            "  --> ~/immure/profiles/top.toml.d/10-a.toml:1:1\n"
            "   1 | extends = ['build']\n     | ^\n"
            "  help: it is laid on the profile whose name its directory has\n");
  write("top.toml.d/10-a", "description = 'a'\n");
  fs::permissions(drop_in, fs::perms(0666));
  EXPECT_EQ(load({"top"}).substr(0, 20), "immure: error[E107]:");
}

TEST_F(Profiles, AProfileThatExtendsItselfIsToldOfTheShippedOne) {
  write("build", "extends = ['build']\n");
  EXPECT_EQ(load({"build"}),
            "immure: error[E205]: profiles extend each other in a circle: build -> build\n"
            "  --> ~/immure/profiles/build.toml:1:1\n"
            "   1 | extends = ['build']\n     | ^\n"
            "  help: the shipped profile of that name is \"system:build\"\n");
}

TEST_F(Profiles, AChainOfAThousandIsRefusedAtOnce) {
  for (int i = 0; i < 1000; ++i) {
    write("long" + std::to_string(i), "extends = ['long" + std::to_string(i + 1) + "']\n");
  }
  const std::string errors = load({"long0"});
  EXPECT_EQ(errors.find("E208"), errors.rfind("E208"));
  EXPECT_NE(errors.find("long15.toml:1:1, extended by long14"), std::string::npos) << errors;
  EXPECT_EQ(errors.find("long17"), std::string::npos) << errors;
}

TEST_F(Profiles, AWideGraphIsReadOnce) {
  for (int i = 0; i < 12; ++i) {
    const std::string next = "'w" + std::to_string(i + 1) + "'";
    write("w" + std::to_string(i), "description = 'w" + std::to_string(i) + "'\nextends = [" +
                                       next + ", " + next + ", " + next + "]\n");
  }
  write("w12", "extends = []\ndescription = 'w12'\n");
  EXPECT_EQ(load({"w0", "w0"}), "w12 w11 w10 w9 w8 w7 w6 w5 w4 w3 w2 w1 w0 ");
}

TEST_F(Profiles, AQualifiedNameIsOfOnePlace) {
  write("build", "extends = []\ndescription = 'mine'\n");
  EXPECT_EQ(load({"user:build"}), "mine ");
  EXPECT_EQ(load({"build"}), "mine ");
  EXPECT_EQ(load({"system:build"}).find("mine"), std::string::npos);
  EXPECT_EQ(load({"etc:build"}).substr(0, 53),
            "immure: error[E207]: there is no profile \"etc:build\"\n");
  EXPECT_EQ(load({"user:"}).substr(0, 20), "immure: error[E207]:");
}

TEST_F(Profiles, APathLeadsUpFromTheCurrentDirectoryOnly) {
  write("top", "extends = []\ndescription = 'top'\n");
  who_.cwd = (root_ / "immure").string();
  EXPECT_EQ(load({"./profiles/top.toml"}), "top ");
  who_.cwd = (root_ / "immure/other").string();
  EXPECT_EQ(load({"../profiles/top.toml"}), "top ");
  EXPECT_EQ(load({"~/immure/profiles/top.toml"}), "top ");
  EXPECT_EQ(load({"x/../profiles/top.toml"}).substr(0, 20), "immure: error[E301]:");
}

TEST_F(Profiles, ACandidateIsReadInPlaceOfItsFile) {
  write("top", "extends = []\ndescription = 'old'\n");
  write("top.toml.d/a", "description = 'a'\n");
  const auto order_with = [&](const std::string& file, const std::string& text) {
    auto source = std::make_shared<SourceFile>();
    source->text = text;
    const ProfileText candidate{
        .source = source,
        .path = (root_ / "immure/profiles" / file).string(),
        .directory = (root_ / "immure/profiles" / file).parent_path().string(),
        .identity = "candidate"};
    const auto result = load_candidate("top", candidate, who_);
    std::string order = errors_of(result);
    if (!order.empty()) return order;
    for (const ProfileLayer& layer : std::get<LoadedLayers>(result).layers) {
      order += layer.spec.description.get_or("-") + " ";
    }
    return order;
  };
  EXPECT_EQ(order_with("top.toml", "extends = []\ndescription = 'new'\n"), "new a ");
  EXPECT_EQ(order_with("top.toml.d/a.toml", "description = 'new'\n"), "old new ");
  EXPECT_EQ(order_with("top.toml.d/user.toml", "description = 'new'\n"), "old a new ");
}

TEST_F(Profiles, ACycleIsAnErrorThatShowsTheChain) {
  write("a", "extends = ['b']\n");
  write("b", "extends = ['c']\n");
  write("c", "extends = ['a']\n");
  EXPECT_EQ(load({"a"}),
            "immure: error[E205]: profiles extend each other in a circle: a -> b -> c -> a\n"
            "  --> ~/immure/profiles/c.toml:1:1, extended by b\n"
            "   1 | extends = ['a']\n"
            "     | ^\n");
}

std::string name(int number) { return std::string("p").append(std::to_string(number)); }

TEST_F(Profiles, AChainOfMoreThanSixteenIsAnError) {
  for (int i = 0; i < 17; ++i) {
    std::string text = "description = 'x'\nextends = []\n";
    if (i < 16) text.insert(text.size() - 2, std::string("'").append(name(i + 1)).append("'"));
    write(name(i), text);
  }
  EXPECT_EQ(load({"p1"}), "x x x x x x x x x x x x x x x x ");
  const std::string errors = load({"p0"});
  EXPECT_EQ(errors.substr(0, errors.find('\n')),
            "immure: error[E208]: profiles extend each other more than 16 deep");
}

TEST_F(Profiles, OneThatIsNotThereIsAnErrorWhereItIsAskedFor) {
  write("top", "extends = ['nowhere']\n");
  EXPECT_EQ(load({"top"}).substr(0, 88),
            "immure: error[E207]: there is no profile \"nowhere\"\n"
            "  --> ~/immure/profiles/top.toml:1:1\n");
  EXPECT_EQ(load({"./nowhere.toml"}),
            "immure: error[E207]: there is no profile \"./nowhere.toml\"\n");
}

TEST_F(Profiles, AFileThatOthersCanWriteIsRefused) {
  const fs::path path = write("top", "extends = []\n");
  fs::permissions(path, fs::perms(0646));
  EXPECT_EQ(load({"top"}),
            "immure: error[E107]: profile \"~/immure/profiles/top.toml\" can be written by others\n"
            "  help: chmod go-w ~/immure/profiles/top.toml\n");
  fs::permissions(path, fs::perms(0664));
  EXPECT_EQ(load({"top"}).substr(0, 20), "immure: error[E107]:");
  fs::permissions(path, fs::perms(0600));
  EXPECT_EQ(load({"top"}), "- ");
}

TEST_F(Profiles, AFileOfAnotherUserIsRefused) {
  if (::getuid() == 0) GTEST_SKIP() << "root's own files are everybody's to use";
  write("top", "extends = []\n");
  who_.uid = ::getuid() + 1;
  EXPECT_EQ(load({"top"}).substr(0, 20), "immure: error[E107]:");
}

TEST_F(Profiles, AFileOfMoreThanOneMebibyteIsRefused) {
  write("top", "extends = []\n#" + std::string(1 << 20, 'x'));
  EXPECT_EQ(load({"top"}),
            "immure: error[E105]: profile \"~/immure/profiles/top.toml\" has more than 1 MiB\n");
}

TEST_F(Profiles, WhatIsNoFileIsRefusedAndNeverWaitedFor) {
  fs::create_directory(root_ / "dir.toml");
  ASSERT_EQ(::mkfifo((root_ / "fifo.toml").c_str(), 0600), 0);
  EXPECT_EQ(load({"./dir.toml"}),
            "immure: error[E102]: profile \"~/dir.toml\" is not a regular file\n");
  EXPECT_EQ(load({"./fifo.toml"}),
            "immure: error[E102]: profile \"~/fifo.toml\" is not a regular file\n");
}

TEST_F(Profiles, TheErrorsOfAllFilesAreTold) {
  write("base", "extends = []\nnice = 1\n");
  write("top", "extends = ['base', 'nowhere']\n");
  const std::string errors = load({"top"});
  EXPECT_NE(errors.find("E202"), std::string::npos);
  EXPECT_NE(errors.find("E207"), std::string::npos);
}

TEST_F(Profiles, TheShippedOnesAreBuiltIn) {
  for (const char* name : {"default", "build"}) {
    const auto result = load_profiles({name}, who_);
    EXPECT_EQ(errors_of(result), "") << name;
  }
  const auto result = load_profiles({"build"}, who_);
  ASSERT_TRUE(std::holds_alternative<LoadedLayers>(result));
  EXPECT_EQ(std::get<LoadedLayers>(result).profiles.size(), 2U);
  EXPECT_EQ(std::get<LoadedLayers>(result).profiles[0].path, "built in");
}

TEST_F(Profiles, AUsersOwnDefaultLiesOnTheShippedOne) {
  write("default", "description = 'mine'\n");
  const auto result = load_profiles({"default"}, who_);
  ASSERT_EQ(errors_of(result), "");
  EXPECT_EQ(std::get<LoadedLayers>(result).layers.size(), 2U);
  EXPECT_EQ(std::get<LoadedLayers>(result).profiles[0].path, "built in");
}

}  // namespace
}  // namespace immure
