// A user with an own configuration directory and a place for files, for the tests of this folder.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "config/profile_text.h"

namespace immure::testing {

namespace fs = std::filesystem;

class UserFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "immure-config-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = fs::canonical(pattern);
    config_home_ = (root_ / "config").string();
    fs::create_directories(root_ / "config/immure/profiles");
    who_ = someone();
    who_.uid = ::getuid();
    who_.home = root_.string();
    who_.cwd = root_.string();
    who_.name.clear();
    who_.exe.clear();
    who_.environment = {{"XDG_CONFIG_HOME", config_home_}};
  }
  void TearDown() override { fs::remove_all(root_); }

  // Below the user's home. Returns the absolute path.
  std::string write(const std::string& name, const std::string& text, int mode = 0644) {
    const fs::path path = root_ / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
    fs::permissions(path, fs::perms(mode));
    return path.string();
  }
  std::string write_profile(const std::string& name, const std::string& text) {
    return write("config/immure/profiles/" + name + ".toml", text);
  }
  std::string path(const std::string& name) const { return (root_ / name).string(); }

  fs::path root_;
  std::string config_home_;
  Circumstances who_;
};

}  // namespace immure::testing
