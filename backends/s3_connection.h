// Fetches ranges of objects in S3 buckets over one connection.
#ifndef BRIMFS_BACKENDS_S3_CONNECTION_H_
#define BRIMFS_BACKENDS_S3_CONNECTION_H_

#include <memory>
#include <utility>

#include "backends/s3_client.h"
#include "backends/s3_paths.h"
#include "core/backend.h"

namespace brimfs {

class S3Connection : public Connection {
 public:
  S3Connection(std::shared_ptr<S3Access> access, S3Paths paths)
      : access_(std::move(access)), paths_(std::move(paths)), client_(access_) {}

  // A version whose id is known is asked for by it: it is had even when there is a newer one. An
  // archived object is kNoData, and the log says so once.
  Status Fetch(const FetchRequest& request, BodySink& sink, const CallLimits& limits) override;

 private:
  Status FetchOnce(const FetchRequest& request, const S3Name& name, const std::string& id,
                   BodySink& sink, const CallLimits& limits);

  const std::shared_ptr<S3Access> access_;
  const S3Paths paths_;
  S3Client client_;
};

// What the head of an answer about an object says of its version beyond what every server does.
void AmendS3Version(const HttpHead& head, Version& version);

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_S3_CONNECTION_H_
