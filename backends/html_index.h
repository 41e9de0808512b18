// Listings as HTML. Known by their title are nginx's autoindex, with times and sizes, and with the
// names alone Apache's mod_autoindex and all that look like it ("Index of /…": lighttpd,
// http-server) and Python's http.server ("Directory listing for /…"); known by its table is
// Caddy's.
//
// Of those whose names alone are read, sizes are rounded and times are of the server's own zone.
#ifndef BRIMFS_BACKENDS_HTML_INDEX_H_
#define BRIMFS_BACKENDS_HTML_INDEX_H_

#include <memory>
#include <string_view>

#include "backends/index_page.h"

namespace brimfs {

// The parser of a page that came from the directory `base`. `names` outlives it.
std::unique_ptr<IndexParser> NewHtmlIndex(const Url& base, IndexNames& names);

// Adds what nginx writes behind a link to `version`: "20-Nov-2026 18:37    12345", a time in UTC to
// the minute, and a size that counts only if it is a plain number.
void ReadColumns(std::string_view text, Version& version);

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_HTML_INDEX_H_
