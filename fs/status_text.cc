#include "fs/status_text.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <utility>
#include <vector>

#include "fs/readable.h"

namespace brimfs {
namespace {

using Rows = std::vector<std::pair<std::string, std::string>>;

std::string Table(const std::string& title, const Rows& rows) {
  size_t width = 0;
  for (const auto& [name, value] : rows) width = std::max(width, name.size());
  std::string text = title + "\n";
  for (const auto& [name, value] : rows) {
    text.append("  ").append(name).append(width - name.size() + 2, ' ').append(value).append("\n");
  }
  return text;
}

std::string Number(uint64_t number) { return std::to_string(number); }

std::string Limited(uint64_t used, uint64_t limit) {
  return ReadableBytes(used) + " of " + ReadableBytes(limit) + " (" + ReadableShare(used, limit) +
         ")";
}

constexpr size_t kShownRanges = 8;

std::string Ranges(const FileStatus& status) {
  std::string text;
  for (size_t i = 0; i < std::min(kShownRanges, status.ranges.size()); ++i) {
    if (i > 0) text += ", ";
    text += ReadableBytes(status.ranges[i].begin) + "-" + ReadableBytes(status.ranges[i].end);
  }
  if (status.ranges.size() > kShownRanges || !status.all_ranges) text += ", …";
  return text.empty() ? "none" : text;
}

}  // namespace

std::string ReadableShare(uint64_t part, uint64_t all) {
  if (all == 0) return "-";
  if (part == all) return "100%";
  constexpr double kAll = 1000;
  const double tenths = std::floor(kAll * static_cast<double>(part) / static_cast<double>(all));
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f%%",
                (part < all ? std::min(tenths, kAll - 1) : tenths) / 10);
  return text.data();
}

std::string MountText(const MountStatus& status) {
  const uint64_t reads = status.reads_covered + status.reads_waited;
  Rows rows = {
      {"driver", status.driver},
      {"hits", ReadableShare(status.reads_covered, reads) + " of " + Number(reads) + " reads"},
      {"to readers", ReadableBytes(status.bytes_read)},
      {"from network", ReadableBytes(status.bytes_fetched)},
      {"from disk", ReadableBytes(status.bytes_recovered) + " of an earlier mount"},
      {"requests", Number(status.requests) + ", " + Number(status.retries) + " tried again, " +
                       Number(status.failures) + " failed"},
      {"in flight", Number(status.in_flight) + ", " + Number(status.queued) + " queued, " +
                        Number(status.filling) + " files being filled"},
      {"open files", Number(status.open_files) + ", " + Number(status.passed_files) +
                         " read by the kernel itself"},
  };
  if (status.cache.empty()) {
    rows.emplace_back("memory", Limited(status.memory_used, status.memory_limit));
  } else {
    rows.emplace_back("cache", status.cache);
    rows.emplace_back("cache use", Limited(status.cache_used, status.cache_limit));
    rows.emplace_back("disk", ReadableBytes(status.disk_free) + " free, " +
                                  ReadableBytes(status.disk_floor) + " to be left");
    rows.emplace_back("memory", ReadableBytes(status.memory_used));
  }
  if (status.evicted > 0) rows.emplace_back("evicted", ReadableBytes(status.evicted));
  if (status.damaged > 0) {
    rows.emplace_back("damaged", Number(status.damaged) + " blocks, fetched again");
  }
  return Table(status.source + " on " + status.mountpoint, rows);
}

std::string FileText(const std::string& path, const FileStatus& status) {
  const std::string passed = status.passed > 0 ? ", by the kernel itself" : "";
  return Table(path, {{"source", status.url},
                      {"size", ReadableBytes(status.length)},
                      {"filled", ReadableBytes(status.filled) + " (" +
                                     ReadableShare(status.filled, status.length) + ")"},
                      {"ranges", Ranges(status)},
                      {"version", status.version},
                      {"state", status.state},
                      {"readers", Number(status.readers) + passed},
                      {"pinned", status.pinned ? "yes" : "no"},
                      {"kept", status.kept ? "yes" : "no"}});
}

}  // namespace brimfs
