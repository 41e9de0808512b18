// Keeps the head of an answer, which is all that is wanted.
#ifndef BRIMFS_BACKENDS_HEAD_KEEPER_H_
#define BRIMFS_BACKENDS_HEAD_KEEPER_H_

#include <cstddef>
#include <span>

#include "backends/http_message.h"
#include "core/status.h"

namespace brimfs {

class HeadKeeper : public HttpResponder {
 public:
  Status OnHead(const HttpHead& head) override {
    head_ = head;
    return Status(Code::kEof);
  }
  Status OnBody(std::span<const std::byte>) override { return Status(Code::kEof); }

  const HttpHead& head() const { return head_; }

 private:
  HttpHead head_;
};

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_HEAD_KEEPER_H_
