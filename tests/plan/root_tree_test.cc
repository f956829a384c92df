#include "plan/root_tree.h"

#include <gtest/gtest.h>

#include <string>

#include "fake_host.h"

namespace immure {
namespace {

using Kind = TreeNode::Kind;

// Within /shown the host's /srv/data is seen.
class Tree : public testing::Test {
 protected:
  Tree() : tree_(files_, {.kind = Kind::tmpfs}) {
    add_usual_files(files_);
    files_.add_link("/srv/data/up", "../file");
    files_.add_link("/srv/data/absolute", "/etc/passwd");
    files_.add_link("/srv/data/inner", "file");
    tree_.put("/shown", {.kind = Kind::host, .layers = {"/srv/data"}, .asked = true});
  }

  Seen look(const std::string& path) const {
    const Result<Seen> seen = tree_.look(path);
    EXPECT_TRUE(seen.ok());
    return seen.ok() ? seen.value() : Seen{};
  }

  FakeFiles files_;
  RootTree tree_;
};

TEST_F(Tree, WhatWasNotPutInIsMissing) {
  EXPECT_FALSE(look("/etc/passwd").exists());
  EXPECT_EQ(look("/etc/passwd").existing, "/");
}

TEST_F(Tree, AHostDirectoryIsLookedUpOnTheHost) {
  EXPECT_EQ(look("/shown/file").kind, FileKind::regular);
  EXPECT_EQ(look("/shown/file").host_path, "/srv/data/file");
  EXPECT_FALSE(look("/shown/none").exists());
}

TEST_F(Tree, ALinkOfTheHostIsFollowedInside) {
  EXPECT_EQ(look("/shown/inner").path, "/shown/file");
  EXPECT_FALSE(look("/shown/absolute").exists()) << "the host's /etc/passwd is not inside";
  EXPECT_EQ(look("/shown/up").path, "/file") << "not /srv/file of the host";
}

TEST_F(Tree, ALinkCanBeLookedAtItself) {
  const Result<Seen> seen = tree_.look_at_name("/shown/absolute");
  ASSERT_TRUE(seen.ok());
  EXPECT_TRUE(seen.value().is_link);
  EXPECT_EQ(seen.value().link_text, "/etc/passwd");
}

TEST_F(Tree, OurLinkLeadsIntoAHostDirectory) {
  tree_.put("/short", {.kind = Kind::link, .text = "shown"});
  EXPECT_EQ(look("/short/file").path, "/shown/file");
}

TEST_F(Tree, ALoopOfLinksIsMissing) {
  tree_.put("/a", {.kind = Kind::link, .text = "b"});
  tree_.put("/b", {.kind = Kind::link, .text = "a"});
  EXPECT_FALSE(look("/a").exists());
  EXPECT_EQ(look("/a").errnum, ELOOP);
}

TEST_F(Tree, AMountCoversWhatWasBelowIt) {
  EXPECT_TRUE(tree_.put("/top/made", {}));
  EXPECT_TRUE(tree_.put("/top", {.kind = Kind::tmpfs})) << "an implied directory is no loss";
  EXPECT_FALSE(look("/top/made").exists());
  tree_.put("/top/asked", {.kind = Kind::tmpfs, .asked = true});
  tree_.put("/top-most", {.kind = Kind::tmpfs, .asked = true});
  EXPECT_FALSE(tree_.put("/top", {.kind = Kind::tmpfs}));
  EXPECT_TRUE(look("/top-most").exists());
}

// In the order of bytes "/shown-too" and "/shown.d" stand between "/shown" and "/shown/file".
TEST_F(Tree, ANameThatBeginsAlikeIsNotBelow) {
  tree_.put("/shown-too", {.shows = FileKind::directory, .asked = true});
  tree_.put("/shown.d/deep", {.shows = FileKind::directory, .asked = true});
  EXPECT_EQ(look("/shown/file").existing, "/shown");
  EXPECT_EQ(look("/shown/file").kind, FileKind::regular);
  EXPECT_EQ(look("/show").existing, "/");
  EXPECT_EQ(look("/shown.d/other").existing, "/");
  EXPECT_EQ(look("/shown-too/x/y").existing, "/shown-too");
  tree_.put("/shown/file", {.kind = Kind::cover, .shows = FileKind::regular});
  EXPECT_TRUE(tree_.put("/shown", {.kind = Kind::tmpfs})) << "the cover was not asked for";
  EXPECT_EQ(tree_.node("/shown/file"), nullptr);
  EXPECT_NE(tree_.node("/shown-too"), nullptr);
  EXPECT_NE(tree_.node("/shown.d/deep"), nullptr);
}

TEST_F(Tree, WhatAKernelFileSystemHoldsIsNotKnown) {
  tree_.put("/proc", {.kind = Kind::kernel});
  EXPECT_FALSE(look("/proc/self/exe").sure);
  EXPECT_TRUE(look("/proc").sure);
}

TEST_F(Tree, AnOverlayShowsTheTopmostLayerThatHasIt) {
  files_.add_program("/srv/layer/file");
  tree_.put("/both", {.kind = Kind::overlay, .layers = {"/srv/layer", "/srv/data"}});
  EXPECT_EQ(look("/both/file").host_path, "/srv/layer/file");
  EXPECT_EQ(look("/both/inner").path, "/both/file");
}

TEST(Collapse, ResolvesDotsByTextAndStaysBelowTheRoot) {
  EXPECT_EQ(collapse("/a/./b/../c//d/"), "/a/c/d");
  EXPECT_EQ(collapse("/../.."), "/");
}

}  // namespace
}  // namespace immure
