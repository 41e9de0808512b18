// What a command should know of where it writes to.
#ifndef BRIMFS_FS_TERMINAL_H_
#define BRIMFS_FS_TERMINAL_H_

#include <functional>
#include <ostream>
#include <string>

namespace brimfs {

struct Terminal {
  bool interactive = false;  // a person looks at it: lines may be drawn over
  int width = 80;            // columns
  int height = 0;            // lines; 0: as many as one likes
  bool utf8 = false;         // what it shows

  // Of `out`, which is a terminal only if it is std::cout and that is one. Its own width, or else
  // COLUMNS, or else 80.
  static Terminal Of(const std::ostream& out);
};

// Whether the locale that these variables choose (LC_ALL, LC_CTYPE, LANG: the first that is not
// empty) has UTF-8. `variable` gives the value of one, "" if it is not set.
bool LocaleHasUtf8(const std::function<std::string(const char*)>& variable);

}  // namespace brimfs

#endif  // BRIMFS_FS_TERMINAL_H_
