// Reads a directory out of the page that a web server makes of it, while the page arrives.
#ifndef BRIMFS_BACKENDS_INDEX_PAGE_H_
#define BRIMFS_BACKENDS_INDEX_PAGE_H_

#include <memory>
#include <string>
#include <string_view>

#include "backends/index_names.h"
#include "backends/url.h"
#include "core/status.h"

namespace brimfs {

// One format of listings. Uses memory for the entry at hand, not for the page.
class IndexParser {
 public:
  virtual ~IndexParser() = default;

  // The next bytes, cut anywhere. After an error there is no further call.
  //   kUnsupported  this is no listing
  //   kProtocol     it is one, and broken, or an entry of it is too big
  virtual Status Feed(std::string_view bytes) = 0;

  // The page has ended.
  virtual Status Finish() = 0;
};

// Chooses the parser by the content type, or by the first byte where that says nothing.
class IndexPage {
 public:
  // `base` is where the page came from; `names` outlives this.
  IndexPage(std::string content_type, Url base, IndexNames& names);

  Status Feed(std::string_view bytes);
  Status Finish();

 private:
  const std::string content_type_;
  const Url base_;
  IndexNames& names_;
  std::unique_ptr<IndexParser> parser_;
};

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_INDEX_PAGE_H_
