#include <cap-ng.h>
#include <gtest/gtest.h>

#include <string>

#include "spec/capability_names.h"

namespace immure {
namespace {

TEST(Capabilities, HaveTheNamesAndNumbersOfLibcapNg) {
  for (int number = 0; number <= CAP_LAST_CAP; ++number) {
    std::string name = "CAP_";
    for (const char* c = capng_capability_to_name(static_cast<unsigned>(number)); *c != '\0'; ++c) {
      name += static_cast<char>(std::toupper(*c));
    }
    EXPECT_EQ(capability_number(name), number) << name;
  }
  EXPECT_EQ(capability_names().size(), static_cast<std::size_t>(CAP_LAST_CAP) + 1);
  EXPECT_FALSE(capability_number("CAP_NET").has_value());
}

}  // namespace
}  // namespace immure
