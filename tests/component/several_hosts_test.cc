// A list of files on several servers: each server has its own connections.
#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "tests/component/http_mount.h"
#include "tests/support/origin.h"
#include "tests/support/temp_dir.h"

namespace brimfs {
namespace {

TEST(SeveralHostsTest, ASilentServerKeepsNoConnectionFromTheOthers) {
  Origin silent;
  Origin other;
  for (Origin* const origin : {&silent, &other}) {
    ASSERT_TRUE(origin->Start().ok());
    origin->PutOracle("file", 1 << 20);
  }
  silent.CloseGate("file");
  const TempDir directory;
  WriteFile(directory / "urls", silent.url("file") + " a\n" + other.url("file") + " b\n");
  HttpMount mount("list:" + (directory / "urls"), /*connections=*/1);
  std::thread blocked([&] { EXPECT_TRUE(mount.ReadsRight("a")); });
  silent.AwaitAtGate("file", 1);
  EXPECT_TRUE(mount.ReadsRight("b"));
  EXPECT_EQ(silent.WaitingAtGate("file"), 1u) << "one connection, as it was asked for";
  silent.OpenGate("file");
  blocked.join();
}

}  // namespace
}  // namespace brimfs
