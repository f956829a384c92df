#include "commands/circumstances.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace immure {
namespace {

// A made-up file system: path -> kind; every regular file in it can be executed.
class FakeFiles : public HostFiles {
 public:
  explicit FakeFiles(std::map<std::string, FileKind> files) : files_(std::move(files)) {}

  Result<ResolvedPath> resolve(const std::string& path) const override {
    const auto found = files_.find(path);
    if (found == files_.end()) return ResolvedPath{.errnum = ENOENT};
    return ResolvedPath{.kind = found->second, .canonical = path};
  }
  Result<std::vector<std::string>> glob(const std::string& /*pattern*/) const override {
    return std::vector<std::string>{};
  }
  bool executable(const std::string& path) const override { return files_.contains(path); }

 private:
  std::map<std::string, FileKind> files_;
};

class FindProgram : public testing::Test {
 protected:
  FindProgram() {
    host_.files = &files_;
    host_.cwd = "/w/sub";
    host_.home = "/home/u";
    host_.environment = {{"PATH", "/bin:/usr/bin::rel"}};
  }
  std::string find(std::string_view word) const { return find_program(word, host_); }

  FakeFiles files_{{{"/bin/dir", FileKind::directory},
                    {"/usr/bin/dir", FileKind::regular},
                    {"/usr/bin/cc", FileKind::regular},
                    {"/bin/cc", FileKind::regular},
                    {"/w/sub/here", FileKind::regular},
                    {"/w/sub/rel/deep", FileKind::regular},
                    {"/w/tool", FileKind::regular}}};
  Host host_;
};

TEST_F(FindProgram, TakesTheFirstInThePath) { EXPECT_EQ(find("cc"), "/bin/cc"); }

TEST_F(FindProgram, PassesOverDirectories) { EXPECT_EQ(find("dir"), "/usr/bin/dir"); }

TEST_F(FindProgram, TakesAnEmptyPartOfThePathAsTheCurrentDirectory) {
  EXPECT_EQ(find("here"), "/w/sub/here");
  EXPECT_EQ(find("deep"), "/w/sub/rel/deep");
}

TEST_F(FindProgram, MakesAPathAbsolute) {
  EXPECT_EQ(find("./here"), "/w/sub/here");
  EXPECT_EQ(find("../tool"), "/w/tool");
  EXPECT_EQ(find("/w/tool"), "/w/tool");
}

TEST_F(FindProgram, IsEmptyForWhatIsNotThere) {
  EXPECT_EQ(find("nothing"), "");
  EXPECT_EQ(find("./cc"), "");
  EXPECT_EQ(find(""), "");
  host_.environment = {};
  EXPECT_EQ(find("cc"), "");
}

}  // namespace
}  // namespace immure
