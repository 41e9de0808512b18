// What an S3 server's refusal means. Pure.
//
// "Error responses" in the Amazon S3 API reference; servers differ in statuses, so codes come
// first.
#ifndef BRIMFS_BACKENDS_S3_ERROR_H_
#define BRIMFS_BACKENDS_S3_ERROR_H_

#include <string>

#include "absl/time/time.h"
#include "backends/http_message.h"
#include "backends/s3_listing.h"
#include "core/status.h"

namespace brimfs {

struct S3Refusal {
  HttpHead head;
  S3Error error;  // empty after HEAD
};

// As Connection::Fetch and Backend::Stat have them, with the server's words, the remedy where there
// is one, and the request's id:
//   kNotFound     no such object, version or bucket
//   kDenied       keys, rights, requester pays, encryption with a customer's key
//   kNoData       the object is archived
//   kUnavailable  worth another try; overloaded() if the server asks to be spared
//   kProtocol     everything else
// `now` is for a Retry-After that is a date.
Status ToStatus(const S3Refusal& refusal, absl::Time now);

// The keys may have ended, or be others by now: it is worth looking them up again.
bool BlamesKeys(const S3Refusal& refusal);

// The region that the server names, for this bucket or for the signature; empty if it names none.
std::string RegionNamed(const S3Refusal& refusal);

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_S3_ERROR_H_
