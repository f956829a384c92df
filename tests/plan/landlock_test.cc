#include "plan/landlock.h"

#include <gtest/gtest.h>

#include <bit>
#include <string>

#include "config/schema.h"

namespace immure {
namespace {

// landlock(7): the rights of each ABI.
TEST(LandlockRights, AreThoseOfTheAbi) {
  EXPECT_EQ(landlock_file_rights(0), 0U);
  EXPECT_EQ(landlock_file_rights(1), 0U) << "it would refuse every rename across directories";
  EXPECT_EQ(landlock_file_rights(2), 0x3fffU);
  EXPECT_EQ(landlock_file_rights(3), 0x7fffU);
  EXPECT_EQ(landlock_file_rights(4), 0x7fffU);
  EXPECT_EQ(landlock_file_rights(5), 0xffffU);
  EXPECT_EQ(landlock_file_rights(9), 0xffffU);
}

TEST(LandlockRights, EveryWordOfTheLanguageStandsForSome) {
  std::uint64_t all = 0;
  const auto row = find_row("landlock.fs.*");
  ASSERT_TRUE(row);
  for (const Word& word : row->words) {
    const std::uint64_t rights = landlock_rights_of(word.word);
    EXPECT_EQ(rights == 0, word.word == "none") << word.word;
    all |= rights;
    if (std::popcount(rights) == 1) {
      EXPECT_EQ(landlock_words(rights, landlock_files::all),
                word.word == "execute" ? "exec" : word.word);
    }
  }
  EXPECT_EQ(all, landlock_files::all);
}

TEST(LandlockRights, AreSaidInTheFewestWords) {
  const std::uint64_t handled = landlock_file_rights(2);
  EXPECT_EQ(landlock_words(0, handled), "none");
  EXPECT_EQ(landlock_words(landlock_files::all, handled), "rw,exec");
  EXPECT_EQ(landlock_words(landlock_files::look, handled), "ro,exec");
  EXPECT_EQ(landlock_words(landlock_files::of_devices, landlock_files::all),
            "ro,exec,write-file,truncate,ioctl-dev");
  EXPECT_EQ(landlock_words(landlock_files::truncate, handled), "none") << "not handled";
}

}  // namespace
}  // namespace immure
