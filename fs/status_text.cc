#include "fs/status_text.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <string_view>
#include <utility>
#include <vector>

#include "core/log.h"
#include "fs/readable.h"

namespace brimfs {
namespace {

using Rows = std::vector<std::pair<std::string, std::string>>;

std::string Table(const std::string& title, const Rows& rows) {
  size_t width = 0;
  for (const auto& [name, value] : rows) width = std::max(width, name.size());
  std::string text = EscapeForLog(title) + "\n";
  for (const auto& [name, value] : rows) {
    text.append("  ").append(name).append(width - name.size() + 2, ' ');
    text.append(EscapeForLog(value)).append("\n");
  }
  return text;
}

std::string Number(uint64_t number) { return std::to_string(number); }

std::string Limited(uint64_t used, uint64_t limit) {
  return ReadableBytes(used) + " of " + ReadableBytes(limit) + " (" + ReadableShare(used, limit) +
         ")";
}

constexpr size_t kShownRanges = 8;

std::string Ranges(const FileStatus& status, bool utf8) {
  std::string text;
  for (size_t i = 0; i < std::min(kShownRanges, status.ranges.size()); ++i) {
    if (i > 0) text += ", ";
    text += ReadableBytes(status.ranges[i].begin) + "-" + ReadableBytes(status.ranges[i].end);
  }
  if (status.ranges.size() > kShownRanges || !status.all_ranges) text += utf8 ? ", …" : ", ...";
  return text.empty() ? "none" : text;
}

// At most: what may be two columns wide counts as two.
size_t MostColumns(std::string_view text) {
  constexpr unsigned char kAfterLatin = 0xE1;  // U+1000 and up
  size_t columns = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0) != 0x80) columns += byte >= kAfterLatin ? 2 : 1;
  }
  return columns;
}

}  // namespace

std::string Screenful(const std::string& text, int width, int height, bool utf8) {
  const auto columns = static_cast<size_t>(std::max(1, width));
  const auto most = static_cast<size_t>(std::max(2, height)) - 1;
  size_t rows = 0;
  size_t cut = 0;  // what is before it leaves a row free
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size() - 1) + 1;
    const size_t wide = MostColumns(std::string_view(text).substr(begin, end - begin - 1));
    rows += wide == 0 ? 1 : (wide + columns - 1) / columns;
    if (rows > most) return text.substr(0, cut) + (utf8 ? "…\n" : "...\n");
    if (rows < most) cut = end;
    begin = end;
  }
  return text;
}

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

std::string FileText(const std::string& path, const FileStatus& status, bool utf8) {
  const std::string passed = status.passed > 0 ? ", by the kernel itself" : "";
  return Table(path, {{"source", status.url},
                      {"size", ReadableBytes(status.length)},
                      {"filled", ReadableBytes(status.filled) + " (" +
                                     ReadableShare(status.filled, status.length) + ")"},
                      {"ranges", Ranges(status, utf8)},
                      {"version", status.version},
                      {"state", status.state},
                      {"readers", Number(status.readers) + passed},
                      {"pinned", status.pinned ? "yes" : "no"},
                      {"kept", status.kept ? "yes" : "no"}});
}

}  // namespace brimfs
