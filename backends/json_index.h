// Listings as JSON: an array of objects, which nginx's "autoindex_format json" gives name, type
// ("directory", "file", "other"), mtime (an HTTP date) and size (of files), and Caddy's file
// browser name, url, mod_time (RFC 3339), size, is_dir and is_symlink.
#ifndef BRIMFS_BACKENDS_JSON_INDEX_H_
#define BRIMFS_BACKENDS_JSON_INDEX_H_

#include <memory>

#include "backends/index_page.h"

namespace brimfs {

// The parser of a page that came from the directory `base`. `names` outlives it. What is neither
// directory nor file is no name.
std::unique_ptr<IndexParser> NewJsonIndex(const Url& base, IndexNames& names);

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_JSON_INDEX_H_
