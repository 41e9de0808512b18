// Listings as nginx's "autoindex_format json" writes them: an array of objects with name, type
// ("directory", "file", "other"), mtime (an HTTP date) and size (of files).
#ifndef BRIMFS_BACKENDS_JSON_INDEX_H_
#define BRIMFS_BACKENDS_JSON_INDEX_H_

#include <memory>

#include "backends/index_page.h"

namespace brimfs {

// `names` outlives the parser. What is neither directory nor file is no name.
std::unique_ptr<IndexParser> NewJsonIndex(IndexNames& names);

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_JSON_INDEX_H_
