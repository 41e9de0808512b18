// The whole file system behind a socket pair that speaks the FUSE protocol: without a kernel and
// without privilege.
#ifndef BRIMFS_TESTS_COMPONENT_FUSE_PROTOCOL_FIXTURE_H_
#define BRIMFS_TESTS_COMPONENT_FUSE_PROTOCOL_FIXTURE_H_

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "fs/session.h"
#include "tests/component/fuse_peer.h"
#include "tests/support/fake_backend.h"
#include "tests/support/temp_dir.h"

namespace brimfs {

// The reply to this request is not sent: what /dev/fuse answers when the request was interrupted.
extern std::atomic<uint64_t> refused_unique;

inline constexpr uint32_t kInitExt = 1u << 30;
inline constexpr uint32_t kPassthrough2 = 1u << 5;  // in flags2
inline constexpr uint64_t kRoot = 1;

// Says that it is the kernel's file, without a kernel.
class WillingKernel : public KernelBacking {
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

}  // namespace brimfs

#endif  // BRIMFS_TESTS_COMPONENT_FUSE_PROTOCOL_FIXTURE_H_
