#include <sys/uio.h>

#include <cerrno>
#include <vector>

#include "fs/fuse_ops.h"

namespace brimfs {

void FuseOps::Read(fuse_req_t request, OpenFile& file, size_t size, off_t offset) {
  if (offset < 0 || size > kMaxOffset - static_cast<uint64_t>(offset)) {
    fuse_reply_err(request, EINVAL);
    return;
  }
  const Range range{static_cast<uint64_t>(offset), static_cast<uint64_t>(offset) + size};
  if (std::optional<Lease> lease = filesystem_.TryRead(file, range)) {
    ReplyRead(request, file, std::move(*lease));
    return;
  }
  auto waiting = std::make_shared<WaitingRequests::Waiting>(waiting_, request);
  if (data_share_.TryTake()) {
    Result<Lease> lease = filesystem_.Read(file, range, waiting->stop());
    waiting->Settle();
    ReplyRead(request, file, std::move(lease));
    data_share_.Return();
    return;
  }
  // `waiting`, and with it the source of the stop token, lives in the callback until that has
  // answered.
  std::stop_token stop = waiting->stop();
  filesystem_.ReadAsync(file, range, std::move(stop),
                        [this, request, &file, waiting](Result<Lease> lease) {
                          waiting->Settle();
                          ReplyRead(request, file, std::move(lease));
                        });
}

void FuseOps::ReplyRead(fuse_req_t request, const OpenFile& file, Result<Lease> lease) {
  if (lease.code() == Code::kEof) {
    fuse_reply_buf(request, nullptr, 0);
    return;
  }
  if (!lease.ok()) {
    fuse_reply_err(request, ToErrno(lease.code()));
    return;
  }
  const Range range = lease->range();
  // Once the reply is out, the kernel may release the open file on another thread.
  const NodePtr node = file.node;
  const std::shared_ptr<CachedFile> cached = file.file;
  int sent;
  {
    const Result<View> view = lease->Map();
    if (!view.ok()) {
      lease->Release();
      fuse_reply_err(request, ToErrno(view.code()));
      return;
    }
    std::vector<iovec> pieces;
    for (const std::span<const std::byte>& piece : view->pieces()) {
      pieces.push_back({const_cast<std::byte*>(piece.data()), piece.size()});
    }
    sent = fuse_reply_iov(request, pieces.data(), static_cast<int>(pieces.size()));
  }
  lease->Release();
  // A page of the map could not be read. The kernel has ended the request with EIO and its retry
  // fetches anew.
  if (sent == -EFAULT) filesystem_.MarkUnreadable(*node, *cached, range);
}

}  // namespace brimfs
