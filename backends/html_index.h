// Listings as HTML: nginx's autoindex with times and sizes, and the names alone of others that
// title their pages "Index of" (Apache, lighttpd) or "Directory listing for" (Python).
#ifndef BRIMFS_BACKENDS_HTML_INDEX_H_
#define BRIMFS_BACKENDS_HTML_INDEX_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "backends/index_page.h"

namespace brimfs {

// The parser of a page that came from the directory `base`. `names` outlives it.
std::unique_ptr<IndexParser> NewHtmlIndex(const Url& base, IndexNames& names);

// The name and kind that a link on a listing of `base` stands for. Nothing unless it leads directly
// below `base`: not to its parent, elsewhere, or to another order of the same page. The decoded
// name may still be none that a file can have.
std::optional<ListedName> NameOfLink(const Url& base, const std::string& link);

// Adds what nginx writes behind a link to `version`: "20-Nov-2026 18:37    12345", a time in UTC to
// the minute, and a size that counts only if it is a plain number.
void ReadColumns(std::string_view text, Version& version);

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_HTML_INDEX_H_
