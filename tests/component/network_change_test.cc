// A machine that sleeps, moves, or loses its address, and the connections that were open.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <functional>
#include <latch>
#include <thread>

#include "backends/http_transport.h"
#include "backends/network_events.h"
#include "tests/support/origin.h"
#include "tests/support/process.h"

namespace brimfs {
namespace {

using std::chrono::seconds;

class Keeper : public HttpResponder {
 public:
  Status OnHead(const HttpHead&) override { return OkStatus(); }
  Status OnBody(std::span<const std::byte> data) override {
    bytes += data.size();
    return OkStatus();
  }

  uint64_t bytes = 0;
};

constexpr uint64_t kSize = 1 << 20;

class NetworkChangeTest : public testing::Test {
 protected:
  NetworkChangeTest() {
    limits_.deadline = Clock::Steady().Now() + seconds(60);
    limits_.stall = limits_.first_byte = seconds(50);
  }

  HttpTransport::Options Options() {
    HttpTransport::Options options;
    options.network = {std::shared_ptr<void>(), &watch_};
    return options;
  }

  Status Get(HttpTransport& transport, const Origin& origin) {
    HttpRequest request;
    request.url = *ParseUrl(origin.url("file"));
    Keeper keeper;
    return transport.Perform(request, keeper, limits_);
  }

  CallLimits limits_;
  NetworkWatch watch_;
};

class KeptConnectionTest : public NetworkChangeTest {
 protected:
  KeptConnectionTest() {
    EXPECT_TRUE(origin_.Start().ok());
    origin_.PutOracle("file", kSize);
  }

  Origin origin_;
  HttpTransport transport_{Options()};
};

TEST_F(KeptConnectionTest, AfterAChangeTheNextRequestMakesANewOne) {
  ASSERT_TRUE(Get(transport_, origin_).ok());
  ASSERT_TRUE(Get(transport_, origin_).ok());
  EXPECT_EQ(origin_.counters().connections, 1u);
  watch_.Changed();
  ASSERT_TRUE(Get(transport_, origin_).ok());
  EXPECT_EQ(origin_.counters().connections, 2u);
  watch_.Resumed();
  ASSERT_TRUE(Get(transport_, origin_).ok());
  ASSERT_TRUE(Get(transport_, origin_).ok());
  EXPECT_EQ(origin_.counters().connections, 3u);
}

TEST_F(KeptConnectionTest, ASuspendEndsWhatIsUnderWay) {
  for (const bool at_head : {true, false}) {
    at_head ? origin_.CloseHeadGate("file") : origin_.CloseGate("file", 1000);
    std::thread sleeper([&] {
      origin_.AwaitAtGate("file", 1);
      watch_.Resumed();
    });
    const TimePoint start = Clock::Steady().Now();
    EXPECT_EQ(Get(transport_, origin_).code(), Code::kUnavailable);
    EXPECT_LT(Clock::Steady().Now() - start, seconds(10));
    sleeper.join();
    origin_.OpenGate("file");
  }
}

TEST_F(KeptConnectionTest, AChangeElsewhereLeavesWhatIsUnderWayAlone) {
  origin_.CloseGate("file", 1000);
  std::thread mover([&] {
    origin_.AwaitAtGate("file", 1);
    watch_.Changed();
    origin_.OpenGate("file");
  });
  EXPECT_TRUE(Get(transport_, origin_).ok());
  mover.join();
  EXPECT_EQ(origin_.counters().connections, 1u);
}

TEST_F(KeptConnectionTest, NorDoesItSendAgainWhatAKeptConnectionCarries) {
  for (const bool at_head : {true, false}) {
    ASSERT_TRUE(Get(transport_, origin_).ok());
    at_head ? origin_.CloseHeadGate("file") : origin_.CloseGate("file", 1000);
    std::thread mover([&] {
      origin_.AwaitAtGate("file", 1);
      watch_.Changed();
      origin_.OpenGate("file");
    });
    EXPECT_TRUE(Get(transport_, origin_).ok()) << "before the head: " << at_head;
    mover.join();
  }
  EXPECT_EQ(origin_.counters().requests, 4u);
  EXPECT_EQ(origin_.counters().connections, 2u);
}

// On a thread with a network namespace of its own, which ends with it.
bool OwnNetwork() { return unshare(CLONE_NEWNET) == 0 && Shell("ip link set lo up").code == 0; }

std::string Tid() { return std::to_string(syscall(SYS_gettid)); }

TEST_F(NetworkChangeTest, AddressesAndDefaultRoutesAreHeardOfAndNoiseIsNot) {
  bool permitted = false;
  std::thread alone([&] {
    permitted = OwnNetwork();
    if (!permitted) return;
    std::latch address(1);
    std::latch route(2);
    const NetworkWatch::Subscription subscription(watch_, [&] {
      if (!address.try_wait()) address.count_down();
      if (!route.try_wait()) route.count_down();
    });
    const NetworkEvents events(watch_);
    // Interfaces that are down, a route to one network.
    EXPECT_EQ(Shell("ip link add quiet type veth && ip route add 10.98.0.0/24 dev lo").code, 0);
    EXPECT_EQ(Shell("ip addr add 10.97.0.1/32 dev lo").code, 0);
    address.wait();
    EXPECT_EQ(watch_.epoch().changes, 1u);
    EXPECT_EQ(Shell("ip route add default dev lo").code, 0);
    route.wait();
    EXPECT_EQ(watch_.epoch().resumes, 0u);
  });
  alone.join();
  if (!permitted) GTEST_SKIP() << "no network namespaces here";
}

class RealNetworkTest : public NetworkChangeTest {
 protected:
  // Runs `test` beside a server whose address is 10.99.0.1, from 10.99.0.2.
  void Run(const std::function<void(Origin&)>& test) {
    std::latch separate(1);
    std::latch connected(1);
    std::latch done(1);
    std::string server_tid;
    bool permitted = false;
    Origin::Options options;
    options.address = "10.99.0.1";
    Origin origin(options);
    origin.PutOracle("file", kSize);
    std::thread server([&] {
      permitted = OwnNetwork();
      server_tid = Tid();
      separate.count_down();
      if (!permitted) return;
      connected.wait();
      EXPECT_EQ(Shell("ip addr add 10.99.0.1/24 dev near && ip link set near up").code, 0);
      EXPECT_TRUE(origin.Start().ok());
      done.count_down();
    });
    separate.wait();
    std::thread client([&] {
      if (!permitted || !OwnNetwork()) return;
      const Ran ran = Shell(
          "ip link add far type veth peer name near netns $1 && ip addr add 10.99.0.2/24 dev far "
          "&& ip link set far up",
          {server_tid});
      EXPECT_EQ(ran.code, 0) << ran.err;
      connected.count_down();
      done.wait();
      test(origin);
    });
    client.join();
    server.join();
    if (!permitted) GTEST_SKIP() << "no network namespaces here";
  }
};

TEST_F(RealNetworkTest, AConnectionWhoseAddressIsGoneEndsAndTheNextOneWorks) {
  Run([this](Origin& origin) {
    HttpTransport before({});
    ASSERT_TRUE(Get(before, origin).ok()) << "the link is not up yet";
    const NetworkEvents events(watch_);
    HttpTransport transport(Options());
    origin.CloseGate("file", 1000);
    std::thread mover([&] {
      origin.AwaitAtGate("file", 1);
      const Ran ran = Shell("ip addr del 10.99.0.2/24 dev far && ip addr add 10.99.0.3/24 dev far");
      EXPECT_EQ(ran.code, 0) << ran.err;
    });
    const TimePoint start = Clock::Steady().Now();
    EXPECT_EQ(Get(transport, origin).code(), Code::kUnavailable);
    EXPECT_LT(Clock::Steady().Now() - start, seconds(10));
    mover.join();
    origin.OpenGate("file");
    // The new address is a change of its own, and may come while this connects.
    Status again;
    do {
      again = Get(transport, origin);
    } while (again.code() == Code::kUnavailable && Clock::Steady().Now() - start < seconds(20));
    EXPECT_TRUE(again.ok()) << again.message();
  });
}

}  // namespace
}  // namespace brimfs
