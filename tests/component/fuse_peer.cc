#include "tests/component/fuse_peer.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <vector>

namespace brimfs {

FusePeer::FusePeer(int fd) : fd_(fd), receiver_([this] { Receive(); }) {}

FusePeer::~FusePeer() {
  Close();
  receiver_.join();
  close(fd_);
}

void FusePeer::Close() { shutdown(fd_, SHUT_RDWR); }

uint64_t FusePeer::Send(uint32_t opcode, uint64_t node, std::string_view payload) {
  fuse_in_header header{};
  header.len = static_cast<uint32_t>(sizeof header + payload.size());
  header.opcode = opcode;
  header.nodeid = node;
  {
    MutexLock lock(mu_);
    // As the kernel's: even (fs/fuse/dev.c, FUSE_REQ_ID_STEP).
    header.unique = last_unique_ += 2;
  }
  std::string message(reinterpret_cast<const char*>(&header), sizeof header);
  message.append(payload);
  const ssize_t sent = send(fd_, message.data(), message.size(), MSG_NOSIGNAL);
  EXPECT_EQ(sent, static_cast<ssize_t>(message.size()));
  return header.unique;
}

FuseReply FusePeer::Await(uint64_t unique) {
  MutexLock lock(mu_);
  while (replies_.count(unique) == 0) {
    if (closed_) {
      ADD_FAILURE() << "the connection ended before the reply to " << unique;
      return {EPIPE, {}};
    }
    arrived_.Wait(mu_);
  }
  FuseReply reply = std::move(replies_[unique]);
  replies_.erase(unique);
  return reply;
}

size_t FusePeer::unclaimed() const {
  MutexLock lock(mu_);
  return replies_.size();
}

void FusePeer::Receive() {
  std::vector<char> buffer(2 << 20);
  for (;;) {
    const ssize_t got = recv(fd_, buffer.data(), buffer.size(), 0);
    MutexLock lock(mu_);
    if (got < static_cast<ssize_t>(sizeof(fuse_out_header))) {
      closed_ = true;
      arrived_.NotifyAll();
      return;
    }
    fuse_out_header header;
    std::memcpy(&header, buffer.data(), sizeof header);
    EXPECT_EQ(header.len, static_cast<uint32_t>(got));
    replies_[header.unique] = {
        -header.error,
        std::string(buffer.data() + sizeof header, static_cast<size_t>(got) - sizeof header)};
    arrived_.NotifyAll();
  }
}

}  // namespace brimfs
