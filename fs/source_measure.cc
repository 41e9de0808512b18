#include "fs/source_measure.h"

#include <algorithm>
#include <thread>
#include <utility>
#include <vector>

namespace brimfs {
namespace {

// Too little says more of the round trip than of the way.
constexpr uint64_t kLeastBytes = 256 << 10;
constexpr int kRoundTrips = 7;
constexpr int kDeepest = 3;  // directories to look for a file in

// Takes bytes until `until`, and not many more than `most`: a server without ranges sends all.
// Knows when they came.
class Meter : public BodySink {
 public:
  explicit Meter(TimePoint until, uint64_t most = kMaxOffset) : until_(until), most_(most) {}

  Status OnAnswer(const Version& /*actual*/, const Range& /*body*/) override {
    began_ = ended_ = Clock::Steady().Now();
    return OkStatus();
  }
  Status OnBytes(uint64_t /*offset*/, std::span<const std::byte> data) override {
    bytes_ += data.size();
    ended_ = Clock::Steady().Now();
    return ended_ < until_ && bytes_ < most_ ? OkStatus() : Status(Code::kInterrupted);
  }

  uint64_t bytes() const { return bytes_; }
  TimePoint began() const { return began_; }
  TimePoint ended() const { return ended_; }

 private:
  const TimePoint until_;
  const uint64_t most_;
  uint64_t bytes_ = 0;
  TimePoint began_ = kNever;
  TimePoint ended_{};
};

class Measurer {
 public:
  Measurer(Backend& backend, Duration timeout, const CallLimits& limits)
      : backend_(backend), timeout_(timeout), limits_(limits) {}

  SourceMeasure Measure(bool single_file) {
    if (single_file) {
      measure_.path = "";
    } else {
      measure_.is_directory = true;
      Look("", kDeepest);
    }
    if (!measure_.path) return measure_;
    const Result<ObjectInfo> info = backend_.Stat(*measure_.path, Limits());
    measure_.asked = info.status();
    if (!info.ok()) return measure_;
    measure_.version = info->version;
    const uint64_t length = info->version.length.value_or(0);
    if (length == 0) return measure_;
    MeasureRoundTrip();
    if (!measure_.fetched.ok() || length < kLeastBytes) return measure_;
    measure_.one_connection = Rate(1, std::min(length, SourceMeasure::kMostBytes));
    const uint64_t share =
        std::min(length / SourceMeasure::kConnections, SourceMeasure::kMostBytes * 3 / 8);
    if (share >= kLeastBytes / 2) {
      measure_.all_connections = Rate(SourceMeasure::kConnections, share);
    }
    return measure_;
  }

 private:
  CallLimits Limits() const {
    CallLimits limits = limits_;
    limits.deadline = After(Clock::Steady().Now(), timeout_);
    return limits;
  }

  // Chooses the largest file of a directory, or of the first directory in it. Only the first one
  // that is listed is described.
  void Look(const std::string& path, int deepest) {
    std::vector<ListedName> names;
    std::stop_source enough;
    CallLimits limits = Limits();
    limits.stop = enough.get_token();
    const TimePoint begun = Clock::Steady().Now();
    Status listed = backend_.List(
        path,
        [&](ListedName name) {
          if (names.size() < SourceMeasure::kMostNames) names.push_back(std::move(name));
          if (names.size() == SourceMeasure::kMostNames) enough.request_stop();
        },
        [&] { names.clear(); }, limits);
    if (enough.stop_requested()) listed = OkStatus();
    if (path.empty()) {
      measure_.listed = listed;
      measure_.listing = Clock::Steady().Now() - begun;
      Describe(names);
    }
    if (!listed.ok()) return;
    Choose(path, names, deepest);
  }

  void Describe(const std::vector<ListedName>& names) {
    measure_.names = names.size();
    for (const ListedName& name : names) {
      if (name.kind != ObjectKind::kFile) continue;
      ++measure_.files;
      if (name.version.length) ++measure_.files_with_size;
    }
  }

  void Choose(const std::string& path, const std::vector<ListedName>& names, int deepest) {
    const std::string begin = path.empty() ? "" : path + "/";
    const ListedName* largest = nullptr;
    const ListedName* directory = nullptr;
    for (const ListedName& name : names) {
      if (name.kind == ObjectKind::kDirectory) {
        if (directory == nullptr) directory = &name;
      } else if (largest == nullptr || name.version.length > largest->version.length) {
        largest = &name;
      }
    }
    if (largest != nullptr) {
      measure_.path = begin + largest->name;
    } else if (directory != nullptr && deepest > 1) {
      Look(begin + directory->name, deepest - 1);
    }
  }

  Status Fetch(Connection& connection, const Range& range, Meter& meter) const {
    return connection.Fetch({*measure_.path, range, measure_.version}, meter, Limits());
  }

  void MeasureRoundTrip() {
    const std::unique_ptr<Connection> connection = backend_.Connect();
    std::vector<Duration> took;
    for (int i = 0; i < kRoundTrips; ++i) {
      Meter meter(TimePoint{});  // the first bytes are enough, where there are no ranges
      const TimePoint begun = Clock::Steady().Now();
      const Status status = Fetch(*connection, {0, 1}, meter);
      if (!status.ok() && meter.bytes() == 0) {
        measure_.fetched = status;
        return;
      }
      took.push_back(meter.began() - begun);
    }
    std::sort(took.begin() + 1, took.end());
    measure_.round_trip = took[1 + (took.size() - 1) / 2];
    measure_.connecting = std::max(Duration(0), took[0] - measure_.round_trip);
  }

  // Bytes a second of so many connections at once, `share` bytes each, one behind the other.
  double Rate(int connections, uint64_t share) const {
    const TimePoint until = Clock::Steady().Now() + SourceMeasure::kMostTime;
    std::vector<Meter> meters(static_cast<size_t>(connections), Meter(until, share));
    std::vector<std::jthread> threads;
    for (size_t i = 0; i < meters.size(); ++i) {
      threads.emplace_back([&, i] {
        const std::unique_ptr<Connection> connection = backend_.Connect();
        (void)Fetch(*connection, {i * share, (i + 1) * share}, meters[i]);
      });
    }
    threads.clear();
    uint64_t bytes = 0;
    TimePoint began = kNever;
    TimePoint ended{};
    for (const Meter& meter : meters) {
      bytes += meter.bytes();
      began = std::min(began, meter.began());
      ended = std::max(ended, meter.ended());
    }
    const double seconds = std::chrono::duration<double>(ended - began).count();
    return bytes == 0 || seconds <= 0 ? 0 : static_cast<double>(bytes) / seconds;
  }

  Backend& backend_;
  const Duration timeout_;
  const CallLimits limits_;
  SourceMeasure measure_;
};

}  // namespace

SourceMeasure MeasureSource(Backend& backend, bool single_file, Duration timeout,
                            const CallLimits& limits) {
  return Measurer(backend, timeout, limits).Measure(single_file);
}

}  // namespace brimfs
