// The FUSE protocol over a socket pair: the whole file system without a kernel and without
// privilege.
#include <dirent.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <optional>
#include <thread>

#include "fs/session.h"
#include "tests/component/fuse_peer.h"
#include "tests/support/fake_backend.h"
#include "tests/support/gated_stat.h"
#include "tests/support/stepped_backend.h"
#include "tests/support/temp_dir.h"

namespace {

// The reply to this request is not sent: what /dev/fuse answers when the request was interrupted.
std::atomic<uint64_t> refused_unique{0};

}  // namespace

extern "C" ssize_t writev(int fd, const iovec* iov, int count) {
  if (count > 0 && iov[0].iov_len == sizeof(fuse_out_header)) {
    fuse_out_header header;
    std::memcpy(&header, iov[0].iov_base, sizeof header);
    if (header.unique != 0 && header.unique == refused_unique) {
      errno = ENOENT;
      return -1;
    }
  }
  // The same for a socket, and ThreadSanitizer sees that it orders this thread before the
  // receiver's.
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(iov);
  message.msg_iovlen = static_cast<size_t>(count);
  return sendmsg(fd, &message, MSG_NOSIGNAL);
}

namespace brimfs {
namespace {

using testing::ElementsAre;

constexpr uint32_t kInitExt = 1u << 30;
constexpr uint32_t kPassthrough2 = 1u << 5;  // in flags2
constexpr uint32_t kNoExport2 = 1u << 6;     // in flags2
constexpr uint64_t kRoot = 1;

// Says that it is the kernel's file, without a kernel.
class FakeKernel : public KernelBacking {
 public:
  bool enabled() const override { return true; }
  Result<int> Register(int) override { return 7; }
  void Unregister(int backing_id) override { unregistered = backing_id; }

  std::atomic<int> unregistered{0};
};

class FuseProtocolTest : public testing::Test {
 protected:
  // Only what is recorded becomes the kernel's.
  void AwaitKept(uint64_t node) {
    while (*filesystem_->GetXattr(node, "user.brimfs.kept") != "yes") cache_->Flush();
  }

  ~FuseProtocolTest() override { Stop(); }

  // Call before Start.
  Session::Settings settings_;
  Cache::Options cache_options_;
  KernelBacking* kernel_ = nullptr;
  Backend* source_ = nullptr;  // instead of backend_

  void Start() {
    cache_options_.driver = settings_.options.driver;
    cache_options_.directory = directory_ / "cache";
    if (source_ == nullptr) source_ = &backend_;
    auto cache = Cache::Create(cache_options_, *source_, Clock::Steady());
    ASSERT_TRUE(cache.ok()) << cache.status().ToString();
    cache_ = std::move(*cache);
    FileSystem::Options options;
    options.negative_ttl = settings_.options.negative_ttl;
    filesystem_ =
        std::make_unique<FileSystem>(*source_, *cache_, Clock::Steady(), kernel_, options);
    int ends[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    peer_ = std::make_unique<FusePeer>(ends[0]);
    auto session = Session::Serve(ends[1], settings_, *filesystem_, passthrough_);
    ASSERT_TRUE(session.ok()) << session.status().ToString();
    session_ = std::move(*session);
    loop_ = std::thread([this] { ended_ = session_->Loop(); });
  }

  void StartAndInit() {
    Start();
    Init(FUSE_ASYNC_READ | FUSE_DO_READDIRPLUS, 0);
  }

  // As an unmount: the loop ends without an error, whatever is waiting.
  void Stop() {
    refused_unique = 0;
    if (peer_ == nullptr) return;
    peer_->Close();
    if (loop_.joinable()) loop_.join();
    EXPECT_TRUE(ended_.ok()) << ended_.ToString();
    session_.reset();
  }

  fuse_init_out Init(uint32_t flags, uint32_t flags2) {
    fuse_init_in in{};
    in.major = FUSE_KERNEL_VERSION;
    in.minor = FUSE_KERNEL_MINOR_VERSION;
    in.max_readahead = 128 << 10;
    in.flags = flags | kInitExt;
    in.flags2 = flags2;
    const FuseReply reply = peer_->Call(FUSE_INIT, 0, in);
    EXPECT_EQ(reply.error, 0);
    return reply.As<fuse_init_out>();
  }

  FuseReply LookUp(const std::string& name, uint64_t parent = kRoot) {
    return peer_->Call(FUSE_LOOKUP, parent, std::string_view(name.c_str(), name.size() + 1));
  }

  uint64_t NodeOf(const std::string& name) {
    const FuseReply reply = LookUp(name);
    EXPECT_EQ(reply.error, 0) << name;
    return reply.As<fuse_entry_out>().nodeid;
  }

  FuseReply Open(uint64_t node, uint32_t flags = O_RDONLY, uint32_t opcode = FUSE_OPEN) {
    fuse_open_in in{};
    in.flags = flags;
    return peer_->Call(opcode, node, in);
  }

  uint64_t Opened(uint64_t node) {
    const FuseReply reply = Open(node);
    EXPECT_EQ(reply.error, 0);
    return reply.As<fuse_open_out>().fh;
  }

  void Release(uint64_t node, uint64_t fh, uint32_t opcode = FUSE_RELEASE) {
    fuse_release_in in{};
    in.fh = fh;
    EXPECT_EQ(peer_->Call(opcode, node, in).error, 0);
  }

  uint64_t SendRead(uint64_t node, uint64_t fh, uint64_t offset, uint32_t size,
                    uint32_t opcode = FUSE_READ) {
    fuse_read_in in{};
    in.fh = fh;
    in.offset = offset;
    in.size = size;
    return peer_->Send(opcode, node, in);
  }

  FuseReply Read(uint64_t node, uint64_t fh, uint64_t offset, uint32_t size) {
    return peer_->Await(SendRead(node, fh, offset, size));
  }

  void Interrupt(uint64_t unique) {
    fuse_interrupt_in in{};
    in.unique = unique;
    peer_->Send(FUSE_INTERRUPT, 0, in);
  }

  void Forget(uint64_t node, uint64_t count) {
    const size_t before = filesystem_->node_count();
    fuse_forget_in in{};
    in.nlookup = count;
    peer_->Send(FUSE_FORGET, node, in);
    AwaitNodes(before - 1);
  }

  // Nobody answers what makes the kernel forget, and libfuse drops what it has read when the
  // session ends.
  void AwaitNodes(size_t count) {
    while (filesystem_->node_count() != count) {
      (void)peer_->Call(FUSE_GETATTR, kRoot, fuse_getattr_in{});
    }
  }

  static std::string Oracle(uint64_t begin, uint64_t end, uint64_t seed = 1) {
    const auto bytes = OracleBytes(seed, {begin, end});
    return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }

  // Node and handle of a file of whose bytes none from `at` on arrive, while its first fill block
  // has.
  struct Gated {
    uint64_t node;
    uint64_t fh;
  };
  static constexpr uint64_t kGate = kFillBlock;
  Gated OpenGated(const std::string& name, uint64_t length) {
    backend_.Put(name, length);
    backend_.CloseGate(name, kGate);
    Gated file{NodeOf(name), 0};
    file.fh = Opened(file.node);
    EXPECT_EQ(Read(file.node, file.fh, 0, 4096).data, Oracle(0, 4096));
    return file;
  }

  TempDir directory_;
  FakeBackend backend_;
  Passthrough passthrough_{true};
  std::unique_ptr<Cache> cache_;
  std::unique_ptr<FileSystem> filesystem_;
  std::unique_ptr<FusePeer> peer_;
  std::unique_ptr<Session> session_;
  Status ended_;
  std::thread loop_;
};

TEST_F(FuseProtocolTest, InitAsksForManyRequestsAtOnceAndLongReads) {
  Start();
  const fuse_init_out out = Init(~0u, 0);
  EXPECT_EQ(out.major, 7u);
  EXPECT_EQ(out.max_background, 4096);
  EXPECT_EQ(out.congestion_threshold, 4096);
  EXPECT_GE(out.max_pages, (1 << 20) / 4096);
  EXPECT_EQ(out.max_readahead, 128u << 10);
  const uint32_t wanted = FUSE_ASYNC_READ | FUSE_DO_READDIRPLUS | FUSE_READDIRPLUS_AUTO |
                          FUSE_PARALLEL_DIROPS | FUSE_MAX_PAGES;
  EXPECT_EQ(out.flags & wanted, wanted);
  EXPECT_EQ(out.flags & (FUSE_WRITEBACK_CACHE | FUSE_AUTO_INVAL_DATA | FUSE_EXPORT_SUPPORT), 0u);
}

TEST_F(FuseProtocolTest, InitTakesPassthroughWhereItIsOffered) {
  Start();
  const fuse_init_out out = Init(0, kPassthrough2);
  EXPECT_EQ(out.flags & kInitExt, kInitExt);
  EXPECT_EQ(out.flags2 & kPassthrough2, kPassthrough2);
  uint32_t max_stack_depth;
  std::memcpy(&max_stack_depth, reinterpret_cast<const char*>(&out.flags2) + 4, 4);
  EXPECT_EQ(max_stack_depth, 1u);
  EXPECT_TRUE(passthrough_.enabled());
}

TEST_F(FuseProtocolTest, InitWithoutAnOfferHasNoPassthrough) {
  Start();
  EXPECT_EQ(Init(0, 0).flags2 & kPassthrough2, 0u);
  EXPECT_FALSE(passthrough_.enabled());
}

TEST_F(FuseProtocolTest, InitRefusesFileHandlesThatOutliveTheirNodes) {
  Start();
  EXPECT_EQ(Init(0, kNoExport2).flags2 & kNoExport2, kNoExport2);
}

TEST_F(FuseProtocolTest, InitSaysNothingOfFileHandlesToAKernelThatDoesNotOfferIt) {
  Start();
  EXPECT_EQ(Init(0, 0).flags2 & kNoExport2, 0u);
}

TEST_F(FuseProtocolTest, IntrGivesUpAsynchronousReads) {
  settings_.options.intr = true;
  Start();
  EXPECT_EQ(Init(~0u, 0).flags & FUSE_ASYNC_READ, 0u);
}

TEST_F(FuseProtocolTest, ReadyIsCalledOnceInitIsAnswered) {
  std::atomic<int> ready{0};
  settings_.ready = [&ready] { ++ready; };
  StartAndInit();
  LookUp("none");
  EXPECT_EQ(ready, 1);
  Stop();
}

TEST_F(FuseProtocolTest, AFileIsThereWithItsFullSizeBeforeAnythingIsFetched) {
  settings_.options.uid = 7;
  settings_.options.gid = 8;
  settings_.options.dmask = 0027;
  settings_.options.fmask = 0137;
  backend_.Put("file", 1000);
  StartAndInit();
  const FuseReply reply = LookUp("file");
  ASSERT_EQ(reply.error, 0);
  const auto entry = reply.As<fuse_entry_out>();
  EXPECT_NE(entry.nodeid, 0u);
  EXPECT_EQ(entry.attr.ino, entry.nodeid);
  EXPECT_EQ(entry.attr.mode, S_IFREG | 0440u);
  EXPECT_EQ(entry.attr.size, 1000u);
  EXPECT_EQ(entry.attr.blocks, 2u) << "never a hole";
  EXPECT_EQ(entry.attr.nlink, 1u);
  EXPECT_EQ(entry.attr.uid, 7u);
  EXPECT_EQ(entry.attr.gid, 8u);
  EXPECT_GT(entry.entry_valid, 0u);
  EXPECT_GT(entry.attr_valid, 1u << 20);
  EXPECT_TRUE(backend_.fetches().empty());

  const FuseReply attributes = peer_->Call(FUSE_GETATTR, entry.nodeid, fuse_getattr_in{});
  EXPECT_EQ(attributes.As<fuse_attr_out>().attr.size, 1000u);
  const FuseReply root = peer_->Call(FUSE_GETATTR, kRoot, fuse_getattr_in{});
  EXPECT_EQ(root.As<fuse_attr_out>().attr.mode, S_IFDIR | 0550u);
}

TEST_F(FuseProtocolTest, WithAllowRootTheKernelAnswersNothingFromItsMemory) {
  settings_.options.kernel = {"allow_root"};
  backend_.Put("file", 1000);
  StartAndInit();
  const auto entry = LookUp("file").As<fuse_entry_out>();
  EXPECT_EQ(entry.entry_valid + entry.entry_valid_nsec, 0u);
  EXPECT_EQ(entry.attr_valid + entry.attr_valid_nsec, 0u);
  const FuseReply attributes = peer_->Call(FUSE_GETATTR, entry.nodeid, fuse_getattr_in{});
  EXPECT_EQ(attributes.As<fuse_attr_out>().attr_valid, 0u);
  EXPECT_EQ(LookUp("none").error, ENOENT);
}

TEST_F(FuseProtocolTest, ANameThatIsNotThereIsRememberedByTheKernel) {
  StartAndInit();
  const FuseReply reply = LookUp("none");
  EXPECT_EQ(reply.error, 0);
  const auto entry = reply.As<fuse_entry_out>();
  EXPECT_EQ(entry.nodeid, 0u);
  EXPECT_GE(entry.entry_valid, 4u);
  EXPECT_LE(entry.entry_valid, 5u);
}

TEST_F(FuseProtocolTest, WithoutNegativeTtlANameThatIsNotThereIsENOENT) {
  settings_.options.negative_ttl = Duration::zero();
  StartAndInit();
  EXPECT_EQ(LookUp("none").error, ENOENT);
}

TEST_F(FuseProtocolTest, TroubleOfTheSourceIsAnErrorAndNotAnAbsentName) {
  StartAndInit();
  backend_.FailMetadata(Status(Code::kDenied, "no"));
  EXPECT_EQ(LookUp("file").error, EACCES);
}

TEST_F(FuseProtocolTest, ReadsReturnTheBytesCutAtTheEndOfTheFile) {
  backend_.Put("file", 200'000);
  StartAndInit();
  const uint64_t node = NodeOf("file");
  const FuseReply opened = Open(node);
  ASSERT_EQ(opened.error, 0);
  const auto out = opened.As<fuse_open_out>();
  EXPECT_EQ(out.open_flags, FOPEN_KEEP_CACHE | FOPEN_NOFLUSH);
  EXPECT_EQ(Read(node, out.fh, 0, 4096).data, Oracle(0, 4096));
  EXPECT_EQ(Read(node, out.fh, 100'001, 65'536).data, Oracle(100'001, 165'537));
  EXPECT_EQ(Read(node, out.fh, 199'000, 4096).data, Oracle(199'000, 200'000));
  const FuseReply past = Read(node, out.fh, 204'800, 4096);
  EXPECT_EQ(past.error, 0);
  EXPECT_EQ(past.data, "");
  EXPECT_EQ(Read(node, out.fh, uint64_t{1} << 63, 4096).error, EINVAL);
  EXPECT_EQ(Read(node, out.fh, (uint64_t{1} << 63) - 1, 4096).error, EINVAL);
  Release(node, out.fh);
}

TEST_F(FuseProtocolTest, AFailedFetchIsItsErrno) {
  backend_.Put("file", 1000);
  StartAndInit();
  const uint64_t node = NodeOf("file");
  const uint64_t fh = Opened(node);
  backend_.FailNext("file", Status(Code::kDenied, "no"));
  EXPECT_EQ(Read(node, fh, 0, 100).error, EACCES);
  Release(node, fh);
}

TEST_F(FuseProtocolTest, ForgottenNodesLeave) {
  for (int i = 0; i < 10; ++i) backend_.Put("f" + std::to_string(i), 1);
  StartAndInit();
  std::vector<uint64_t> nodes;
  for (int i = 0; i < 10; ++i) nodes.push_back(NodeOf("f" + std::to_string(i)));
  EXPECT_EQ(NodeOf("f0"), nodes[0]) << "a second count";
  const size_t held = filesystem_->node_count();
  Forget(nodes[0], 2);
  struct {
    fuse_batch_forget_in in{};
    fuse_forget_one one[9]{};
  } batch;
  batch.in.count = 9;
  for (size_t i = 0; i < 9; ++i) batch.one[i] = {nodes[i + 1], 1};
  peer_->Send(FUSE_BATCH_FORGET, 0, batch);
  AwaitNodes(held - 10);
}

TEST_F(FuseProtocolTest, WhateverWouldWriteIsEROFS) {
  backend_.Put("file", 1000);
  StartAndInit();
  const uint64_t node = NodeOf("file");
  const std::string_view name("name\0", 5);
  const std::string_view two_names("name\0other\0", 11);
  const auto erofs = [&](uint32_t opcode, const auto& in, std::string_view tail) {
    EXPECT_EQ(peer_->Call(opcode, node, in, tail).error, EROFS) << "opcode " << opcode;
  };
  erofs(FUSE_SETATTR, fuse_setattr_in{}, {});
  erofs(FUSE_MKNOD, fuse_mknod_in{}, name);
  erofs(FUSE_MKDIR, fuse_mkdir_in{}, name);
  erofs(FUSE_RENAME, fuse_rename_in{}, two_names);
  erofs(FUSE_RENAME2, fuse_rename2_in{}, two_names);
  erofs(FUSE_LINK, fuse_link_in{}, name);
  fuse_write_in write{};
  write.size = 5;
  erofs(FUSE_WRITE, write, name);
  erofs(FUSE_CREATE, fuse_create_in{}, name);
  fuse_setxattr_in xattr{};
  xattr.size = 5;
  const std::string set("user.x\0value", 12);
  // Without FUSE_SETXATTR_EXT only the first eight bytes are sent.
  EXPECT_EQ(
      peer_->Call(FUSE_SETXATTR, node, std::string(reinterpret_cast<const char*>(&xattr), 8) + set)
          .error,
      EROFS);
  erofs(FUSE_FALLOCATE, fuse_fallocate_in{}, {});
  erofs(FUSE_COPY_FILE_RANGE, fuse_copy_file_range_in{}, {});
  EXPECT_EQ(peer_->Call(FUSE_UNLINK, kRoot, name).error, EROFS);
  EXPECT_EQ(peer_->Call(FUSE_RMDIR, kRoot, name).error, EROFS);
  EXPECT_EQ(peer_->Call(FUSE_SYMLINK, kRoot, two_names).error, EROFS);
  EXPECT_EQ(peer_->Call(FUSE_REMOVEXATTR, node, name).error, EROFS);
  for (const uint32_t flags : {O_WRONLY, O_RDWR, O_RDONLY | O_TRUNC}) {
    EXPECT_EQ(Open(node, flags).error, EROFS) << "flags " << flags;
  }
}

TEST_F(FuseProtocolTest, AnInterruptEndsOneWaitAndTheOthersGoOn) {
  StartAndInit();
  const Gated file = OpenGated("file", 2 * kFillBlock);
  const uint64_t one = SendRead(file.node, file.fh, kGate, 4096);
  const uint64_t other = SendRead(file.node, file.fh, kGate, 4096);
  Interrupt(one);
  EXPECT_EQ(peer_->Await(one).error, EINTR);
  EXPECT_EQ(Read(file.node, file.fh, 100, 50).data, Oracle(100, 150));
  backend_.OpenGate("file");
  EXPECT_EQ(peer_->Await(other).data, Oracle(kGate, kGate + 4096));
}

TEST_F(FuseProtocolTest, AnInterruptEndsAParkedWait) {
  settings_.blocking_threads = 1;
  StartAndInit();
  const Gated file = OpenGated("file", 2 * kFillBlock);
  std::vector<uint64_t> reads;
  for (int i = 0; i < 8; ++i) reads.push_back(SendRead(file.node, file.fh, kGate, 4096));
  for (const uint64_t read : reads) Interrupt(read);
  for (const uint64_t read : reads) EXPECT_EQ(peer_->Await(read).error, EINTR);
}

TEST_F(FuseProtocolTest, AnInterruptThatArrivesBeforeItsRequestCounts) {
  StartAndInit();
  const Gated file = OpenGated("file", 2 * kFillBlock);
  // The number that the next request but this one will have.
  const uint64_t next = peer_->Send(FUSE_LOOKUP, kRoot, std::string_view("none\0", 5)) + 4;
  Interrupt(next);
  const uint64_t read = SendRead(file.node, file.fh, kGate, 4096);
  ASSERT_EQ(read, next);
  EXPECT_EQ(peer_->Await(read).error, EINTR);
}

TEST_F(FuseProtocolTest, ReadsBeyondTheBlockingShareAreParkedAndAllAnswered) {
  settings_.max_threads = 4;
  settings_.blocking_threads = 2;
  StartAndInit();
  const Gated file = OpenGated("file", 2 * kFillBlock);
  std::vector<uint64_t> reads;
  for (uint64_t i = 0; i < 100; ++i) {
    reads.push_back(SendRead(file.node, file.fh, kGate + i * 100, 4096));
  }
  // Answered while the others wait.
  EXPECT_EQ(Read(file.node, file.fh, 0, 10).data, Oracle(0, 10));
  backend_.OpenGate("file");
  for (uint64_t i = 0; i < 100; ++i) {
    EXPECT_EQ(peer_->Await(reads[i]).data, Oracle(kGate + i * 100, kGate + i * 100 + 4096));
  }
}

TEST_F(FuseProtocolTest, TwoThousandWaitingReadersLeaveLookupsAndFilledReadsAlone) {
  settings_.max_threads = 64;
  settings_.blocking_threads = 48;
  StartAndInit();
  const Gated file = OpenGated("file", 64 * kFillBlock);
  backend_.Put("other", 10);
  std::vector<uint64_t> reads;
  for (uint64_t i = 0; i < 2000; ++i) {
    reads.push_back(SendRead(file.node, file.fh, kGate + i * 1000, 1000));
  }
  EXPECT_EQ(LookUp("other").As<fuse_entry_out>().attr.size, 10u);
  EXPECT_EQ(Read(file.node, file.fh, 0, 10).data, Oracle(0, 10));
  EXPECT_EQ(peer_->unclaimed(), 0u) << "no reader was answered without its bytes";
  backend_.OpenGate("file");
  for (uint64_t i = 0; i < 2000; ++i) {
    ASSERT_EQ(peer_->Await(reads[i]).data, Oracle(kGate + i * 1000, kGate + i * 1000 + 1000)) << i;
  }
}

TEST_F(FuseProtocolTest, ALookupThatWaitsForItsTurnCanBeInterrupted) {
  GatedStat gated(backend_);
  source_ = &gated;
  backend_.Put("slow", 10);
  backend_.Put("next", 20);
  settings_.max_threads = 4;
  settings_.blocking_threads = 2;  // one of them for metadata
  StartAndInit();
  const auto look_up = [&](std::string name) {
    return peer_->Send(FUSE_LOOKUP, kRoot, std::string_view(name.c_str(), name.size() + 1));
  };
  const uint64_t slow = look_up("slow");
  gated.AwaitAtGate(1);
  const uint64_t next = look_up("next");
  const uint64_t last = look_up("last");
  Interrupt(next);
  EXPECT_EQ(peer_->Await(next).error, EINTR);
  gated.OpenGate();
  EXPECT_EQ(peer_->Await(slow).As<fuse_entry_out>().attr.size, 10u);
  EXPECT_EQ(peer_->Await(last).As<fuse_entry_out>().nodeid, 0u);
  Stop();
}

TEST_F(FuseProtocolTest, AnInterruptEndsALookup) {
  GatedStat gated(backend_);
  source_ = &gated;
  StartAndInit();
  const uint64_t slow = peer_->Send(FUSE_LOOKUP, kRoot, std::string_view("slow\0", 5));
  gated.AwaitAtGate(1);
  Interrupt(slow);
  EXPECT_EQ(peer_->Await(slow).error, EINTR);
  Stop();
}

TEST_F(FuseProtocolTest, AnUnmountEndsEveryWait) {
  settings_.max_threads = 4;
  settings_.blocking_threads = 2;
  StartAndInit();
  const Gated file = OpenGated("file", 2 * kFillBlock);
  for (int i = 0; i < 20; ++i) SendRead(file.node, file.fh, kGate, 4096);
  backend_.AwaitAtGate("file", 1);
  Stop();
}

TEST_F(FuseProtocolTest, AnInterruptedLookupIsNotCounted) {
  settings_.max_threads = 1;  // one request after the other
  backend_.Put("file", 10);
  StartAndInit();
  const size_t before = filesystem_->node_count();
  const uint64_t unique = peer_->Send(FUSE_LOOKUP, kRoot, std::string_view("none\0", 5));
  peer_->Await(unique);
  refused_unique = unique + 2;
  peer_->Send(FUSE_LOOKUP, kRoot, std::string_view("file\0", 5));
  LookUp("none");
  EXPECT_EQ(filesystem_->node_count(), before);
}

TEST_F(FuseProtocolTest, AnInterruptedOpenIsReleased) {
  FakeKernel kernel;
  kernel_ = &kernel;
  backend_.Put("file", 1000);
  settings_.max_threads = 1;  // one request after the other
  StartAndInit();
  const uint64_t node = NodeOf("file");
  const uint64_t fh = Opened(node);
  Read(node, fh, 0, 1000);
  AwaitKept(node);
  fuse_release_in release{};
  release.fh = fh;
  const uint64_t unique = peer_->Send(FUSE_RELEASE, node, release);
  peer_->Await(unique);
  refused_unique = unique + 2;
  peer_->Send(FUSE_OPEN, node, fuse_open_in{});
  LookUp("none");
  EXPECT_EQ(kernel.unregistered, 7) << "passed through, interrupted, released";
}

TEST_F(FuseProtocolTest, ACompleteFileIsOpenedWithItsBackingId) {
  FakeKernel kernel;
  kernel_ = &kernel;
  backend_.Put("file", 1000);
  StartAndInit();
  const uint64_t node = NodeOf("file");
  const uint64_t filling = Opened(node);
  EXPECT_EQ(Read(node, filling, 0, 1000).data, Oracle(0, 1000));
  AwaitKept(node);
  Release(node, filling);

  const FuseReply reply = Open(node);
  ASSERT_EQ(reply.data.size(), sizeof(fuse_open_out));
  const auto out = reply.As<fuse_open_out>();
  EXPECT_EQ(out.open_flags, 1u << 7 | FOPEN_NOFLUSH) << "FOPEN_PASSTHROUGH, no KEEP_CACHE";
  EXPECT_EQ(reply.As<uint32_t>(12), 7u) << "the backing id is the last word";
  EXPECT_EQ(kernel.unregistered, 0);
  Release(node, out.fh);
  EXPECT_EQ(kernel.unregistered, 7);
}

TEST_F(FuseProtocolTest, BytesThatCannotBeReadBackAreFetchedAgain) {
  settings_.max_threads = 1;  // one request after the other
  backend_.Put("file", 4 * kFillBlock);
  StartAndInit();
  const uint64_t node = NodeOf("file");
  const uint64_t fh = Opened(node);
  // The whole block: what was still to be written would make the cut file grow again.
  EXPECT_EQ(Read(node, fh, 0, kFillBlock).data, Oracle(0, kFillBlock));
  int cut = 0;
  for (const auto& found : std::filesystem::recursive_directory_iterator(directory_.path())) {
    if (!found.is_regular_file() || found.file_size() != 4 * kFillBlock) continue;
    std::filesystem::resize_file(found.path(), 0);
    ++cut;
  }
  ASSERT_EQ(cut, 1);
  SendRead(node, fh, 0, 4096);  // /dev/fuse answers it with EIO by itself, a socket not at all
  EXPECT_EQ(Read(node, fh, 0, 4096).data, Oracle(0, 4096));
}

TEST_F(FuseProtocolTest, ExtendedAttributesKeepToTheSizeProtocol) {
  backend_.Put("file", 10);
  StartAndInit();
  const uint64_t node = NodeOf("file");
  const auto get = [&](std::string name, uint32_t size) {
    fuse_getxattr_in in{};
    in.size = size;
    return peer_->Call(FUSE_GETXATTR, node, in, std::string_view(name.c_str(), name.size() + 1));
  };
  const FuseReply size = get("user.brimfs.url", 0);
  ASSERT_EQ(size.error, 0);
  const uint32_t needed = size.As<fuse_getxattr_out>().size;
  EXPECT_EQ(needed, backend_.DisplayUrl("file").size());
  EXPECT_EQ(get("user.brimfs.url", needed).data, backend_.DisplayUrl("file"));
  EXPECT_EQ(get("user.brimfs.url", needed - 1).error, ERANGE);
  for (const char* const absent : {"user.other", "user.brimfs.none"}) {
    EXPECT_EQ(get(absent, 0).error, ENODATA) << absent;
  }
  for (const char* const unknown : {"security.selinux", "system.posix_acl_access", "trusted.x"}) {
    EXPECT_EQ(get(unknown, 0).error, EOPNOTSUPP) << unknown;
  }
}

TEST_F(FuseProtocolTest, NoExtendedAttributeIsListed) {
  StartAndInit();
  fuse_getxattr_in in{};
  EXPECT_EQ(peer_->Call(FUSE_LISTXATTR, kRoot, in).As<fuse_getxattr_out>().size, 0u);
  in.size = 100;
  const FuseReply list = peer_->Call(FUSE_LISTXATTR, kRoot, in);
  EXPECT_EQ(list.error, 0);
  EXPECT_EQ(list.data, "");
}

TEST_F(FuseProtocolTest, WhatIsNotFilledYetIsNoHole) {
  backend_.Put("file", 100);
  StartAndInit();
  const uint64_t node = NodeOf("file");
  const auto seek = [&](uint64_t offset, uint32_t whence) {
    fuse_lseek_in in{};
    in.offset = offset;
    in.whence = whence;
    return peer_->Call(FUSE_LSEEK, node, in);
  };
  EXPECT_EQ(seek(0, SEEK_DATA).As<fuse_lseek_out>().offset, 0u);
  EXPECT_EQ(seek(99, SEEK_DATA).As<fuse_lseek_out>().offset, 99u);
  EXPECT_EQ(seek(50, SEEK_HOLE).As<fuse_lseek_out>().offset, 100u);
  EXPECT_EQ(seek(100, SEEK_DATA).error, ENXIO);
  EXPECT_EQ(seek(100, SEEK_HOLE).error, ENXIO);
  EXPECT_EQ(seek(0, SEEK_SET).error, EINVAL);
}

TEST_F(FuseProtocolTest, StatfsTellsTheLongestName) {
  StartAndInit();
  EXPECT_EQ(peer_->Call(FUSE_STATFS, kRoot).As<fuse_statfs_out>().st.namelen, 255u);
}

// --- Directories
// ----------------------------------------------------------------------------------

struct Named {
  std::string name;
  uint64_t node;  // of readdirplus
  uint64_t offset;
  uint32_t type;
};

// The entries of one reply, in fuse_dirent's or fuse_direntplus' layout.
std::vector<Named> Entries(const std::string& data, bool plus) {
  std::vector<Named> entries;
  const FuseReply reply{0, data};
  for (size_t at = 0; at < data.size();) {
    Named named{};
    size_t dirent_at = at;
    if (plus) {
      named.node = reply.As<fuse_entry_out>(at).nodeid;
      dirent_at += offsetof(fuse_direntplus, dirent);
    }
    const auto dirent = reply.As<fuse_dirent>(dirent_at);
    EXPECT_NE(dirent.ino, 0u) << "glibc leaves those out";
    named.name = data.substr(dirent_at + offsetof(fuse_dirent, name), dirent.namelen);
    named.offset = dirent.off;
    named.type = dirent.type;
    entries.push_back(named);
    at = FUSE_DIRENT_ALIGN(dirent_at + offsetof(fuse_dirent, name) + dirent.namelen);
  }
  return entries;
}

class FuseDirectoryTest : public FuseProtocolTest {
 protected:
  // Everything that a directory holds, read with a buffer of `size` bytes.
  std::vector<Named> ReadAll(uint32_t opcode, uint32_t size) {
    const uint64_t fh = Open(kRoot, O_RDONLY, FUSE_OPENDIR).As<fuse_open_out>().fh;
    std::vector<Named> all;
    for (;;) {
      const FuseReply reply =
          peer_->Await(SendRead(kRoot, fh, all.empty() ? 0 : all.back().offset, size, opcode));
      EXPECT_EQ(reply.error, 0);
      EXPECT_LE(reply.data.size(), size);
      const auto part = Entries(reply.data, opcode == FUSE_READDIRPLUS);
      if (part.empty()) break;
      all.insert(all.end(), part.begin(), part.end());
    }
    Release(kRoot, fh, FUSE_RELEASEDIR);
    return all;
  }

  static std::vector<std::string> Names(const std::vector<Named>& entries) {
    std::vector<std::string> names;
    for (const Named& entry : entries) names.push_back(entry.name);
    return names;
  }
};

TEST_F(FuseDirectoryTest, ListsEveryNameOnceWhateverTheBuffer) {
  for (const char* const name : {"a", "dir/b", "long name with blanks", "z"}) backend_.Put(name, 5);
  StartAndInit();
  for (const uint32_t size : {120u, 200u, 4096u}) {
    const auto entries = ReadAll(FUSE_READDIR, size);
    EXPECT_THAT(Names(entries), ElementsAre(".", "..", "a", "dir", "long name with blanks", "z"));
    EXPECT_EQ(entries[2].type, static_cast<uint32_t>(DT_REG));
    EXPECT_EQ(entries[3].type, static_cast<uint32_t>(DT_DIR));
  }
}

TEST_F(FuseDirectoryTest, ReaddirplusGivesAttributesWithoutARequestAFile) {
  for (const char* const name : {"a", "b", "c"}) backend_.Put(name, 5);
  StartAndInit();
  const auto entries = ReadAll(FUSE_READDIRPLUS, 4096);
  ASSERT_THAT(Names(entries), ElementsAre(".", "..", "a", "b", "c"));
  EXPECT_EQ(entries[0].node, 0u);
  EXPECT_EQ(entries[1].node, 0u);
  EXPECT_EQ(backend_.stat_calls(), 0);
  for (size_t i = 2; i < 5; ++i) {
    ASSERT_NE(entries[i].node, 0u);
    const FuseReply attributes = peer_->Call(FUSE_GETATTR, entries[i].node, fuse_getattr_in{});
    EXPECT_EQ(attributes.As<fuse_attr_out>().attr.size, 5u);
    Forget(entries[i].node, 1);
  }
  Stop();
  EXPECT_EQ(filesystem_->node_count(), 1u);
}

TEST_F(FuseDirectoryTest, WhatDoesNotFitIsNotCounted) {
  for (const char* const name : {"a", "b", "c"}) backend_.Put(name, 5);
  StartAndInit();
  const auto entries = ReadAll(FUSE_READDIRPLUS, 200);
  ASSERT_THAT(Names(entries), ElementsAre(".", "..", "a", "b", "c"));
  for (size_t i = 2; i < 5; ++i) Forget(entries[i].node, 1);
  Stop();
  EXPECT_EQ(filesystem_->node_count(), 1u);
}

TEST_F(FuseDirectoryTest, WithoutExactSizesNamesComeWithoutAttributes) {
  for (const char* const name : {"a", "b"}) backend_.Put(name, 5);
  backend_.SetListedLengths(false);
  StartAndInit();
  const auto entries = ReadAll(FUSE_READDIRPLUS, 4096);
  ASSERT_THAT(Names(entries), ElementsAre(".", "..", "a", "b"));
  EXPECT_EQ(entries[2].node, 0u);
  EXPECT_EQ(entries[2].type, static_cast<uint32_t>(DT_REG));
  EXPECT_EQ(backend_.stat_calls(), 0);
}

TEST_F(FuseDirectoryTest, AnInterruptedReaddirplusIsUndone) {
  settings_.max_threads = 1;  // one request after the other
  for (const char* const name : {"a", "b"}) backend_.Put(name, 5);
  StartAndInit();
  const uint64_t fh = Open(kRoot, O_RDONLY, FUSE_OPENDIR).As<fuse_open_out>().fh;
  const uint64_t unique = SendRead(kRoot, fh, 0, 4096, FUSE_READDIR);
  peer_->Await(unique);
  refused_unique = unique + 2;
  SendRead(kRoot, fh, 0, 4096, FUSE_READDIRPLUS);
  Release(kRoot, fh, FUSE_RELEASEDIR);
  EXPECT_EQ(filesystem_->node_count(), 1u);
}

TEST_F(FuseDirectoryTest, ADirectoryThatCannotBeListedIsAnError) {
  StartAndInit();
  backend_.FailMetadata(Status(Code::kDenied, "no"));
  EXPECT_EQ(Open(kRoot, O_RDONLY, FUSE_OPENDIR).error, EACCES);
}

// Whose listing comes piece by piece.
class FuseStreamedTest : public FuseDirectoryTest {
 protected:
  FuseStreamedTest() { source_ = &stepped_; }
  ~FuseStreamedTest() override {
    Stop();
    filesystem_.reset();  // whose threads use stepped_
    cache_.reset();
  }

  // A handle of the root, of which a directory "a" has come: what comes next has this offset.
  static constexpr uint64_t kNext = 3;
  uint64_t OpenWithOneName() {
    stepped_.Give({"a/"});
    const uint64_t fh = Open(kRoot, O_RDONLY, FUSE_OPENDIR).As<fuse_open_out>().fh;
    stepped_.AwaitDone();
    return fh;
  }
  uint64_t SendReaddir(uint64_t fh, uint64_t offset, uint32_t opcode = FUSE_READDIR) {
    return SendRead(kRoot, fh, offset, 4096, opcode);
  }
  std::vector<std::string> Names(const FuseReply& reply, bool plus = false) {
    EXPECT_EQ(reply.error, 0);
    return FuseDirectoryTest::Names(Entries(reply.data, plus));
  }

  SteppedBackend stepped_;
};

TEST_F(FuseStreamedTest, AReaddirWaitsForTheNextNamesAndNoLonger) {
  StartAndInit();
  const uint64_t fh = OpenWithOneName();
  EXPECT_THAT(Names(peer_->Await(SendReaddir(fh, 0))), ElementsAre(".", "..", "a"));
  uint64_t waiting = SendReaddir(fh, kNext);
  EXPECT_EQ(LookUp("other").error, 0) << "answered while it waits";
  stepped_.Give({"b/"});
  EXPECT_THAT(Names(peer_->Await(waiting)), ElementsAre("b"));
  waiting = SendReaddir(fh, kNext + 1);
  stepped_.End();
  EXPECT_THAT(Names(peer_->Await(waiting)), ElementsAre()) << "the end";
  EXPECT_THAT(Names(peer_->Await(SendReaddir(fh, 1))), ElementsAre("..", "a", "b")) << "sought";
  EXPECT_THAT(Names(peer_->Await(SendReaddir(fh, 0))), ElementsAre(".", "..", "a", "b"));
  Release(kRoot, fh, FUSE_RELEASEDIR);
}

TEST_F(FuseStreamedTest, AReaddirplusThatHadToWaitHasTheAttributes) {
  StartAndInit();
  const uint64_t fh = OpenWithOneName();
  const uint64_t waiting = SendReaddir(fh, kNext, FUSE_READDIRPLUS);
  stepped_.Give({"b/", "c"});
  const FuseReply reply = peer_->Await(waiting);
  const std::vector<Named> entries = Entries(reply.data, /*plus=*/true);
  ASSERT_FALSE(entries.empty());
  EXPECT_EQ(entries[0].name, "b");
  EXPECT_NE(entries[0].node, 0u);
  EXPECT_EQ(entries[0].type, static_cast<uint32_t>(DT_DIR));
  EXPECT_EQ(stepped_.stat_calls(), 0);
}

TEST_F(FuseStreamedTest, AnInterruptEndsOneReaddirAndTheOthersGoOn) {
  settings_.max_threads = 1;  // one request after the other
  StartAndInit();
  const uint64_t fh = OpenWithOneName();
  const uint64_t one = SendReaddir(fh, kNext);
  const uint64_t other = SendReaddir(fh, kNext);
  Interrupt(one);
  EXPECT_EQ(peer_->Await(one).error, EINTR);
  stepped_.Give({"b/"});
  EXPECT_THAT(Names(peer_->Await(other)), ElementsAre("b"));
}

TEST_F(FuseStreamedTest, ReaddirsThatWaitTakeNoThreadFromAnybody) {
  settings_.max_threads = 4;
  settings_.blocking_threads = 2;
  stepped_.Put("file", 5);
  StartAndInit();
  const uint64_t fh = OpenWithOneName();
  std::vector<uint64_t> waiting;
  for (int i = 0; i < 100; ++i) waiting.push_back(SendReaddir(fh, kNext));
  EXPECT_EQ(LookUp("file").As<fuse_entry_out>().attr.size, 5u);
  EXPECT_EQ(peer_->unclaimed(), 0u);
  stepped_.Give({"b/"});
  for (const uint64_t unique : waiting) {
    EXPECT_THAT(Names(peer_->Await(unique)), ElementsAre("b"));
  }
}

TEST_F(FuseStreamedTest, AnErrorInTheMiddleIsTheReaddirs) {
  StartAndInit();
  const uint64_t fh = OpenWithOneName();
  const uint64_t waiting = SendReaddir(fh, kNext);
  stepped_.End(Status(Code::kTimedOut));
  EXPECT_EQ(peer_->Await(waiting).error, ETIMEDOUT);
  EXPECT_THAT(Names(peer_->Await(SendReaddir(fh, 0))), ElementsAre(".", "..", "a"));
  EXPECT_EQ(peer_->Await(SendReaddir(fh, kNext)).error, ETIMEDOUT);
}

TEST_F(FuseStreamedTest, AnUnmountEndsTheReaddirsThatWait) {
  StartAndInit();
  const uint64_t fh = OpenWithOneName();
  for (int i = 0; i < 20; ++i) SendReaddir(fh, kNext);
  EXPECT_EQ(LookUp("other").error, 0);
  Stop();
}

}  // namespace
}  // namespace brimfs
