// Keeps a whole answer, where that is a small one.
#ifndef BRIMFS_BACKENDS_BODY_KEEPER_H_
#define BRIMFS_BACKENDS_BODY_KEEPER_H_

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <utility>

#include "backends/http_message.h"
#include "backends/http_number.h"
#include "core/status.h"

namespace brimfs {

// Whatever its status is.
class BodyKeeper : public HttpResponder {
 public:
  // A body of more bytes is kProtocol: `too_big`.
  BodyKeeper(size_t most_bytes, std::string too_big)
      : most_(most_bytes), too_big_(std::move(too_big)) {}

  Status OnHead(const HttpHead& head) override {
    head_ = head;
    const auto length = ParseNumber(head.headers.Find("Content-Length").value_or(""));
    if (length) body_.reserve(std::min<uint64_t>(*length, most_));
    return OkStatus();
  }

  Status OnBody(std::span<const std::byte> data) override {
    if (data.size() > most_ - body_.size()) return Status(Code::kProtocol, too_big_);
    body_.append(reinterpret_cast<const char*>(data.data()), data.size());
    return OkStatus();
  }

  const HttpHead& head() const { return head_; }
  std::string& body() { return body_; }  // may hold secrets

 private:
  const size_t most_;
  const std::string too_big_;
  HttpHead head_;
  std::string body_;
};

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_BODY_KEEPER_H_
