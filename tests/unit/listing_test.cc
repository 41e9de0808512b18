#include "fs/listing.h"

#include "fs/node_id.h"
#include "gtest/gtest.h"

namespace brimfs {
namespace {

ListedName File(std::string name, std::optional<uint64_t> length = 1) {
  ListedName listed{std::move(name), ObjectKind::kFile, {}};
  listed.version.length = length;
  return listed;
}

std::shared_ptr<const Listing> Make(std::vector<ListedName> names) {
  return MakeListing(std::move(names), "dir", "fake://dir", TimePoint());
}

TEST(ListingTest, FindsExactlyItsNames) {
  EXPECT_EQ(Make({})->Find("a"), nullptr);
  const auto listing = Make({File("d"), File("bb"), File("a"), File("b")});
  for (const ListedName& name : listing->names) EXPECT_EQ(listing->Find(name.name), &name);
  for (const char* name : {"", "0", "aa", "c", "e"}) EXPECT_EQ(listing->Find(name), nullptr);
}

TEST(ListingTest, IsExactIfEveryFileHasItsLength) {
  EXPECT_TRUE(Make({})->exact);
  EXPECT_TRUE(Make({File("a"), {"d", ObjectKind::kDirectory, {}}})->exact);
  EXPECT_FALSE(Make({File("a"), File("b", std::nullopt)})->exact);
}

TEST(ListingTest, KnowsTheOrderOfItsNumbers) {
  std::vector<ListedName> names;
  for (int i = 0; i < 100; ++i) names.push_back(File(std::to_string(i), std::nullopt));
  const auto listing = Make(std::move(names));
  ASSERT_EQ(listing->by_number.size(), 100u);
  for (uint32_t i = 0; i < 100; ++i) EXPECT_EQ(listing->rank[listing->by_number[i]], i);
  for (uint32_t i = 1; i < 100; ++i) {
    const auto number = [&](uint32_t at) {
      return PreferredNodeId("dir/" + listing->names[listing->by_number[at]].name);
    };
    EXPECT_LT(number(i - 1), number(i));
  }
}

}  // namespace
}  // namespace brimfs
