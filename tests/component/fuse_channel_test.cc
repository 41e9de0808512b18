#include "fs/fuse_channel.h"

#include <gtest/gtest.h>
#include <linux/fuse.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <vector>

#include "core/unique_fd.h"
#include "fs/passthrough.h"

namespace brimfs {
namespace {

constexpr uint64_t kInit = 2;  // the number of the request
constexpr uint64_t kNext = 4;

class FuseChannelTest : public ::testing::Test {
 protected:
  FuseChannelTest() {
    std::array<int, 2> ends{};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()), 0);
    kernel_ = UniqueFd(ends[0]);
    ours_ = UniqueFd(ends[1]);
  }

  void AskInit() {
    struct {
      fuse_in_header header;
      fuse_init_in init;
    } request{};
    request.header.len = sizeof request;
    request.header.opcode = FUSE_INIT;
    request.header.unique = kInit;
    request.init.major = FUSE_KERNEL_VERSION;
    request.init.flags = 1u << 30;  // FUSE_INIT_EXT
    request.init.flags2 = 1u << 6;  // FUSE_NO_EXPORT_SUPPORT
    ASSERT_EQ(send(kernel_.get(), &request, sizeof request, 0), ssize_t{sizeof request});
    std::array<std::byte, 256> read;
    ASSERT_EQ(io_.read(ours_.get(), read.data(), read.size(), &userdata_), ssize_t{sizeof request});
  }

  // What the kernel gets of this reply, all zeros as it is made.
  std::vector<char> Reply(uint64_t unique) {
    fuse_out_header header{};
    header.unique = unique;
    std::vector<char> payload(sizeof(fuse_init_out));
    std::array<iovec, 2> iov{{{&header, sizeof header}, {payload.data(), payload.size()}}};
    EXPECT_GT(io_.writev(ours_.get(), iov.data(), 2, &userdata_), 0);
    std::array<char, 256> got;
    const ssize_t size = recv(kernel_.get(), got.data(), got.size(), 0);
    EXPECT_EQ(size, static_cast<ssize_t>(sizeof header + payload.size()));
    return {got.begin() + sizeof header, got.begin() + size};
  }

  UniqueFd kernel_;
  UniqueFd ours_;
  int accepted_ = 0;
  Passthrough passthrough_{false};
  FuseChannel channel_{passthrough_, [this] { ++accepted_; }, [] {}};
  FuseUserdata userdata_{nullptr, &channel_};
  const fuse_custom_io io_ = FuseChannel::Io();
};

TEST_F(FuseChannelTest, TheReplyToInitSaysWhatLibfuseDoesNotKnow) {
  AskInit();
  const std::vector<char> bytes = Reply(kInit);
  fuse_init_out out;
  std::memcpy(&out, bytes.data(), sizeof out);
  EXPECT_NE(out.flags & FUSE_PARALLEL_DIROPS, 0u);
  EXPECT_NE(out.flags2, 0u);
  EXPECT_EQ(accepted_, 1);
}

// The kernel asks on as soon as it has the reply to INIT, maybe before we know that it has.
TEST_F(FuseChannelTest, AnotherReplyIsLeftAsItIsEvenIfItIsSoonerThanInitIsKnownToBeAnswered) {
  AskInit();
  EXPECT_EQ(Reply(kNext), std::vector<char>(sizeof(fuse_init_out)));
  EXPECT_EQ(accepted_, 0);
  (void)Reply(kInit);
  EXPECT_EQ(accepted_, 1);
  EXPECT_EQ(Reply(kNext + 2), std::vector<char>(sizeof(fuse_init_out)));
  EXPECT_EQ(accepted_, 1);
}

}  // namespace
}  // namespace brimfs
