// What the kernel asks about names and files, and what it is answered.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>

#include "tests/component/fuse_protocol_fixture.h"

namespace brimfs {
namespace {

constexpr uint32_t kNoExport2 = 1u << 6;  // in flags2

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

TEST_F(FuseProtocolTest, ACompleteFileIsOpenedWithItsBackingId) {
  WillingKernel kernel;
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

}  // namespace
}  // namespace brimfs
