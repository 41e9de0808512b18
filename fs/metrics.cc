#include "fs/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <atomic>
#include <utility>
#include <vector>

#include "absl/strings/str_replace.h"
#include "core/latency_histogram.h"
#include "core/log.h"

namespace brimfs {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

double Load(const std::atomic<uint64_t>& counter) {
  return static_cast<double>(counter.load(std::memory_order_relaxed));
}

double Seconds(std::chrono::microseconds time) {
  return std::chrono::duration<double>(time).count();
}

// As EscapeForLog, but for backslashes, which TextSerializer escapes: Prometheus refuses the whole
// page for one byte that is not UTF-8.
std::string Utf8(const std::string& text) {
  return absl::StrReplaceAll(EscapeForLog(text), {{"\\x5c", "\\"}});
}

// Gathers families whose every metric has the mount's labels.
class Page {
 public:
  explicit Page(const MountLabels& labels)
      : labels_{{"source", Utf8(labels.source)}, {"mountpoint", Utf8(labels.mountpoint)}} {}

  // Of one family, told apart by the value of one more label.
  struct Part {
    std::string value;
    double number;
  };

  void Counter(std::string name, std::string help, double value) {
    Values(MetricType::Counter, std::move(name), std::move(help), "", {{"", value}});
  }
  void Counters(std::string name, std::string help, const std::string& label,
                const std::vector<Part>& parts) {
    Values(MetricType::Counter, std::move(name), std::move(help), label, parts);
  }
  void Gauge(std::string name, std::string help, double value) {
    Values(MetricType::Gauge, std::move(name), std::move(help), "", {{"", value}});
  }
  void Gauges(std::string name, std::string help, const std::string& label,
              const std::vector<Part>& parts) {
    Values(MetricType::Gauge, std::move(name), std::move(help), label, parts);
  }

  void Histogram(std::string name, std::string help, const LatencyHistogram& histogram) {
    Begin(std::move(name), std::move(help), MetricType::Histogram);
    const LatencyHistogram::Snapshot snapshot = histogram.Take();
    ClientMetric::Histogram& metric = Add("", "").histogram;
    uint64_t cumulative = 0;
    for (size_t i = 0; i < LatencyHistogram::kBounds.size(); ++i) {
      cumulative += snapshot.counts[i];
      metric.bucket.push_back({cumulative, Seconds(LatencyHistogram::kBounds[i])});
    }
    metric.sample_count = cumulative + snapshot.counts.back();
    metric.sample_sum = snapshot.seconds;
  }

  std::string Text() const { return prometheus::TextSerializer().Serialize(families_); }

 private:
  void Begin(std::string name, std::string help, MetricType type) {
    families_.push_back({"brimfs_" + std::move(name), std::move(help), type, {}});
  }

  void Values(MetricType type, std::string name, std::string help, const std::string& label,
              const std::vector<Part>& parts) {
    Begin(std::move(name), std::move(help), type);
    for (const Part& part : parts) {
      ClientMetric& metric = Add(label, part.value);
      (type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = part.number;
    }
  }

  ClientMetric& Add(const std::string& label, const std::string& value) {
    ClientMetric& metric = families_.back().metric.emplace_back();
    metric.label = labels_;
    if (!label.empty()) metric.label.push_back({label, value});
    return metric;
  }

  const std::vector<ClientMetric::Label> labels_;
  std::vector<MetricFamily> families_;
};

void AddReads(const Stats& stats, Page& page) {
  page.Counters("reads_total", "Reads by how they were answered, without those of the kernel.",
                "result",
                {{"covered", Load(stats.reads_covered)},
                 {"waited", Load(stats.reads_waited)},
                 {"failed", Load(stats.reads_failed)}});
  page.Counter("read_bytes_total", "Bytes handed to readers, without those of the kernel.",
               Load(stats.bytes_read));
  page.Histogram("read_wait_seconds", "How long reads slept that had to wait for their bytes.",
                 stats.read_wait);
  const double passed = Load(stats.open_passed);
  page.Gauges(
      "open_files", "Open files; passthrough: the kernel reads them by itself.", "way",
      {{"ordinary", std::max(0.0, Load(stats.open_files) - passed)}, {"passthrough", passed}});
}

void AddFetches(const Stats& stats, const Scheduler::Load& load, Page& page) {
  page.Counter("fetch_requests_total", "Requests for bytes, retries and hedges included.",
               Load(stats.fetches));
  page.Counter("fetch_retries_total", "Requests for bytes after one that failed.",
               Load(stats.fetch_retries));
  page.Counter("fetch_hedges_total", "Requests for bytes beside one that was silent.",
               Load(stats.hedges));
  page.Counter("fetch_failures_total", "Ranges that were given up with an error.",
               Load(stats.fetch_failures));
  page.Counter("fetch_whole_answers_total", "Answers of servers that know no ranges.",
               Load(stats.whole_answers));
  page.Counter("fetched_bytes_total", "Bytes accepted from the source.", Load(stats.bytes_fetched));
  page.Counter("recovered_bytes_total", "Bytes that an earlier mount had left, verified.",
               Load(stats.bytes_recovered));
  page.Histogram("fetch_first_byte_seconds",
                 "How long requests for bytes waited until their answer began.", stats.first_byte);
  page.Histogram("fetch_duration_seconds",
                 "How long requests for bytes took to their last byte, if they ended well.",
                 stats.request);
  page.Gauges("fetches", "Requests for bytes that are under way, or wait for a connection or time.",
              "state", {{"running", load.running * 1.0}, {"queued", load.queued * 1.0}});
  page.Counters("metadata_requests_total", "Questions to the source about names and directories.",
                "kind", {{"stat", Load(stats.stat_calls)}, {"list", Load(stats.list_calls)}});
}

void AddAhead(const Stats& stats, Page& page) {
  page.Counter("prefetched_files_total", "Files that were fetched from before they were opened.",
               Load(stats.siblings_fetched));
  page.Counter("prefetched_files_used_total", "Those of them that were opened.",
               Load(stats.siblings_used));
  page.Counter("prefetched_files_wasted_total", "Those of them that were given up.",
               Load(stats.siblings_wasted));
}

void AddCache(const Stats& stats, const Cache::Usage& space, Page& page) {
  page.Counter("cache_evicted_bytes_total", "Bytes that left, to make room or by brimfs evict.",
               Load(stats.bytes_evicted));
  page.Counter("cache_damaged_blocks_total", "Blocks that were not what was stored: fetched again.",
               Load(stats.blocks_damaged));
  const auto bytes = [](uint64_t value) { return static_cast<double>(value); };
  page.Gauges("cache_used_bytes",
              "Bytes stored: in the directory by all mounts that have it, in memory by this one.",
              "place", {{"disk", bytes(space.stored)}, {"memory", bytes(space.memory)}});
  page.Gauges("cache_limit_bytes", "What may be stored there (cache_size, memory); 0: nothing.",
              "place",
              {{"disk", bytes(space.stored_limit)}, {"memory", bytes(space.memory_limit)}});
  page.Gauge("cache_disk_free_bytes", "What is free on the disk of the cache directory.",
             bytes(space.disk_free));
  page.Gauge("cache_disk_floor_bytes", "What is left free there for others (cache_free).",
             bytes(space.disk_floor));
}

}  // namespace

std::string MetricsText(const MountLabels& labels, const MountFigures& figures) {
  Page page(labels);
  page.Gauges("build_info", "1, for the version in its label.", "version",
              {{figures.version, 1.0}});
  page.Gauge("start_time_seconds", "When the mount began, since 1970.",
             std::chrono::duration<double>(figures.mounted.time_since_epoch()).count());
  page.Gauge("inodes", "Names that the kernel knows.", static_cast<double>(figures.nodes));
  AddReads(figures.stats, page);
  AddFetches(figures.stats, figures.load, page);
  AddAhead(figures.stats, page);
  AddCache(figures.stats, figures.space, page);
  return page.Text();
}

}  // namespace brimfs
