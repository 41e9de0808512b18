// What a source brings, measured by a few requests as a mount makes them.
#ifndef BRIMFS_FS_SOURCE_MEASURE_H_
#define BRIMFS_FS_SOURCE_MEASURE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "core/backend.h"
#include "core/status.h"

namespace brimfs {

struct SourceMeasure {
  // Of a directory. At most kMostNames names are looked at.
  static constexpr size_t kMostNames = 1000;
  bool is_directory = false;
  Status listed;  // kUnsupported: the source has no listing
  size_t names = 0;
  size_t files = 0;
  size_t files_with_size = 0;  // exact ones in the listing
  Duration listing{0};

  // The object that the rest is about: the source itself, or the largest file that was listed in it
  // or in a directory of it. None if there was no file.
  std::optional<std::string> path;
  Status asked;  // of the object's Stat
  Version version;

  Status fetched;          // of its first byte
  Duration connecting{0};  // how long that took more than the next ones, by a new connection
  Duration round_trip{0};  // median of what a byte took then

  // Bytes a second; 0: there was too little to measure with. So much is fetched over one
  // connection, and three eighths of it over each of all.
  static constexpr uint64_t kMostBytes = 8 << 20;
  static constexpr int kConnections = 8;
  static constexpr Duration kMostTime = std::chrono::seconds(3);  // each
  double one_connection = 0;
  double all_connections = 0;
};

// `single_file` as RemoteSource has it. `limits` but for its deadline are those of every request,
// `timeout` is how long each may take.
SourceMeasure MeasureSource(Backend& backend, bool single_file, Duration timeout,
                            const CallLimits& limits);

}  // namespace brimfs

#endif  // BRIMFS_FS_SOURCE_MEASURE_H_
