#include "tests/e2e/users_test.h"

#include <filesystem>

namespace brimfs {

void UsersTest::SetUp() {
  E2eTest::SetUp();
  if (IsSkipped()) return;
  namespace_.emplace();
  if (!namespace_->status().ok()) GTEST_SKIP() << namespace_->status().message();
  const Status installed = namespace_->Install();
  ASSERT_TRUE(installed.ok()) << installed.message();
  user_.emplace("brimfs-user");
  other_.emplace("brimfs-other");
  ASSERT_NE(user_->uid(), 0u);
  ASSERT_NE(other_->uid(), 0u);
  origin_ = StartOrigin();
  origin_->PutOracle("file", kSize);
  origin_->PutOracle("directory/below", 10);
}

void UsersTest::TearDown() {
  mounted_.reset();
  E2eTest::TearDown();
  origin_.reset();
  namespace_.reset();
}

Mount& UsersTest::MountAs(const Account& account, const std::vector<std::string>& options) {
  mounted_ = std::make_unique<Mount>(origin_->url(), options, &account);
  EXPECT_TRUE(mounted_->started().ok()) << mounted_->started().message();
  return *mounted_;
}

Mount& UsersTest::AttachForAll(const std::vector<std::string>& options) {
  Mount& mount = Attach(origin_->url(), options);
  std::filesystem::permissions(std::filesystem::path(mount.path()).parent_path(),
                               std::filesystem::perms{0755});
  return mount;
}

}  // namespace brimfs
