// The base of the tests with users who are not root.
#ifndef BRIMFS_TESTS_E2E_USERS_TEST_H_
#define BRIMFS_TESTS_E2E_USERS_TEST_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/e2e/e2e_test.h"
#include "tests/support/account.h"
#include "tests/support/mount_namespace.h"

namespace brimfs {

// A user who mounts, and another one, where this build is installed. The source has "file" and
// "directory/below".
class UsersTest : public E2eTest {
 protected:
  static constexpr uint64_t kSize = 300'000;  // of "file"

  void SetUp() override;
  void TearDown() override;

  // A mount of the source by this user. One at a time.
  Mount& MountAs(const Account& account, const std::vector<std::string>& options = {});

  // A mount of the source by root, that others may get to.
  Mount& AttachForAll(const std::vector<std::string>& options);

  std::optional<MountNamespace> namespace_;
  std::optional<Account> user_;
  std::optional<Account> other_;
  std::unique_ptr<Origin> origin_;
  std::unique_ptr<Mount> mounted_;
};

}  // namespace brimfs

#endif  // BRIMFS_TESTS_E2E_USERS_TEST_H_
