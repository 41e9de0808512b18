// The names of one listing on their way from its parser to whoever asked for them.
#ifndef BRIMFS_BACKENDS_INDEX_NAMES_H_
#define BRIMFS_BACKENDS_INDEX_NAMES_H_

#include <cstddef>
#include <string>
#include <utility>

#include "backends/file_name.h"
#include "core/backend.h"

namespace brimfs {

// Leaves out what cannot be a file's name, and a name that comes twice in a row (an icon and a text
// with the same link).
class IndexNames {
 public:
  explicit IndexNames(Backend::EachName each) : each_(std::move(each)) {}

  void Add(ListedName name) {
    if (!IsFileName(name.name)) {
      LeaveOut();
    } else if (name.name != last_) {
      last_ = name.name;
      each_(std::move(name));
    }
  }

  // A name of which it is known that it cannot be asked for.
  void LeaveOut() { ++left_out_; }

  size_t left_out() const { return left_out_; }
  bool any() const { return !last_.empty(); }

 private:
  const Backend::EachName each_;
  std::string last_;
  size_t left_out_ = 0;
};

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_INDEX_NAMES_H_
