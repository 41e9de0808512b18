// Which bucket and key a path of an S3 source means.
#ifndef BRIMFS_BACKENDS_S3_PATHS_H_
#define BRIMFS_BACKENDS_S3_PATHS_H_

#include <optional>
#include <string>
#include <string_view>

#include "backends/s3_key.h"

namespace brimfs {

struct S3Name {
  std::string bucket;  // empty: the service
  std::string key;     // empty: the bucket
};

// A value. What SOURCE named: "s3://", "s3://bucket", "s3://bucket/prefix/" or "s3://bucket/key".
struct S3Paths {
  std::string bucket;      // empty: the first component of a path is one
  std::string prefix;      // empty, or with a '/' at its end
  std::string single_key;  // not empty: the source is this object, whose path is ""

  // Nothing if no object has this path.
  std::optional<S3Name> Find(std::string_view path) const {
    if (!single_key.empty()) {
      if (!path.empty()) return std::nullopt;
      return S3Name{bucket, single_key};
    }
    if (path.empty()) return S3Name{bucket, prefix};
    std::string of = bucket;
    if (bucket.empty()) {
      const size_t slash = path.find('/');
      of = path.substr(0, slash);
      if (slash == std::string_view::npos) return S3Name{of, ""};
      path.remove_prefix(slash + 1);
    }
    const std::optional<std::string> key = KeyOfPath(path);
    if (!key) return std::nullopt;
    return S3Name{of, prefix + *key};
  }

  // The prefix of the keys in the directory at `path`.
  std::optional<S3Name> FindDirectory(std::string_view path) const {
    std::optional<S3Name> name = Find(path);
    const bool whole_bucket = bucket.empty() && path.find('/') == std::string_view::npos;
    if (name && !path.empty() && !whole_bucket) name->key += '/';
    return name;
  }
};

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_S3_PATHS_H_
