// A link planted in an earlier run does not redirect a bind of a later one.
#include <unistd.h>

#include "attack/attack.h"

namespace immure::test {
namespace {

class P10PlantedLinks : public AttackTest {
 protected:
  void SetUp() override {
    AttackTest::SetUp();
    directory_.write("project/.git/HEAD", "");
    directory_.write("other/secret", "secret\n");
  }
  std::string project() const { return directory_.path() + "/project"; }
  std::string other() const { return directory_.path() + "/other"; }

  // What a later start, from outside the project, reads by this name.
  std::string read_later(const Argv& options, const std::string& name) const {
    const Outcome outcome = run(immure_run(options, payload({"read", project() + '/' + name})));
    return outcome.code == 125 && contains(outcome.err, "E323") ? "refused" : trimmed(outcome.out);
  }

  TempDir directory_;
};

TEST_F(P10PlantedLinks, PlantedByASandboxAndFollowedByTheNext) {
  for (const auto& [name, target] : std::vector<std::pair<std::string, std::string>>{
           {"to-file", other() + "/secret"}, {"relative", "../other/secret"}}) {
    const Outcome planted = in_sandbox({"-w"}, "ln -s '" + target + "' " + name, project());
    ASSERT_EQ(planted.code, 0) << planted.err;
    for (const std::string access : {"--ro", "--rw", "--overlay"}) {
      expect_held({.promise = 10,
                   .attack = "a file by a planted link " + name + ", " + access,
                   .control = outside(payload({"read", project() + '/' + name})),
                   .inside = read_later({access, project() + '/' + name}, name)},
                  {"refused"});
    }
  }
}

TEST_F(P10PlantedLinks, AParentThatIsOne) {
  const Outcome planted = in_sandbox({"-w"}, "ln -s ../other parent", project());
  ASSERT_EQ(planted.code, 0) << planted.err;
  for (const std::string access : {"--ro", "--rw"}) {
    expect_held({.promise = 10,
                 .attack = "a planted link as a parent, " + access,
                 .control = outside(payload({"read", project() + "/parent/secret"})),
                 .inside = read_later({access, project() + "/parent/secret"}, "parent/secret")},
                {"refused"});
  }
}

TEST_F(P10PlantedLinks, OneThatLeadsIntoProc) {
  const Outcome planted = in_sandbox({"-w"}, "ln -s /proc/self/root root", project());
  ASSERT_EQ(planted.code, 0) << planted.err;
  const std::string name = "root" + other() + "/secret";
  expect_held({.promise = 10,
               .attack = "a planted link into /proc",
               .control = outside(payload({"read", project() + '/' + name})),
               .inside = read_later({"--ro", project() + '/' + name}, name)},
              {"refused"});
}

}  // namespace
}  // namespace immure::test
