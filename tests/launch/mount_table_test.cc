#include "launch/mount_table.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/run.h"

namespace immure::test {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  const TempDir directory;
  directory.write("self/mountinfo", text);
  Construction construction;
  construction.proc.reset(::open(directory.path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  MountTable table;
  EXPECT_EQ(table.open(construction), 0);
  std::vector<std::string> lines;
  for (char* line = nullptr; table.next(line) == 0 && line != nullptr;) lines.emplace_back(line);
  return lines;
}

TEST(MountTable, GivesLineByLine) {
  EXPECT_EQ(lines_of(""), std::vector<std::string>());
  EXPECT_EQ(lines_of("1 2\n\n3 4\n"), (std::vector<std::string>{"1 2", "", "3 4"}));
  std::string text;
  std::vector<std::string> expected;
  for (int i = 0; i < 3000; ++i) {
    expected.push_back("line " + std::to_string(i));
    text += expected.back() + '\n';
  }
  EXPECT_EQ(lines_of(text), expected);
}

TEST(MountTable, CutsWhatIsTooLong) {
  for (const std::size_t length : {8702U, 8703U, 8704U, 17406U, 17407U, 40000U}) {
    const std::string filler(length, 'x');
    const auto lines = lines_of("before\n" + filler + "\nafter\n");
    ASSERT_EQ(lines.size(), 3U) << length;
    EXPECT_EQ(lines[0], "before");
    EXPECT_TRUE(filler.starts_with(lines[1]) && lines[1].size() >= 8700) << length;
    EXPECT_EQ(lines[2], "after") << length;
  }
}

}  // namespace
}  // namespace immure::test
