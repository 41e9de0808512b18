#include "fs/source_findings.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "fs/readable.h"

namespace brimfs {
namespace {

using Level = Finding::Level;
using Findings = std::vector<Finding>;

std::string Milliseconds(Duration time) {
  const double ms = std::chrono::duration<double, std::milli>(time).count();
  char text[32];
  (void)snprintf(text, sizeof text, ms < 10 ? "%.1f ms" : "%.0f ms", ms);
  return text;
}

std::string PerSecond(double bytes) { return ReadableBytes(static_cast<uint64_t>(bytes)) + "/s"; }

std::string StatusText(int status, const std::string& error) {
  return status == 0 ? "no answer (" + error + ")" : "status " + std::to_string(status);
}

bool HasRanges(const ObjectProbe& probe) { return probe.ranged == 206; }

void AddWay(const ObjectProbe& probe, Findings& found) {
  if (probe.encrypted) {
    found.push_back({Level::kGood, "encryption", "https, with a certificate that is trusted"});
  } else {
    found.push_back({Level::kNote, "encryption", "none: http can be read and changed on the way"});
  }
  if (!probe.redirects.empty()) {
    found.push_back({Level::kNote, "redirects",
                     std::to_string(probe.redirects.size()) + " for each request, to " +
                         probe.redirects.back() + "; that URL as the source saves them"});
  }
}

void AddRanges(const ObjectProbe& probe, Findings& found) {
  if (HasRanges(probe) && probe.right_content_range) {
    found.push_back({Level::kGood, "ranges", "206 with the right Content-Range"});
  } else if (HasRanges(probe)) {
    found.push_back({Level::kBad, "ranges",
                     "206 with a wrong or missing Content-Range: such answers are refused (EIO)"});
  } else if (probe.ranged == 200) {
    found.push_back({Level::kBad, "ranges",
                     "none: each file comes in one stream from its beginning, and its end waits "
                     "for all before it"});
  } else {
    found.push_back({Level::kBad, "ranges", StatusText(probe.ranged, probe.ranged_error)});
  }
  if (probe.encoded) {
    found.push_back({Level::kNote, "compression",
                     "the bytes come with a Content-Encoding, and are shown as they come"});
  }
}

void AddHead(const ObjectProbe& probe, Findings& found) {
  if (probe.head >= 200 && probe.head < 300 && probe.head_has_length) {
    found.push_back({Level::kGood, "HEAD", "answered, with the length"});
    return;
  }
  const std::string how = probe.head >= 200 && probe.head < 300
                              ? "without the length"
                              : StatusText(probe.head, probe.head_error);
  found.push_back({Level::kNote, "HEAD",
                   how + ": sizes are found out by a GET of the first byte, one request more"});
}

void AddValidators(const ObjectProbe& probe, Findings& found) {
  if (probe.strong_etag) {
    found.push_back({Level::kGood, "versions", "told apart by a strong ETag"});
  } else if (probe.last_modified) {
    found.push_back({Level::kNote, "versions",
                     std::string(probe.etag.empty() ? "no ETag" : "a weak ETag") +
                         ": told apart by Last-Modified, so not two within a second"});
  } else {
    found.push_back({Level::kBad, "versions",
                     "neither a strong ETag nor a Last-Modified: a change that keeps the length "
                     "is not noticed, and nothing is kept for the next mount"});
  }
}

void AddConditions(const ObjectProbe& probe, Findings& found) {
  if (probe.etag.empty()) return;
  if (probe.other_if_match == 412) {
    found.push_back({Level::kGood, "If-Match", "honoured"});
  } else {
    found.push_back({Level::kNote, "If-Match",
                     "ignored (" + StatusText(probe.other_if_match, "") +
                         "): the ETag of each answer is compared instead"});
  }
  if (!HasRanges(probe)) return;
  if (probe.other_if_range == 200) {
    found.push_back({Level::kGood, "If-Range", "honoured"});
  } else {
    found.push_back({Level::kNote, "If-Range",
                     "ignored (" + StatusText(probe.other_if_range, "") +
                         "): what tells the version of each answer is compared instead"});
  }
}

void AddBucket(const ObjectProbe& probe, Findings& found) {
  if (!probe.region.empty()) found.push_back({Level::kGood, "region", probe.region});
  if (probe.versioning.empty()) return;
  const bool told = !probe.versioning.starts_with("not");
  found.push_back({told ? Level::kGood : Level::kNote, "versioning", probe.versioning});
}

void AddListing(const SourceMeasure& measure, Findings& found) {
  if (!measure.is_directory) return;
  if (!measure.listed.ok()) {
    found.push_back({Level::kNote, "listing",
                     "none (" + measure.listed.message() + "): names are found only by asking"});
    return;
  }
  std::string text = std::to_string(measure.names) + " names in " + Milliseconds(measure.listing);
  if (measure.files == 0) {
    found.push_back({Level::kGood, "listing", text});
  } else if (measure.files_with_size == measure.files) {
    found.push_back({Level::kGood, "listing", text + ", with exact sizes"});
  } else {
    found.push_back({Level::kNote, "listing",
                     text + ", " + std::to_string(measure.files - measure.files_with_size) +
                         " files without an exact size: ls -l costs a request for each"});
  }
}

void AddSpeed(const SourceMeasure& measure, Findings& found) {
  if (!measure.path) {
    found.push_back({Level::kNote, "speed", "not measured: no file was found"});
    return;
  }
  if (!measure.asked.ok()) {
    found.push_back({Level::kBad, "reading", measure.asked.message()});
    return;
  }
  if (!measure.fetched.ok()) {
    found.push_back({Level::kBad, "reading", measure.fetched.message()});
    return;
  }
  if (measure.round_trip > Duration(0)) {
    found.push_back({Level::kGood, "latency",
                     Milliseconds(measure.round_trip) + " for a request, " +
                         Milliseconds(measure.connecting) + " for a new connection"});
  }
  if (measure.one_connection == 0) {
    found.push_back({Level::kNote, "speed", "not measured: the largest file found is too small"});
    return;
  }
  std::string text = PerSecond(measure.one_connection) + " over one connection";
  if (measure.all_connections > 0) {
    text += ", " + PerSecond(measure.all_connections) + " over " +
            std::to_string(SourceMeasure::kConnections);
  }
  found.push_back({Level::kGood, "speed", std::move(text)});
}

}  // namespace

Findings FindingsOf(const SourceMeasure& measure, const std::optional<ObjectProbe>& probe) {
  Findings found;
  if (probe) {
    AddWay(*probe, found);
    AddBucket(*probe, found);
    AddRanges(*probe, found);
    AddHead(*probe, found);
    AddValidators(*probe, found);
    AddConditions(*probe, found);
  }
  AddListing(measure, found);
  AddSpeed(measure, found);
  return found;
}

std::vector<Advice> AdviceFor(const SourceMeasure& measure,
                              const std::optional<ObjectProbe>& probe) {
  constexpr double kNoGain = 1.2;
  constexpr double kFullGain = 0.75 * SourceMeasure::kConnections;
  constexpr uint64_t kReadahead = 128 << 20;  // the default
  std::vector<Advice> advice;
  if (probe && measure.one_connection > 0 && measure.all_connections > 0) {
    const double gain = measure.all_connections / measure.one_connection;
    if (gain < kNoGain) {
      advice.push_back({"connections=4",
                        "more connections bring no more bytes, and cost the "
                        "server"});
    } else if (gain > kFullGain) {
      advice.push_back({"connections=32",
                        "each connection brought as much as the first: more of "
                        "them may bring more than the default of 16"});
    }
    // So much is on its way in two round trips of all connections, twice as many as were tried.
    const double on_the_way =
        4 * measure.all_connections * std::chrono::duration<double>(measure.round_trip).count();
    if (on_the_way > static_cast<double>(kReadahead)) {
      advice.push_back({"readahead=512M", "the way holds more than the default of 128M"});
    }
  }
  if (measure.round_trip > std::chrono::seconds(2)) {
    const auto patience = 5 * std::chrono::ceil<std::chrono::seconds>(measure.round_trip);
    if (patience > std::chrono::seconds(10)) {
      advice.push_back({"first_byte_timeout=" + std::to_string(patience.count()) + "s",
                        "it takes long to begin an answer: 10s would be taken for silence"});
    }
  }
  const bool asks_for_sizes = measure.files > measure.files_with_size;
  const bool slow = measure.round_trip > std::chrono::milliseconds(200);
  if (asks_for_sizes || slow) {
    advice.push_back({"metadata_ttl=10m", std::string(asks_for_sizes ? "each size costs a request"
                                                                     : "each question takes long") +
                                              "; if the source changes seldom"});
  }
  if (probe && probe->ranged == 200) {
    advice.push_back({"readahead_kb=128",
                      "without ranges what is read ahead at random places is "
                      "waited for"});
  }
  return advice;
}

bool Mountable(const SourceMeasure& measure) {
  if (measure.is_directory && !measure.listed.ok() && measure.listed.code() != Code::kUnsupported) {
    return false;
  }
  return measure.asked.ok() && measure.fetched.ok();
}

}  // namespace brimfs
