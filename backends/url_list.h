// A text file of URLs, each with the name that it has in the mount.
#ifndef BRIMFS_BACKENDS_URL_LIST_H_
#define BRIMFS_BACKENDS_URL_LIST_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backends/url_map.h"
#include "core/backend.h"

namespace brimfs {

// The first component of a path is a name of the list; what follows lies below its URL. "" has no
// URL.
class UrlList : public UrlMap {
 public:
  static constexpr size_t kMaxEntries = 1'000'000;
  static constexpr size_t kMaxLineBytes = 64 << 10;

  // One entry a line: "URL [NAME]", with white space between them and none in the URL; the name may
  // hold spaces. Without one it is the last component of the URL's path, decoded. A URL that ends
  // in '/' (before its query) is a directory. Empty lines and those that begin with '#' are no
  // entries.
  //   kInvalidArgument  "FILE:LINE: …" with the remedy, and nothing secret: a URL that is none or
  //                     holds a user name, a name that no file can have or that was there before,
  //                     a bound exceeded
  static Result<std::shared_ptr<const UrlList>> Parse(std::string_view text,
                                                      const std::string& file);

  std::optional<Url> Find(std::string_view path) const override;

  // Sorted.
  std::vector<ListedName> Names() const;

  // All URLs are of one scheme, host and port.
  bool OfOneOrigin() const;

 private:
  struct Entry {
    std::string name;
    std::string url;  // normalised; as text it is a third of the size
    size_t line = 0;
  };

  static Result<Entry> ParseLine(std::string_view text, size_t line);
  static Url UrlOf(const Entry& entry);

  explicit UrlList(std::vector<Entry> entries) : entries_(std::move(entries)) {}

  const std::vector<Entry> entries_;  // sorted by name, no name twice
};

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_URL_LIST_H_
