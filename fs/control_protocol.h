// What is said over the control socket of a mount (fs/control_server.h): one JSON object a line, in
// UTF-8. Pure: from structs to lines and back. Whatever came over a socket may be anything.
//
//   {"id": 7, "do": "status"|"map"|"fill"|"evict"|"pin"|"unpin", "node": 123, "cells": 80}
//
// `id` is the client's own; what answers to it carries it. `node` is st_ino of a file or directory
// in the mount; without it "status" is of the mount itself. Answers:
//
//   {"id": 7, "mount": {…}}, {"id": 7, "file": {…}}         to status
//   {"id": 7, "map": {"length": bytes, "cells": [0…1000]}}  to map: how full each equal part is
//   {"id": 7, "progress": {"filled": bytes, "length": bytes}}    more than once, of a fill: what
//                                                                was there before, then how far it
//                                                                is; of an evict and an unpin how
//                                                                many files were gone through, of
//                                                                how many (0: not known yet)
//   {"id": 7, "kept": {"path": …, "why": …}}                     more than once, of an evict
//   {"id": 7, "done": {"files": …, "bytes": …}}                  to the others
//   {"id": 7, "error": {"code": "stale", "message": …}}
//
// A request ends with its one answer that is neither "progress" nor "kept".
#ifndef BRIMFS_FS_CONTROL_PROTOCOL_H_
#define BRIMFS_FS_CONTROL_PROTOCOL_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/range.h"
#include "core/status.h"
#include "fs/node_id.h"

namespace brimfs {

// Of a line without its end, bytes. Longer ones are an error.
inline constexpr size_t kMostRequestBytes = 4096;
inline constexpr size_t kMostAnswerBytes = 1 << 20;

inline constexpr uint32_t kMostCells = 65536;
inline constexpr size_t kMostRanges = 4096;  // of FileStatus::ranges

enum class ControlCommand { kStatus, kMap, kFill, kEvict, kPin, kUnpin };
std::string_view CommandName(ControlCommand command);

struct ControlRequest {
  uint64_t id = 0;
  ControlCommand command = ControlCommand::kStatus;
  std::optional<NodeId> node;
  uint32_t cells = 0;  // of kMap
};

struct MountStatus {
  std::string source;  // as it may be shown
  std::string mountpoint;
  std::string driver;  // "mmap", "memory"
  std::string cache;   // directory; empty: none
  uint64_t pid = 0;

  uint64_t reads_covered = 0;  // answered without waiting
  uint64_t reads_waited = 0;
  uint64_t bytes_read = 0;       // by readers, through this program
  uint64_t bytes_fetched = 0;    // from the network
  uint64_t bytes_recovered = 0;  // from the cache directory: of an earlier mount
  uint64_t requests = 0;         // for bytes
  uint64_t retries = 0;
  uint64_t failures = 0;   // given up after all tries
  uint64_t damaged = 0;    // blocks of the cache that were wrong, and fetched again
  uint64_t evicted = 0;    // bytes
  uint64_t in_flight = 0;  // requests now
  uint64_t queued = 0;
  uint64_t filling = 0;  // files
  uint64_t open_files = 0;
  uint64_t passed_files = 0;  // of these, that the kernel reads by itself

  uint64_t cache_used = 0;  // bytes, of all mounts with this directory
  uint64_t cache_limit = 0;
  uint64_t disk_free = 0;
  uint64_t disk_floor = 0;  // so much is left free
  uint64_t memory_used = 0;
  uint64_t memory_limit = 0;

  bool operator==(const MountStatus&) const = default;
};

struct FileStatus {
  std::string url;
  uint64_t length = 0;
  uint64_t filled = 0;
  std::vector<Range> ranges;  // the first kMostRanges that are filled
  bool all_ranges = true;     // these are all
  std::string version;
  std::string state;
  uint64_t readers = 0;
  uint64_t passed = 0;  // of these, that the kernel reads by itself
  bool pinned = false;
  bool kept = false;  // what is filled outlives the mount

  bool operator==(const FileStatus&) const = default;
};

struct FillMap {
  uint64_t length = 0;
  std::vector<uint16_t>
      cells;  // in thousandths; 1000 only where nothing is missing, 0 where all is

  bool operator==(const FillMap&) const = default;
};

struct FillProgress {
  uint64_t filled = 0;
  uint64_t length = 0;

  bool operator==(const FillProgress&) const = default;
};

struct KeptFile {
  std::string path;  // below the node that was asked for; empty: that one itself
  std::string why;

  bool operator==(const KeptFile&) const = default;
};

struct Done {
  uint64_t files = 0;
  uint64_t bytes = 0;

  bool operator==(const Done&) const = default;
};

struct ControlAnswer {
  uint64_t id = 0;
  std::variant<MountStatus, FileStatus, FillMap, FillProgress, KeptFile, Done, Status> what;

  // Nothing more will come for this request.
  bool last() const {
    return !std::holds_alternative<FillProgress>(what) && !std::holds_alternative<KeptFile>(what);
  }
};

// A line without its end; never longer than the limits above. In it texts are escaped, as
// EscapeForLog does it; once parsed they are again what they were, so whoever shows them has to
// escape them, as any other text.
std::string FormatRequest(const ControlRequest& request);
std::string FormatAnswer(const ControlAnswer& answer);

// kProtocol: it is no such line, or has a text that was not escaped so.
Result<ControlRequest> ParseRequest(std::string_view line);
Result<ControlAnswer> ParseAnswer(std::string_view line);

// For --json: what has come in an answer, an object a mount or file, with the texts escaped.
std::string MountStatusJson(const MountStatus& status);
std::string FileStatusJson(const FileStatus& status);

// What is filled of `length` bytes, in `count` equal parts.
std::vector<uint16_t> FillCells(const std::vector<Range>& filled, uint64_t length, uint32_t count);

}  // namespace brimfs

#endif  // BRIMFS_FS_CONTROL_PROTOCOL_H_
