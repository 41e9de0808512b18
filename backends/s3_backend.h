// Objects in S3 buckets as files in directories: one bucket, what lies below a prefix of it, one
// object, or all buckets.
#ifndef BRIMFS_BACKENDS_S3_BACKEND_H_
#define BRIMFS_BACKENDS_S3_BACKEND_H_

#include <functional>
#include <memory>
#include <string>

#include "backends/client_pool.h"
#include "backends/host_table.h"
#include "backends/s3_client.h"
#include "backends/s3_listing.h"
#include "backends/s3_paths.h"
#include "core/backend.h"
#include "core/retry.h"

namespace brimfs {

class S3Backend : public Backend {
 public:
  // `metadata_connections` to each server are kept for Stat and List.
  S3Backend(std::shared_ptr<S3Access> access, S3Paths paths, int metadata_connections = 16);

  // An object and a prefix of the same name are the directory: both are asked for, at once.
  Result<ObjectInfo> Stat(const std::string& path, const CallLimits& limits) override;

  // Page by page, each tried again by itself: nothing is begun anew. The next page is on its way
  // while the names of one are given. Files and directories come in the order of their keys.
  Status List(const std::string& path, const EachName& each, const BeginAnew& anew,
              const CallLimits& limits) override;

  std::unique_ptr<Connection> Connect() override;
  std::string DisplayUrl(const std::string& path) const override;
  SourceHost& HostOf(const std::string& path) override;

 private:
  class Names;

  Status ListBuckets(Names& names, const CallLimits& limits);
  Status Retrying(const S3Name& name, const CallLimits& limits,
                  const std::function<Status(S3Client&)>& try_once);

  const std::shared_ptr<S3Access> access_;
  const S3Paths paths_;
  const RetryPolicy retry_;
  HostTable hosts_;
  ClientPool<S3Client> clients_;
};

// Each tries once.

// Of the object; kNotFound if there is none.
Result<ObjectInfo> StatS3Object(S3Client& client, const S3Name& name, const CallLimits& limits);

// A page of what lies below the prefix `name.key`, at most `most` keys and common prefixes. `token`
// is empty for the first one.
Result<std::string> FetchS3PageXml(S3Client& client, const S3Name& name, const std::string& token,
                                   int most, const CallLimits& limits);
Result<S3Page> FetchS3Page(S3Client& client, const S3Name& name, const std::string& token, int most,
                           const CallLimits& limits);

Result<std::vector<std::string>> FetchS3Buckets(S3Client& client, const CallLimits& limits);

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_S3_BACKEND_H_
