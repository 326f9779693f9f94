#include "http/reject.h"

#include <gtest/gtest.h>

#include <set>

namespace http {
namespace {

TEST(Reject, EveryReasonHasANameOfItsOwnAndAnErrorStatus) {
  std::set<std::string_view> names;
  for (int i = 1; i <= static_cast<int>(Reject::kPathNonAscii); ++i) {
    const auto reject = static_cast<Reject>(i);
    const std::string_view name = reject_name(reject);
    EXPECT_TRUE(names.insert(name).second) << name;
    EXPECT_FALSE(name.empty());
    EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), std::string_view::npos)
        << name;
    EXPECT_GE(reject_status(reject), 400);
    EXPECT_LT(reject_status(reject), 600);
  }
}

TEST(Reject, OnlyWhatLeavesTheFramingAloneKeepsTheConnection) {
  EXPECT_TRUE(reject_closes(Reject::kFramingConflict));
  EXPECT_TRUE(reject_closes(Reject::kContentLengthMalformed));
  EXPECT_TRUE(reject_closes(Reject::kBareLineBreak));
  EXPECT_FALSE(reject_closes(Reject::kPathEscapeForbidden));
  EXPECT_FALSE(reject_closes(Reject::kQueryMalformed));
}

}  // namespace
}  // namespace http
