// Where the objects of an HTTP source are: finds the URL of a path.
#ifndef BRIMFS_BACKENDS_URL_MAP_H_
#define BRIMFS_BACKENDS_URL_MAP_H_

#include <optional>
#include <string_view>
#include <utility>

#include "backends/url.h"

namespace brimfs {

// Immutable, so thread-safe.
class UrlMap {
 public:
  virtual ~UrlMap() = default;

  // The URL of `path` (see core/backend.h), without asking anybody; nothing if no object of the
  // source can have this path.
  virtual std::optional<Url> Find(std::string_view path) const = 0;
};

// All that lies below one URL; "" is that URL.
class UrlTree : public UrlMap {
 public:
  explicit UrlTree(Url base) : base_(std::move(base)) {}

  std::optional<Url> Find(std::string_view path) const override { return JoinPath(base_, path); }

 private:
  const Url base_;
};

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_URL_MAP_H_
