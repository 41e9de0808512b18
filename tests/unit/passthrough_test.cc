#include "fs/passthrough.h"

#include <gtest/gtest.h>
#include <linux/fuse.h>

#include <cstring>
#include <vector>

namespace brimfs {
namespace {

constexpr uint32_t kInitExt = 1u << 30;
constexpr uint32_t kPassthrough2 = 1u << 5;  // in flags2

// The messages of one INIT, as the kernel and libfuse exchange them.
class PassthroughTest : public testing::Test {
 protected:
  void Request(uint32_t flags, uint32_t flags2, uint64_t unique = 2) {
    struct {
      fuse_in_header header{};
      fuse_init_in init{};
    } message;
    message.header.opcode = FUSE_INIT;
    message.header.unique = unique;
    message.init.flags = flags;
    message.init.flags2 = flags2;
    passthrough_.OnRequest(&message, sizeof message);
  }

  // What the kernel receives for libfuse's reply.
  std::vector<uint32_t> Reply(uint64_t unique = 2, int error = 0) {
    fuse_out_header header{};
    header.unique = unique;
    header.error = error;
    reply_ = {};
    reply_.flags = FUSE_ASYNC_READ;
    iovec iov[] = {{&header, sizeof header}, {&reply_, sizeof reply_}};
    passthrough_.OnReply(iov, 2);
    EXPECT_EQ(iov[1].iov_len, sizeof reply_);
    std::vector<uint32_t> words(sizeof reply_ / 4);
    std::memcpy(words.data(), iov[1].iov_base, sizeof reply_);
    return words;
  }

  // In words of fuse_init_out: flags, flags2, and max_stack_depth behind it.
  static constexpr size_t kFlags = 3, kFlags2 = 8, kStackDepth = 9;

  fuse_init_out reply_{};
  Passthrough passthrough_{true};
};

TEST_F(PassthroughTest, AnOfferIsTakenInTheReplyToInit) {
  Request(kInitExt | FUSE_ASYNC_READ, kPassthrough2);
  EXPECT_FALSE(passthrough_.enabled());
  const auto words = Reply();
  EXPECT_EQ(words[kFlags], FUSE_ASYNC_READ | kInitExt);
  EXPECT_EQ(words[kFlags2], kPassthrough2);
  EXPECT_EQ(words[kStackDepth], 1u);
  EXPECT_TRUE(passthrough_.enabled());
  EXPECT_EQ(reply_.flags2, 0u) << "libfuse's own copy is left alone";
}

TEST_F(PassthroughTest, WithoutAnOfferTheReplyIsLibfusesOwn) {
  Request(kInitExt, 0);
  const auto words = Reply();
  EXPECT_EQ(words[kFlags], static_cast<uint32_t>(FUSE_ASYNC_READ));
  EXPECT_EQ(words[kFlags2], 0u);
  EXPECT_EQ(words[kStackDepth], 0u);
  EXPECT_FALSE(passthrough_.enabled());
}

TEST_F(PassthroughTest, Flags2CountsOnlyWhereTheKernelSaysThatItIsThere) {
  Request(0, kPassthrough2);
  EXPECT_EQ(Reply()[kFlags2], 0u);
  EXPECT_FALSE(passthrough_.enabled());
}

TEST_F(PassthroughTest, OtherRepliesPassUnchanged) {
  Request(kInitExt, kPassthrough2, 2);
  EXPECT_EQ(Reply(4)[kFlags2], 0u);
  EXPECT_FALSE(passthrough_.enabled());
  EXPECT_EQ(Reply(2)[kFlags2], kPassthrough2);
  EXPECT_EQ(Reply(2)[kFlags2], 0u) << "only once";
}

TEST_F(PassthroughTest, ARefusedInitNegotiatesNothing) {
  Request(kInitExt, kPassthrough2);
  EXPECT_EQ(Reply(2, -EPROTO)[kFlags2], 0u);
  EXPECT_FALSE(passthrough_.enabled());
}

TEST_F(PassthroughTest, AShortInitOfAnOldKernelIsNoOffer) {
  struct {
    fuse_in_header header{};
    uint32_t words[4]{};
  } message;
  message.header.opcode = FUSE_INIT;
  message.header.unique = 2;
  message.words[3] = kInitExt;
  passthrough_.OnRequest(&message, sizeof message);
  EXPECT_EQ(Reply()[kFlags2], 0u);
}

TEST_F(PassthroughTest, RegisteringWithoutNegotiationIsUnsupported) {
  EXPECT_EQ(passthrough_.Register(0).code(), Code::kUnsupported);
}

TEST_F(PassthroughTest, UnregisteringAfterTheSessionDoesNothing) {
  passthrough_.SetFd(-1);
  passthrough_.Unregister(1);
}

TEST(PassthroughOffTest, AnOfferIsLeftAlone) {
  Passthrough off(false);
  struct {
    fuse_in_header header{};
    fuse_init_in init{};
  } message;
  message.header.opcode = FUSE_INIT;
  message.header.unique = 2;
  message.init.flags = kInitExt;
  message.init.flags2 = kPassthrough2;
  off.OnRequest(&message, sizeof message);
  fuse_out_header header{};
  header.unique = 2;
  fuse_init_out reply{};
  iovec iov[] = {{&header, sizeof header}, {&reply, sizeof reply}};
  off.OnReply(iov, 2);
  EXPECT_EQ(iov[1].iov_base, &reply);
  EXPECT_FALSE(off.enabled());
}

TEST(PassthroughOpenReplyTest, HoldsHandleFlagsAndBackingId) {
  const auto bytes = Passthrough::OpenReply(0x1122334455667788, 7);
  struct {
    uint64_t handle;
    uint32_t flags;
    int32_t backing_id;
  } out;
  static_assert(sizeof out == sizeof bytes);
  std::memcpy(&out, bytes.data(), sizeof out);
  EXPECT_EQ(out.handle, 0x1122334455667788u);
  EXPECT_EQ(out.flags, 1u << 7 | 1u << 5)
      << "FOPEN_PASSTHROUGH, FOPEN_NOFLUSH, no FOPEN_KEEP_CACHE";
  EXPECT_EQ(out.backing_id, 7);
}

}  // namespace
}  // namespace brimfs
