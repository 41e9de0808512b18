// Readers that sleep for bytes which do not come: killed, interrupted, or in their thousands.
#include <dirent.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include "tests/e2e/e2e_test.h"
#include "tests/e2e/reading.h"

namespace brimfs {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr uint64_t kMiB = 1 << 20;

class BlockedReaderTest : public E2eTest {
 protected:
  // A `cat` that sleeps at the closed gate of "silent".
  std::unique_ptr<Process> BlockedCat(Mount& mount, Origin& origin) {
    auto cat = std::make_unique<Process>(std::vector<std::string>{"cat", mount.File("silent")});
    origin.AwaitAtGate("silent", 1);
    return cat;
  }

  // SIGKILL; how long the process stayed.
  static Duration TimeToDie(Process& process) {
    const TimePoint start = Clock::Steady().Now();
    process.Signal(SIGKILL);
    EXPECT_EQ(process.Wait(seconds(30)), 128 + SIGKILL);
    return Clock::Steady().Now() - start;
  }
};

TEST_F(BlockedReaderTest, IsGoneWithin100MillisecondsOfSigkill) {
  const auto origin = StartOrigin();
  origin->PutOracle("silent", kMiB);
  origin->CloseGate("silent");
  Mount& mount = Attach(origin->url());
  for (int i = 0; i < 3; ++i) {
    EXPECT_LT(TimeToDie(*BlockedCat(mount, *origin)), milliseconds(kSanitized ? 1000 : 100));
  }
  // The others go on.
  const auto other = BlockedCat(mount, *origin);
  TimeToDie(*BlockedCat(mount, *origin));
  origin->OpenGate("silent");
  EXPECT_EQ(other->Wait(), 0);
  EXPECT_EQ(other->out().size(), kMiB);
}

TEST_F(BlockedReaderTest, DoesNotStayInFlushWhenItIsKilled) {
  const auto origin = StartOrigin();
  origin->PutOracle("silent", kMiB);
  origin->CloseGate("silent");
  Mount& mount = Attach(origin->url());
  const auto cat = BlockedCat(mount, *origin);
  // Nobody would answer a FLUSH now.
  mount.daemon().Signal(SIGSTOP);
  EXPECT_LT(TimeToDie(*cat), milliseconds(kSanitized ? 1000 : 100));
  mount.daemon().Signal(SIGCONT);
}

TEST_F(BlockedReaderTest, ClosesWithoutAskingTheDaemon) {
  const auto origin = StartOrigin();
  origin->PutOracle("file", kMiB);
  Mount& mount = Attach(origin->url());
  Process closing({"sh", "-c", "exec 3< \"$1\"; kill -STOP \"$2\"; exec 3<&-", "sh",
                   mount.File("file"), std::to_string(mount.daemon().pid())});
  EXPECT_EQ(closing.Wait(seconds(10)), 0);
  mount.daemon().Signal(SIGCONT);
}

TEST_F(BlockedReaderTest, LeavesItsConnectionAndThreadByTheDeadline) {
  const auto origin = StartOrigin();
  origin->PutOracle("silent", 600 * kMiB);
  origin->CloseGate("silent");
  Mount& mount = Attach(origin->url(), {"timeout=2", "first_byte_timeout=1"});
  TimeToDie(*BlockedCat(mount, *origin));
  // Whatever was asked for is given up, and nobody asks again.
  const TimePoint deadline = Clock::Steady().Now() + seconds(kSanitized ? 20 : 6);
  while (origin->WaitingAtGate("silent") > 0 && Clock::Steady().Now() < deadline) {
    std::this_thread::yield();
  }
  EXPECT_EQ(origin->WaitingAtGate("silent"), 0u);
  origin->OpenGate("silent");
  const Descriptor again(mount.File("silent"));
  EXPECT_EQ(CheckOracle(again, {300 * kMiB, 301 * kMiB}), "");
}

TEST_F(BlockedReaderTest, GetsTheTimeoutAsAnError) {
  const auto origin = StartOrigin();
  origin->PutOracle("silent", kMiB);
  origin->CloseGate("silent");
  Mount& mount = Attach(origin->url(), {"timeout=1", "first_byte_timeout=1"});
  const TimePoint start = Clock::Steady().Now();
  const Descriptor file(mount.File("silent"));
  EXPECT_EQ(ReadError(file, 0), ETIMEDOUT);
  const Duration took = Clock::Steady().Now() - start;
  EXPECT_GE(took, milliseconds(900));
  EXPECT_LT(took, seconds(kSanitized ? 10 : 4));
  origin->OpenGate("silent");
}

TEST_F(BlockedReaderTest, IsInterruptedByAHandledSignalWithIntr) {
  const auto origin = StartOrigin();
  origin->PutOracle("silent", kMiB);
  origin->CloseGate("silent");
  Mount& mount = Attach(origin->url(), {"intr"});
  Process python({"python3", "-c",
                  "import os, signal, sys\n"
                  "class Handled(Exception): pass\n"
                  "def handle(*_): raise Handled()\n"
                  "signal.signal(signal.SIGINT, handle)\n"
                  "file = os.open(sys.argv[1], os.O_RDONLY)\n"
                  "try: os.read(file, 10)\n"
                  "except Handled: print('handled')\n",
                  mount.File("silent")});
  origin->AwaitAtGate("silent", 1);
  const TimePoint start = Clock::Steady().Now();
  python.Signal(SIGINT);
  EXPECT_EQ(python.Wait(seconds(30)), 0) << python.err();
  EXPECT_LT(Clock::Steady().Now() - start, seconds(2));
  EXPECT_EQ(python.out(), "handled\n");
  origin->OpenGate("silent");
}

// Returns when each of these threads sleeps in that system call.
void AwaitIn(long call, const std::vector<std::atomic<pid_t>>& threads) {
  const std::string begin = std::to_string(call) + " ";
  for (const std::atomic<pid_t>& thread : threads) {
    while (thread == 0 ||
           !ReadFile("/proc/self/task/" + std::to_string(thread) + "/syscall").starts_with(begin)) {
      std::this_thread::yield();
    }
  }
}

pid_t ThisThread() { return static_cast<pid_t>(syscall(SYS_gettid)); }

// That the mount's directory of so many names is listed, and the oracle of seed 2 read, as if
// nobody waited.
void ExpectQuick(Mount& mount, int names, const Descriptor& filled) {
  const Duration list = MedianTime(101, [&] {
    DIR* const directory = opendir(mount.path().c_str());
    int found = 0;
    while (readdir(directory) != nullptr) ++found;
    closedir(directory);
    EXPECT_EQ(found, names + 2);
  });
  uint64_t at = 0;
  const Duration read = MedianTime(101, [&] {
    filled.DropPages();
    at = (at + 37 * 4096) % (4 * kMiB - 4096);
    EXPECT_EQ(CheckOracle(filled, {at, at + 4096}, 2), "");
  });
  if (kSanitized) return;
  EXPECT_LT(list, milliseconds(10));
  EXPECT_LT(read, milliseconds(10));
}

TEST_F(BlockedReaderTest, ThousandsLeaveListingsAndFilledReadsQuick) {
  constexpr size_t kReaders = 2000;
  constexpr uint64_t kEach = 64 * 1024;
  const auto origin = StartOrigin();
  origin->PutOracle("silent", kReaders * kEach);
  origin->PutOracle("filled", 4 * kMiB, 2);
  origin->CloseGate("silent");
  Mount& mount = Attach(origin->url());
  const Descriptor filled(mount.File("filled"));  // before it is full: reads go to the daemon
  ASSERT_EQ(CheckOracle(filled, {0, 4 * kMiB}, 2), "");
  const Descriptor silent(mount.File("silent"));
  ASSERT_EQ(silent.error(), 0);
  silent.AdviseRandom();

  std::atomic<size_t> right{0};
  std::vector<std::atomic<pid_t>> ids(kReaders);
  std::vector<std::thread> readers;
  for (size_t i = 0; i < kReaders; ++i) {
    readers.emplace_back([&, i] {
      ids[i] = ThisThread();
      const uint64_t begin = i * kEach;
      if (CheckOracle(silent, {begin, begin + 4096}).empty()) ++right;
    });
  }
  AwaitIn(SYS_pread64, ids);
  ExpectQuick(mount, 2, filled);
  EXPECT_EQ(right, 0u);
  origin->OpenGate("silent");
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(right, kReaders);
}

TEST_F(BlockedReaderTest, HundredsOfLookupsThatWaitLeaveListingsAndFilledReadsQuick) {
  constexpr size_t kLookups = 600;  // more than the daemon has threads
  const auto name = [](size_t i) { return "absent-" + std::to_string(i); };
  const auto origin = StartOrigin();
  origin->PutOracle("filled", 4 * kMiB, 2);
  for (size_t i = 0; i < kLookups; ++i) origin->CloseHeadGate(name(i));
  Mount& mount = Attach(origin->url(), {"hard"});
  const Descriptor filled(mount.File("filled"));  // before it is full: reads go to the daemon
  ASSERT_EQ(CheckOracle(filled, {0, 4 * kMiB}, 2), "");
  ASSERT_EQ(NamesIn(mount.path()).size(), 1u);

  std::atomic<size_t> absent{0};
  std::vector<std::atomic<pid_t>> ids(kLookups);
  std::vector<std::thread> lookups;
  for (size_t i = 0; i < kLookups; ++i) {
    lookups.emplace_back([&, i] {
      const std::string path = mount.File(name(i));
      ids[i] = ThisThread();
      if (access(path.c_str(), F_OK) != 0 && errno == ENOENT) ++absent;
    });
  }
  AwaitIn(SYS_access, ids);
  ExpectQuick(mount, 1, filled);
  EXPECT_EQ(absent, 0u);
  for (size_t i = 0; i < kLookups; ++i) origin->OpenGate(name(i));
  for (std::thread& lookup : lookups) lookup.join();
  EXPECT_EQ(absent, kLookups);
}

}  // namespace
}  // namespace brimfs
