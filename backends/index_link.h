// What the links on a listing stand for.
#ifndef BRIMFS_BACKENDS_INDEX_LINK_H_
#define BRIMFS_BACKENDS_INDEX_LINK_H_

#include <optional>
#include <string>
#include <string_view>

#include "backends/url.h"
#include "core/backend.h"

namespace brimfs {

// The name and kind that a link on a listing of `base` stands for. Nothing unless it leads directly
// below `base`: not to its parent, elsewhere, or to another order of the same page. The decoded
// name may still be none that a file can have.
std::optional<ListedName> NameOfLink(const Url& base, const std::string& link);

// Whether `text`, all that can be read in a link, may stand for `name`: listings show the name, or
// its beginning ("a long na..>"), or a picture alone; the links of a text that a page carries along
// ("see the license") say something else. Only ASCII letters and digits are compared, because the
// rest depends on a character encoding.
bool TextNames(std::string_view text, std::string_view name);

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_INDEX_LINK_H_
