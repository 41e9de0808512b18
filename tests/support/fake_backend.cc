#include "tests/support/fake_backend.h"

#include <algorithm>
#include <utility>

namespace brimfs {

class FakeBackend::FakeConnection : public Connection {
 public:
  explicit FakeConnection(FakeBackend& backend) : backend_(backend) {}
  Status Fetch(const FetchRequest& request, BodySink& sink, const CallLimits& limits) override {
    return backend_.Serve(request, sink, limits);
  }

 private:
  FakeBackend& backend_;
};

void FakeBackend::Put(const std::string& path, uint64_t length, uint64_t seed) {
  MutexLock lock(mu_);
  objects_[path] = {length, seed};
}

void FakeBackend::Erase(const std::string& path) {
  MutexLock lock(mu_);
  objects_.erase(path);
}

void FakeBackend::CloseGate(const std::string& path, uint64_t at) {
  MutexLock lock(mu_);
  Gate& gate = gates_[path];
  gate.at = at;
  gate.closed = true;
  gates_changed_.NotifyAll();
}

void FakeBackend::OpenGate(const std::string& path) {
  MutexLock lock(mu_);
  gates_[path].closed = false;
  gates_changed_.NotifyAll();
}

void FakeBackend::AwaitAtGate(const std::string& path, size_t count) {
  MutexLock lock(mu_);
  while (gates_[path].waiting < count) gates_changed_.Wait(mu_);
}

void FakeBackend::FailNext(const std::string& path, Status error, uint64_t bytes_before) {
  MutexLock lock(mu_);
  failures_[path].push_back({std::move(error), bytes_before, false});
}

void FakeBackend::StallNext(const std::string& path, uint64_t bytes_before) {
  MutexLock lock(mu_);
  failures_[path].push_back({Status(Code::kInterrupted, "stopped"), bytes_before, true});
}

void FakeBackend::AwaitStalled(size_t count) {
  MutexLock lock(mu_);
  while (stalled_ < count) gates_changed_.Wait(mu_);
}

void FakeBackend::SetPiece(uint64_t bytes) {
  MutexLock lock(mu_);
  piece_ = bytes;
}

void FakeBackend::SetRanges(bool on) {
  MutexLock lock(mu_);
  ranges_ = on;
}

void FakeBackend::FailMetadata(Status error) {
  MutexLock lock(mu_);
  metadata_failure_ = std::move(error);
}

void FakeBackend::SetListable(bool listable) {
  MutexLock lock(mu_);
  listable_ = listable;
}

void FakeBackend::SetEtags(bool on) {
  MutexLock lock(mu_);
  etags_ = on;
}

void FakeBackend::SetListedLengths(bool on) {
  MutexLock lock(mu_);
  listed_lengths_ = on;
}

std::vector<FakeBackend::Fetched> FakeBackend::fetches() const {
  MutexLock lock(mu_);
  return fetches_;
}

uint64_t FakeBackend::bytes_sent() const {
  MutexLock lock(mu_);
  return bytes_sent_;
}

int FakeBackend::stat_calls() const {
  MutexLock lock(mu_);
  return stat_calls_;
}

int FakeBackend::list_calls() const {
  MutexLock lock(mu_);
  return list_calls_;
}

Result<ObjectInfo> FakeBackend::Stat(const std::string& path, const CallLimits& limits) {
  if (limits.stop.stop_requested()) return Status(Code::kInterrupted, "stat of " + path);
  MutexLock lock(mu_);
  ++stat_calls_;
  BRIMFS_RETURN_IF_ERROR(metadata_failure_);
  if (const auto object = objects_.find(path); object != objects_.end()) {
    return ObjectInfo{ObjectKind::kFile, VersionOf(object->second)};
  }
  const std::string prefix = path.empty() ? "" : path + "/";
  const auto below = objects_.lower_bound(prefix);
  if (path.empty() || (below != objects_.end() && below->first.starts_with(prefix))) {
    return ObjectInfo{ObjectKind::kDirectory, {}};
  }
  return Status(Code::kNotFound, DisplayUrl(path) + ": not found");
}

Status FakeBackend::List(const std::string& path, const EachName& each, const BeginAnew& /*anew*/,
                         const CallLimits& limits) {
  if (limits.stop.stop_requested()) return Status(Code::kInterrupted, "listing of " + path);
  std::map<std::string, ListedName> names;
  {
    MutexLock lock(mu_);
    ++list_calls_;
    BRIMFS_RETURN_IF_ERROR(metadata_failure_);
    if (!listable_) return Status(Code::kUnsupported, DisplayUrl(path) + ": no listing");
    const std::string prefix = path.empty() ? "" : path + "/";
    for (auto at = objects_.lower_bound(prefix);
         at != objects_.end() && at->first.starts_with(prefix); ++at) {
      const std::string rest = at->first.substr(prefix.size());
      const size_t slash = rest.find('/');
      ListedName listed;
      listed.name = rest.substr(0, slash);
      listed.kind = slash == std::string::npos ? ObjectKind::kFile : ObjectKind::kDirectory;
      if (listed.kind == ObjectKind::kFile) {
        listed.version = VersionOf(at->second);
        listed.version.etag.clear();
        if (!listed_lengths_) listed.version.length.reset();
      }
      names.try_emplace(listed.name, std::move(listed));
    }
    if (names.empty() && !path.empty()) {
      return Status(Code::kNotFound, DisplayUrl(path) + ": not found");
    }
  }
  for (auto& [name, listed] : names) each(std::move(listed));
  return OkStatus();
}

std::unique_ptr<Connection> FakeBackend::Connect() {
  return std::make_unique<FakeConnection>(*this);
}

std::string FakeBackend::DisplayUrl(const std::string& path) const { return "fake://" + path; }

Version FakeBackend::VersionOf(const Object& object) const {
  Version version;
  if (etags_) version.etag = "\"seed-" + std::to_string(object.seed) + "\"";
  version.last_modified = absl::FromUnixSeconds(1'700'000'000 + static_cast<int64_t>(object.seed));
  version.length = object.length;
  return version;
}

Status FakeBackend::Serve(const FetchRequest& request, BodySink& sink, const CallLimits& limits) {
  Object object;
  Version actual;
  std::optional<Failure> failure;
  Range body = request.range;
  {
    MutexLock lock(mu_);
    fetches_.push_back({request.path, request.range});
    const auto found = objects_.find(request.path);
    if (found == objects_.end()) {
      return Status(Code::kStale, "not found");
    }
    object = found->second;
    actual = VersionOf(object);
    if (!ranges_) body = {0, object.length};
    if (auto& queue = failures_[request.path]; !queue.empty()) {
      failure = std::move(queue.front());
      queue.pop_front();
    }
  }
  if (failure && failure->bytes_before == 0) {
    if (failure->stalls) StandStill(limits.stop);
    return failure->error;
  }
  if (!SameVersion(request.expected, actual) || request.range.end > object.length) {
    return Status(Code::kStale, "changed");
  }
  BRIMFS_RETURN_IF_ERROR(sink.OnAnswer(actual, body));
  if (failure) body.end = std::min(body.end, body.begin + failure->bytes_before);
  BRIMFS_RETURN_IF_ERROR(SendBody(request.path, object, body, sink, limits));
  if (failure && failure->stalls) StandStill(limits.stop);
  return failure ? failure->error : OkStatus();
}

void FakeBackend::StandStill(const std::stop_token& stop) {
  const std::stop_callback on_stop(stop, [this] {
    MutexLock lock(mu_);
    gates_changed_.NotifyAll();
  });
  MutexLock lock(mu_);
  ++stalled_;
  gates_changed_.NotifyAll();
  while (!stop.stop_requested()) gates_changed_.Wait(mu_);
  --stalled_;
}

Status FakeBackend::SendBody(const std::string& path, const Object& object, const Range& range,
                             BodySink& sink, const CallLimits& limits) {
  for (uint64_t offset = range.begin; offset < range.end;) {
    const Result<uint64_t> end = PassGate(path, offset, range.end, limits.stop);
    if (!end.ok()) return end.status();
    const std::vector<std::byte> bytes = OracleBytes(object.seed, {offset, *end});
    {
      MutexLock lock(mu_);
      bytes_sent_ += bytes.size();
    }
    BRIMFS_RETURN_IF_ERROR(sink.OnBytes(offset, bytes));
    offset = *end;
  }
  return OkStatus();
}

Result<uint64_t> FakeBackend::PassGate(const std::string& path, uint64_t offset, uint64_t end,
                                       const std::stop_token& stop) {
  // Made before the lock is taken and gone after it is let go: its destructor waits for the
  // callback.
  const std::stop_callback on_stop(stop, [this] {
    MutexLock lock(mu_);
    gates_changed_.NotifyAll();
  });
  MutexLock lock(mu_);
  Gate& gate = gates_[path];
  const auto holds = [&] { return gate.closed && offset >= gate.at; };
  if (holds() && !stop.stop_requested()) {
    ++gate.waiting;
    gates_changed_.NotifyAll();
    while (holds() && !stop.stop_requested()) gates_changed_.Wait(mu_);
    --gate.waiting;
  }
  if (stop.stop_requested()) return Status(Code::kInterrupted, "stopped");
  end = std::min(end, offset + piece_);
  return gate.closed ? std::min(end, gate.at) : end;
}

}  // namespace brimfs
