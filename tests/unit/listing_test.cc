#include "fs/listing.h"

#include <algorithm>

#include "fs/node_id.h"
#include "gtest/gtest.h"

namespace brimfs {
namespace {

ListedName File(std::string name, std::optional<uint64_t> length = 1) {
  ListedName listed{std::move(name), ObjectKind::kFile, {}};
  listed.version.length = length;
  return listed;
}

std::shared_ptr<const Listing> Make(const std::vector<ListedName>& names) {
  return MakeListing(names, "dir", "fake://dir", TimePoint());
}

std::vector<std::string> NamesIn(const Listing& listing, size_t order) {
  std::vector<std::string> names;
  for (size_t place = 0; place < listing.orders().Places(order); ++place) {
    const std::optional<size_t> position = listing.orders().PositionAt(order, place);
    if (!position) continue;
    EXPECT_EQ(listing.orders().PlaceOf(order, *position), place);
    names.push_back(listing.NameAt(*position));
  }
  return names;
}

TEST(ListingTest, FindsExactlyItsNames) {
  EXPECT_FALSE(Make({})->Find("a"));
  const auto listing = Make({File("d", 4), File("bb", 3), File("a", 1), File("b", 2)});
  const std::vector<std::string> names = {"a", "b", "bb", "d"};
  for (size_t i = 0; i < names.size(); ++i) {
    ASSERT_TRUE(listing->Find(names[i])) << names[i];
    EXPECT_EQ(listing->Find(names[i])->info.version.length, i + 1);
    EXPECT_EQ(listing->PositionOf(names[i]), i);
    EXPECT_EQ(listing->LengthAt(i), i + 1);
  }
  for (const char* name : {"", "0", "aa", "c", "e"}) EXPECT_FALSE(listing->Find(name));
}

TEST(ListingTest, IsExactIfEveryFileHasItsLength) {
  EXPECT_TRUE(Make({})->exact());
  EXPECT_TRUE(Make({File("a"), {"d", ObjectKind::kDirectory, {}}})->exact());
  EXPECT_FALSE(Make({File("a"), File("b", std::nullopt)})->exact());
}

TEST(ListingTest, IsReadInTheOrderInWhichItCame) {
  const auto listing = Make({File("b"), File("c"), {"a", ObjectKind::kDirectory, {}}});
  std::vector<std::string> names;
  for (size_t row = 0; const std::optional<Shown> next = listing->NextFrom(row);) {
    names.push_back(next->name);
    row = next->row + 1;
  }
  EXPECT_EQ(names, (std::vector<std::string>{"b", "c", "a"}));
}

TEST(ListingTest, KnowsTheOrdersInWhichProgramsGoThroughIt) {
  std::vector<ListedName> names;
  for (int i = 0; i < 100; ++i) names.push_back(File(std::to_string(i), std::nullopt));
  const auto listing = Make(names);
  ASSERT_EQ(listing->orders().orders(), 3u) << "10 came before 2";
  std::vector<std::string> expected;
  for (const ListedName& name : names) expected.push_back(name.name);
  EXPECT_EQ(NamesIn(*listing, NameOrders::kAsListed), expected);

  const auto number = [](const std::string& name) { return PreferredNodeId("dir/" + name); };
  std::sort(expected.begin(), expected.end(),
            [&](const auto& a, const auto& b) { return number(a) < number(b); });
  EXPECT_EQ(NamesIn(*listing, NameOrders::kByNumber), expected);

  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(NamesIn(*listing, NameOrders::kByName), expected);
}

TEST(ListingTest, HasOneOrderLessWhereItCameSorted) {
  EXPECT_EQ(Make({File("a"), File("b")})->orders().orders(), 2u);
  EXPECT_EQ(Make({})->orders().orders(), 2u);
}

TEST(ListingTest, LeavesOutWhatCannotBeAName) {
  EXPECT_EQ(Make({File(""), File(std::string(256, 'x')), File(std::string(255, 'x'))})->size(), 1u);
}

}  // namespace
}  // namespace brimfs
