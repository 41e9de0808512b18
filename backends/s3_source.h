// s3: sources, for the registry.
#ifndef BRIMFS_BACKENDS_S3_SOURCE_H_
#define BRIMFS_BACKENDS_S3_SOURCE_H_

#include <string>

#include "backends/s3_paths.h"
#include "backends/source.h"
#include "core/offline_backend.h"

namespace brimfs {

// "s3://", "s3://BUCKET", "s3://BUCKET/PREFIX/" or "s3://BUCKET/NAME", in plain text: what a key
// holds is not decoded. NAME becomes the object or the prefix "NAME/" once somebody has asked.
// kInvalidArgument names the source and the remedy.
Result<S3Paths> ParseS3Source(const std::string& source);

// Asks what the source is, once: an object, or a prefix; that of both names is the prefix. A prefix
// below which there is nothing yet is an empty directory if it ends in '/'; the log says so.
Result<OpenedSource> OpenS3Source(const std::string& source, const BackendOptions& options,
                                  const CallLimits& limits);

Result<OfflineSource> NameS3Source(const std::string& source, const BackendOptions& options);

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_S3_SOURCE_H_
