// From what a source answered to what that means for a mount of it. Pure.
#ifndef BRIMFS_FS_SOURCE_FINDINGS_H_
#define BRIMFS_FS_SOURCE_FINDINGS_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/object_probe.h"
#include "fs/source_measure.h"

namespace brimfs {

struct Finding {
  enum class Level { kGood, kNote, kBad };  // kNote: it works, with a limit

  Level level = Level::kGood;
  std::string_view subject;  // "ranges"
  std::string text;
};

struct Advice {
  std::string option;  // as after -o
  std::string why;
};

// In the order of reading. `probe` is absent where there is no server to ask.
std::vector<Finding> FindingsOf(const SourceMeasure& measure,
                                const std::optional<ObjectProbe>& probe);

// Options other than the defaults that suit it; often none.
std::vector<Advice> AdviceFor(const SourceMeasure& measure,
                              const std::optional<ObjectProbe>& probe);

// Whether files of it can be read in a mount.
bool Mountable(const SourceMeasure& measure);

}  // namespace brimfs

#endif  // BRIMFS_FS_SOURCE_FINDINGS_H_
