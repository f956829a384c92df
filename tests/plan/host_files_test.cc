// The real file system, asked as the kernel would answer.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>

#include "plan/host.h"

namespace immure {
namespace {

class RealFiles : public testing::Test {
 public:
  RealFiles(const RealFiles&) = delete;
  RealFiles& operator=(const RealFiles&) = delete;

 protected:
  RealFiles() {
    std::string name = "/tmp/host_files_XXXXXX";
    // The temporary directory may itself be reached by a link.
    top_ = std::filesystem::canonical(::mkdtemp(name.data()));
    std::filesystem::create_directories(top_ + "/dir/sub");
    std::ofstream(top_ + "/dir/file") << "x";
  }
  ~RealFiles() override { std::filesystem::remove_all(top_); }

  void link(const std::string& name, const std::string& text) const {
    std::filesystem::create_symlink(text, top_ + name);
  }
  static ResolvedPath resolve(const std::string& path) {
    const Result<ResolvedPath> resolved = real_files().resolve(path);
    EXPECT_TRUE(resolved.ok());
    return resolved.ok() ? resolved.value() : ResolvedPath{};
  }

  std::string top_;
};

TEST_F(RealFiles, WithoutLinksAPathIsItsOwnName) {
  const ResolvedPath file = resolve(top_ + "/dir/file");
  EXPECT_EQ(file.kind, FileKind::regular);
  EXPECT_EQ(file.canonical, top_ + "/dir/file");
  EXPECT_TRUE(file.links.empty());
  EXPECT_EQ(resolve(top_ + "/dir").kind, FileKind::directory);
  EXPECT_EQ(resolve("/dev/null").kind, FileKind::device);
  EXPECT_EQ(resolve("/").canonical, "/");
}

// What cannot be answered must not pass for "nothing there", or a file to be hidden stays shown.
TEST_F(RealFiles, WithoutDescriptorsNothingPassesForMissing) {
  const auto expect_error = [](const auto& result) {
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().errnum, EMFILE);
  };
  // UBSan tells by a descriptor whether an object is one, once for each type.
  ASSERT_EQ(real_files().glob(top_ + "/other*").value().size(), 0U);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{.rlim_cur = 0, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const Result<ResolvedPath> file = real_files().resolve(top_ + "/dir/file");
  const Result<std::vector<std::string>> matches = real_files().glob(top_ + "/dir/f*");
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  expect_error(file);
  expect_error(matches);
  EXPECT_EQ(resolve(top_ + "/dir/file").kind, FileKind::regular) << "it was no answer to keep";
}

TEST_F(RealFiles, APatternInADirectoryThatCanBeEnteredButNotListedIsAnError) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may list everything";
  ASSERT_EQ(::chmod((top_ + "/dir").c_str(), 0111), 0);
  const Result<std::vector<std::string>> entered = real_files().glob(top_ + "/dir/f*");
  ASSERT_EQ(::chmod((top_ + "/dir").c_str(), 0), 0);
  const Result<std::vector<std::string>> closed = real_files().glob(top_ + "/dir/f*");
  ASSERT_EQ(::chmod((top_ + "/dir").c_str(), 0755), 0);
  ASSERT_FALSE(entered.ok());
  EXPECT_EQ(entered.error().errnum, EACCES);
  ASSERT_TRUE(closed.ok()) << "nothing below it can be reached";
  EXPECT_TRUE(closed.value().empty());
}

TEST_F(RealFiles, LinksAreToldInTheOrderMet) {
  link("/one", "two/sub");
  link("/two", top_ + "/dir");
  const ResolvedPath resolved = resolve(top_ + "/one/../file");
  EXPECT_EQ(resolved.canonical, top_ + "/dir/file");
  const std::vector<LinkOnTheWay> links = {{top_ + "/one", "two/sub", ::geteuid()},
                                           {top_ + "/two", top_ + "/dir", ::geteuid()}};
  EXPECT_EQ(resolved.links, links);
}

TEST_F(RealFiles, ALinkInTheLastPartIsFollowed) {
  link("/dir/last", "file");
  const ResolvedPath resolved = resolve(top_ + "/dir/last");
  EXPECT_EQ(resolved.kind, FileKind::regular);
  EXPECT_EQ(resolved.canonical, top_ + "/dir/file");
  EXPECT_EQ(resolved.links, (std::vector<LinkOnTheWay>{{top_ + "/dir/last", "file", ::geteuid()}}));
}

TEST_F(RealFiles, DotDotAfterALinkMeansTheParentOfItsTarget) {
  link("/far", "dir/sub");
  EXPECT_EQ(resolve(top_ + "/far/../file").canonical, top_ + "/dir/file");
}

TEST_F(RealFiles, MissingSaysWhyAndHowFarItGot) {
  link("/dangling", "dir/none");
  EXPECT_EQ(resolve(top_ + "/dir/none/below").errnum, ENOENT);
  EXPECT_EQ(resolve(top_ + "/dir/file/below").errnum, ENOTDIR);
  const ResolvedPath dangling = resolve(top_ + "/dangling/below");
  EXPECT_EQ(dangling.kind, FileKind::missing);
  EXPECT_EQ(dangling.errnum, ENOENT);
  EXPECT_EQ(dangling.canonical, top_ + "/dir/none/below");
}

TEST_F(RealFiles, ALoopOfLinksEnds) {
  link("/loop", "loop");
  link("/ping", "pong");
  link("/pong", "ping");
  EXPECT_EQ(resolve(top_ + "/loop").errnum, ELOOP);
  EXPECT_EQ(resolve(top_ + "/ping/x").errnum, ELOOP);
}

TEST_F(RealFiles, AMagicLinkOfProcIsRefused) {
  const int fd = ::open(top_.c_str(), O_PATH | O_CLOEXEC);
  for (const std::string& path :
       {"/proc/self/fd/" + std::to_string(fd), std::string("/proc/self/root/etc"),
        std::string("/proc/self/cwd")}) {
    const Result<ResolvedPath> resolved = real_files().resolve(path);
    ASSERT_FALSE(resolved.ok()) << path;
    EXPECT_EQ(resolved.error().code, Code::refused_mount);
  }
  ::close(fd);
}

TEST_F(RealFiles, TheOrdinaryLinksOfProcAreFollowed) {
  EXPECT_EQ(resolve("/proc/self/status").canonical,
            "/proc/" + std::to_string(::getpid()) + "/status");
}

TEST_F(RealFiles, APatternMatchesSortedNamesButNotHiddenOnes) {
  for (const char* name : {"/b.conf", "/a.conf", "/.hidden.conf", "/c.txt"}) {
    std::ofstream(top_ + name) << "";
  }
  EXPECT_EQ(real_files().glob(top_ + "/*.conf").value(),
            (std::vector<std::string>{top_ + "/a.conf", top_ + "/b.conf"}));
  EXPECT_EQ(real_files().glob(top_ + "/d*/f?le").value(),
            (std::vector<std::string>{top_ + "/dir/file"}));
  EXPECT_TRUE(real_files().glob(top_ + "/none/*").value().empty());
}

TEST_F(RealFiles, ExecutableIsWhatWeMayRun) {
  EXPECT_FALSE(real_files().executable(top_ + "/dir/file"));
  ASSERT_EQ(::chmod((top_ + "/dir/file").c_str(), 0755), 0);
  EXPECT_TRUE(real_files().executable(top_ + "/dir/file"));
}

TEST(ThisHost, KnowsItsUser) {
  const Host host = this_host(real_files());
  EXPECT_EQ(host.uid, ::geteuid());
  EXPECT_EQ(host.cwd, std::filesystem::current_path().string());
  EXPECT_GE(host.processors.get(), 1);
  EXPECT_GE(host.last_capability.get(), 39U);
  rlimit files{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
  EXPECT_EQ(host.hard_limit(RLIMIT_NOFILE), files.rlim_max);
  EXPECT_EQ(host.files, &real_files());
}

}  // namespace
}  // namespace immure
