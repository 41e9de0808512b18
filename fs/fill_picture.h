// The fill map of a file as a picture made of characters. Pure.
#ifndef BRIMFS_FS_FILL_PICTURE_H_
#define BRIMFS_FS_FILL_PICTURE_H_

#include <cstdint>
#include <string>

#include "fs/control_protocol.h"

namespace brimfs {

// Into how many parts a file of `length` bytes is cut for a picture of `width` columns: at most
// eight rows, and no part is smaller than a fill block unless that leaves less than one row.
uint32_t PictureCells(uint64_t length, int width);

// Rows of at most `width` columns, each with the offset of its first byte, and a legend:
//
//          0B ████████▓░░░          ██
//   █ filled  ▓▒░ in part  · nothing; each is 64K
//
// In ASCII: # for filled, + for in part, . for nothing. Ends with a line end.
std::string FillPicture(const FillMap& map, int width, bool utf8);

}  // namespace brimfs

#endif  // BRIMFS_FS_FILL_PICTURE_H_
