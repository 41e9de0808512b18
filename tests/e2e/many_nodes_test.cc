// Names that the kernel has forgotten cost nothing any more.
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>
#include <string>

#include "tests/e2e/e2e_test.h"

namespace brimfs {
namespace {

using ManyNodesTest = E2eTest;

TEST_F(ManyNodesTest, LeaveNoMemoryBehind) {
  constexpr int kNodes = kSanitized ? 5'000 : 100'000;
  const auto origin = StartOrigin();
  for (int i = 0; i < kNodes; ++i) {
    origin->PutOracle("many/file number " + std::to_string(i), 4096, static_cast<uint64_t>(i));
  }
  // With one arena what was freed is used again, whichever thread frees it: its size tells of
  // leaks.
  setenv("MALLOC_ARENA_MAX", "1", 1);
  Mount& mount = Attach(origin->url());
  const auto look_up_and_forget = [&] {
    const Ran found = Shell("find \"$1\" -type f -size 4096c | wc -l", {mount.File("many")});
    EXPECT_EQ(found.out, std::to_string(kNodes) + "\n") << found.err;
    // Dentries and inodes only, so that nobody's page cache is lost.
    WriteFile("/proc/sys/vm/drop_caches", "2\n");
    // Each FORGET is behind the answer to this.
    EXPECT_EQ(RunCommand({"ls", mount.path()}).out, "many\n");
  };
  look_up_and_forget();  // the listing stays, for its time to live, and the allocator keeps some
                         // pages
  const uint64_t before = mount.Memory("VmRSS");
  for (int round = 0; round < 2; ++round) look_up_and_forget();
  const uint64_t after = mount.Memory("VmRSS");
  // A node takes about 140 bytes: 100,000 that stay in each of two rounds are 28 MB.
  if (!kSanitized) {
    EXPECT_LT(after, before + (24 << 20));
  }
}

TEST_F(ManyNodesTest, ThatTheKernelForgetsBehindAProgramAreNotAskedForAgain) {
  const auto origin = StartOrigin(
      {.root = {}, .index = Origin::Index::kNames, .delay = std::chrono::milliseconds(20)});
  // Capitals and small letters, which a locale mixes.
  const auto name = [](int i) { return (i % 2 == 0 ? "A" : "a") + std::to_string(1000 + i / 2); };
  for (int i = 0; i < 200; ++i) origin->PutOracle("d/" + name(i), 10);
  Mount& mount = Attach(origin->url());
  const Ran ran = Shell(
      "cd \"$1\" && for name in *; do stat \"$name\" || exit; case $name in *5) echo 2 > "
      "/proc/sys/vm/drop_caches; esac; done",
      {mount.File("d")});
  EXPECT_EQ(ran.code, 0) << ran.err;
  Detach(mount);
  std::multiset<std::string> asked;
  for (const Origin::Seen& seen : origin->seen()) {
    if (seen.method == "HEAD") asked.insert(seen.path);
  }
  for (int i = 0; i < 200; ++i) EXPECT_EQ(asked.count("d/" + name(i)), 1u) << name(i);
}

}  // namespace
}  // namespace brimfs
