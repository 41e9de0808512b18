// The base of tests of commands that ask every mount that they see.
#ifndef BRIMFS_TESTS_E2E_OWN_MOUNTS_TEST_H_
#define BRIMFS_TESTS_E2E_OWN_MOUNTS_TEST_H_

#include <memory>

#include "tests/e2e/e2e_test.h"
#include "tests/support/private_mounts.h"

namespace brimfs {

// Beside an origin, in a mount namespace of its own: the mounts of other tests are not seen there,
// nor are these by others.
class OwnMountsTest : public E2eTest {
 protected:
  void SetUp() override {
    E2eTest::SetUp();
    if (IsSkipped()) return;
    if (const Status own = EnterPrivateMounts(); !own.ok()) GTEST_SKIP() << own.message();
    origin_ = StartOrigin();
  }
  void TearDown() override {
    E2eTest::TearDown();
    origin_.reset();
  }

  std::unique_ptr<Origin> origin_;
};

}  // namespace brimfs

#endif  // BRIMFS_TESTS_E2E_OWN_MOUNTS_TEST_H_
