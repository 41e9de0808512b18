#include "fs/control_service.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

namespace brimfs {
namespace {

// What is below `in`, or the whole of it where it is not.
std::string Below(const std::string& in, const std::string& path) {
  if (path == in) return "";
  return in.empty() || !path.starts_with(in + "/") ? path : path.substr(in.size() + 1);
}

FileStatus ToStatus(FileSystem::View view) {
  FileStatus status;
  status.url = std::move(view.url);
  status.length = view.length;
  for (const Range& range : view.filled) status.filled += range.size();
  status.all_ranges = view.filled.size() <= kMostRanges;
  view.filled.resize(std::min(view.filled.size(), kMostRanges));
  status.ranges = std::move(view.filled);
  status.version = std::move(view.version);
  status.state = std::move(view.state);
  status.readers = static_cast<uint64_t>(view.readers);
  status.passed = static_cast<uint64_t>(view.passed);
  status.pinned = view.pinned;
  status.kept = view.kept;
  return status;
}

Status NotAFile() { return Status(Code::kIsDirectory, "a directory"); }

}  // namespace

ControlService::ControlService(Settings settings, FileSystem& filesystem, Clock& clock)
    : settings_(std::move(settings)),
      filesystem_(filesystem),
      clock_(clock),
      filler_(filesystem, clock) {}

FillShare ControlService::ShareOf(const Caller& caller) const {
  const bool all = MayControl(caller, settings_.access);
  return {caller.uid, all ? Filler::kFiles : Filler::kFilesOfOther};
}

Status ControlService::Check(const ControlRequest& request, const Caller& caller) const {
  ObjectKind kind = ObjectKind::kDirectory;
  if (request.node) {
    const Result<Attributes> attributes = filesystem_.GetAttributes(*request.node);
    // Before anything is said about the node.
    if (!attributes.ok() && MayControl(caller, settings_.access)) {
      return Status(Code::kStale, "the mount knows it no more");
    }
    if (attributes.ok()) kind = attributes->kind;
  } else if (request.command != ControlCommand::kStatus) {
    return Status(Code::kInvalidArgument, "no file is named");
  }
  return Authorize(caller, settings_.access, request.command, kind);
}

void ControlService::Answer(const ControlRequest& request, const Send& send, const Ended& ended) {
  switch (request.command) {
    case ControlCommand::kStatus:
    case ControlCommand::kMap:
      return send(Look(request));
    case ControlCommand::kEvict:
      return send(Evict(request, send, ended));
    case ControlCommand::kPin: {
      const Status pinned = filesystem_.Pin(*request.node);
      if (!pinned.ok()) return send({request.id, pinned});
      return send({request.id, Done{.files = 1, .bytes = 0}});
    }
    case ControlCommand::kUnpin:
      return send(Unpin(request, send, ended));
    case ControlCommand::kFill:
      break;
  }
  send({request.id, Status(Code::kUnsupported, "not answered here")});
}

MountStatus ControlService::StatusOfMount() const {
  const auto value = [](const std::atomic<uint64_t>& counter) {
    return counter.load(std::memory_order_relaxed);
  };
  Cache& cache = filesystem_.cache();
  const Stats& stats = cache.stats();
  const Scheduler::Load load = cache.load();
  const Cache::Usage usage = cache.usage();
  MountStatus status;
  status.source = settings_.source;
  status.mountpoint = settings_.mountpoint;
  status.driver = settings_.driver;
  status.cache = settings_.cache;
  status.pid = static_cast<uint64_t>(getpid());
  status.reads_covered = value(stats.reads_covered);
  status.reads_waited = value(stats.reads_waited);
  status.bytes_read = value(stats.bytes_read);
  status.bytes_fetched = value(stats.bytes_fetched);
  status.bytes_recovered = value(stats.bytes_recovered);
  status.requests = value(stats.fetches);
  status.retries = value(stats.fetch_retries);
  status.failures = value(stats.fetch_failures);
  status.damaged = value(stats.blocks_damaged);
  status.evicted = value(stats.bytes_evicted);
  status.in_flight = static_cast<uint64_t>(load.running);
  status.queued = static_cast<uint64_t>(load.queued);
  status.filling = filler_.filling();
  status.open_files = value(stats.open_files);
  status.passed_files = value(stats.open_passed);
  status.cache_used = usage.stored;
  status.cache_limit = usage.stored_limit;
  status.disk_free = usage.disk_free;
  status.disk_floor = usage.disk_floor;
  status.memory_used = usage.memory;
  status.memory_limit = usage.memory_limit;
  return status;
}

ControlAnswer ControlService::Look(const ControlRequest& request) {
  const bool map = request.command == ControlCommand::kMap;
  if (!request.node) return {request.id, StatusOfMount()};
  Result<FileSystem::View> view = filesystem_.Look(*request.node);
  if (!view.ok()) return {request.id, view.status()};
  if (view->kind == ObjectKind::kDirectory) {
    if (map) return {request.id, NotAFile()};
    return {request.id, StatusOfMount()};
  }
  if (!map) return {request.id, ToStatus(*std::move(view))};
  return {request.id, FillMap{view->length, FillCells(view->filled, view->length, request.cells)}};
}

FileSystem::GoOn ControlService::Telling(uint64_t id, const Send& send, const Ended& ended) {
  return [&send, &ended, &clock = clock_, id, due = clock_.Now()](uint64_t files,
                                                                  uint64_t of) mutable {
    if (const TimePoint now = clock.Now(); now >= due) {
      due = After(now, kProgress);
      send({id, FillProgress{files, of}});
    }
    return !ended();
  };
}

ControlAnswer ControlService::Evict(const ControlRequest& request, const Send& send,
                                    const Ended& ended) {
  const Result<FileSystem::View> view = filesystem_.Look(*request.node);
  if (!view.ok()) return {request.id, view.status()};
  Done done;
  const Status evicted = filesystem_.Evict(
      *request.node,
      [&](const std::string& path, const Result<uint64_t>& bytes) {
        if (bytes.ok()) {
          ++done.files;
          done.bytes += *bytes;
        } else {
          send({request.id, KeptFile{Below(view->path, path), bytes.status().message()}});
        }
      },
      Telling(request.id, send, ended));
  if (!evicted.ok()) return {request.id, evicted};
  return {request.id, done};
}

ControlAnswer ControlService::Unpin(const ControlRequest& request, const Send& send,
                                    const Ended& ended) {
  const Result<uint64_t> files = filesystem_.Unpin(*request.node, Telling(request.id, send, ended));
  if (!files.ok()) return {request.id, files.status()};
  return {request.id, Done{.files = *files, .bytes = 0}};
}

}  // namespace brimfs
