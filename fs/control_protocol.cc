#include "fs/control_protocol.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <type_traits>
#include <utility>

#include "core/log.h"

namespace brimfs {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::pair<ControlCommand, std::string_view>, 6> kCommands = {{
    {ControlCommand::kStatus, "status"},
    {ControlCommand::kMap, "map"},
    {ControlCommand::kFill, "fill"},
    {ControlCommand::kEvict, "evict"},
    {ControlCommand::kPin, "pin"},
    {ControlCommand::kUnpin, "unpin"},
}};

constexpr Code kLastCode = Code::kIo;
constexpr size_t kMostText = 16384;  // of a message, a URL or a path, bytes

// One list of fields a struct: the same for both directions.
template <typename S, typename F>
void EachField(S& status, F&& field) requires std::is_same_v<std::remove_const_t<S>, MountStatus> {
  field("source", status.source);
  field("mountpoint", status.mountpoint);
  field("driver", status.driver);
  field("cache", status.cache);
  field("pid", status.pid);
  field("reads_covered", status.reads_covered);
  field("reads_waited", status.reads_waited);
  field("bytes_read", status.bytes_read);
  field("bytes_fetched", status.bytes_fetched);
  field("bytes_recovered", status.bytes_recovered);
  field("requests", status.requests);
  field("retries", status.retries);
  field("failures", status.failures);
  field("damaged", status.damaged);
  field("evicted", status.evicted);
  field("in_flight", status.in_flight);
  field("queued", status.queued);
  field("filling", status.filling);
  field("open_files", status.open_files);
  field("passed_files", status.passed_files);
  field("cache_used", status.cache_used);
  field("cache_limit", status.cache_limit);
  field("disk_free", status.disk_free);
  field("disk_floor", status.disk_floor);
  field("memory_used", status.memory_used);
  field("memory_limit", status.memory_limit);
}

template <typename S, typename F>
void EachField(S& status, F&& field) requires std::is_same_v<std::remove_const_t<S>, FileStatus> {
  field("url", status.url);
  field("length", status.length);
  field("filled", status.filled);
  field("ranges", status.ranges);
  field("all_ranges", status.all_ranges);
  field("version", status.version);
  field("state", status.state);
  field("readers", status.readers);
  field("passed", status.passed);
  field("pinned", status.pinned);
  field("kept", status.kept);
}

template <typename S, typename F>
void EachField(S& map, F&& field) requires std::is_same_v<std::remove_const_t<S>, FillMap> {
  field("length", map.length);
  field("cells", map.cells);
}

template <typename S, typename F>
void EachField(S& progress,
               F&& field) requires std::is_same_v<std::remove_const_t<S>, FillProgress> {
  field("filled", progress.filled);
  field("length", progress.length);
}

template <typename S, typename F>
void EachField(S& kept, F&& field) requires std::is_same_v<std::remove_const_t<S>, KeptFile> {
  field("path", kept.path);
  field("why", kept.why);
}

template <typename S, typename F>
void EachField(S& done, F&& field) requires std::is_same_v<std::remove_const_t<S>, Done> {
  field("files", done.files);
  field("bytes", done.bytes);
}

template <typename T>
Json ToJson(const T& value) {
  return value;
}
Json ToJson(const std::string& text) { return EscapeForLog(text.substr(0, kMostText)); }
Json ToJson(const std::vector<Range>& ranges) {
  Json list = Json::array();
  for (const Range& range : ranges) list.push_back({range.begin, range.end});
  return list;
}

template <typename T>
Json ObjectOf(const T& what) {
  Json object;
  EachField(what, [&](const char* key, const auto& value) { object[key] = ToJson(value); });
  return object;
}

// Of what EscapeForLog may have made; anything else is not turned back by it.
std::string Unescape(std::string_view escaped) {
  constexpr size_t kEscape = 4;  // "\x0a"
  std::string text;
  text.reserve(escaped.size());
  while (!escaped.empty()) {
    unsigned char byte = 0;
    const char* const digits = escaped.data() + 2;
    if (escaped.size() >= kEscape && escaped.starts_with("\\x") &&
        std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2) {
      text.push_back(static_cast<char>(byte));
      escaped.remove_prefix(kEscape);
    } else {
      text.push_back(escaped.front());
      escaped.remove_prefix(1);
    }
  }
  return text;
}

// Only as ToJson writes it: whatever else comes, another program has written.
bool FromJson(const Json& json, std::string& text) {
  if (!json.is_string()) return false;
  const std::string& escaped = json.get_ref<const std::string&>();
  text = Unescape(escaped);
  return text.size() <= kMostText && EscapeForLog(text) == escaped;
}
bool FromJson(const Json& json, uint64_t& number) {
  if (!json.is_number_unsigned()) return false;
  number = json.get<uint64_t>();
  return true;
}
bool FromJson(const Json& json, bool& flag) {
  if (!json.is_boolean()) return false;
  flag = json.get<bool>();
  return true;
}
bool FromJson(const Json& json, std::vector<Range>& ranges) {
  if (!json.is_array() || json.size() > kMostRanges) return false;
  for (const Json& one : json) {
    Range range;
    if (!one.is_array() || one.size() != 2 || !FromJson(one[0], range.begin) ||
        !FromJson(one[1], range.end) || range.begin > range.end) {
      return false;
    }
    ranges.push_back(range);
  }
  return true;
}
bool FromJson(const Json& json, std::vector<uint16_t>& cells) {
  if (!json.is_array() || json.size() > kMostCells) return false;
  for (const Json& one : json) {
    uint64_t cell = 0;
    if (!FromJson(one, cell) || cell > 1000) return false;
    cells.push_back(static_cast<uint16_t>(cell));
  }
  return true;
}

template <typename T>
std::optional<T> Read(const Json& object) {
  T what;
  bool right = object.is_object();
  EachField(what, [&](const char* key, auto& value) {
    const auto at = right ? object.find(key) : object.end();
    right = right && at != object.end() && FromJson(*at, value);
  });
  if (!right) return std::nullopt;
  return what;
}

Json ObjectOf(const Status& error) {
  return {{"code", CodeName(error.code())}, {"message", ToJson(error.message())}};
}

template <>
std::optional<Status> Read(const Json& object) {
  std::string name;
  std::string message;
  if (!object.is_object() || !object.contains("code") || !FromJson(object["code"], name) ||
      !object.contains("message") || !FromJson(object["message"], message)) {
    return std::nullopt;
  }
  for (int i = static_cast<int>(Code::kOk) + 1; i <= static_cast<int>(kLastCode); ++i) {
    const auto code = static_cast<Code>(i);
    if (name == CodeName(code)) return Status(code, message);
  }
  return std::nullopt;
}

template <typename T>
constexpr const char* kKey = "";
template <>
constexpr const char* kKey<MountStatus> = "mount";
template <>
constexpr const char* kKey<FileStatus> = "file";
template <>
constexpr const char* kKey<FillMap> = "map";
template <>
constexpr const char* kKey<FillProgress> = "progress";
template <>
constexpr const char* kKey<KeptFile> = "kept";
template <>
constexpr const char* kKey<Done> = "done";
template <>
constexpr const char* kKey<Status> = "error";

Status Garbage(const std::string& what) { return Status(Code::kProtocol, what); }

std::string Dump(const Json& json, int indent = -1) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

// Nothing: it is no object, or has no id.
std::optional<Json> ParseObject(std::string_view line, size_t most, uint64_t& id) {
  if (line.size() > most) return std::nullopt;
  Json json = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("id") || !FromJson(json["id"], id)) return std::nullopt;
  return json;
}

template <size_t kIndex = 0>
bool ReadAny(const Json& json, ControlAnswer& answer) {
  if constexpr (kIndex < std::variant_size_v<decltype(answer.what)>) {
    using Held = std::variant_alternative_t<kIndex, decltype(answer.what)>;
    if (!json.contains(kKey<Held>)) return ReadAny<kIndex + 1>(json, answer);
    std::optional<Held> what = Read<Held>(json[kKey<Held>]);
    if (what) answer.what = std::move(*what);
    return what.has_value();
  } else {
    return false;
  }
}

}  // namespace

std::string_view CommandName(ControlCommand command) {
  for (const auto& [known, name] : kCommands) {
    if (known == command) return name;
  }
  return "";
}

std::string FormatRequest(const ControlRequest& request) {
  Json json = {{"id", request.id}, {"do", CommandName(request.command)}};
  if (request.node) json["node"] = *request.node;
  if (request.cells != 0) json["cells"] = request.cells;
  return Dump(json);
}

Result<ControlRequest> ParseRequest(std::string_view line) {
  ControlRequest request;
  std::optional<Json> json = ParseObject(line, kMostRequestBytes, request.id);
  if (!json) return Garbage("not a request");
  std::string name;
  if (!json->contains("do") || !FromJson((*json)["do"], name)) return Garbage("nothing to do");
  const auto known = std::find_if(kCommands.begin(), kCommands.end(),
                                  [&](const auto& command) { return command.second == name; });
  if (known == kCommands.end()) return Garbage("an unknown command");
  request.command = known->first;
  if (json->contains("node")) {
    request.node.emplace();
    if (!FromJson((*json)["node"], *request.node)) return Garbage("not a node");
  }
  if (json->contains("cells")) {
    uint64_t cells = 0;
    if (!FromJson((*json)["cells"], cells) || cells > kMostCells) return Garbage("not a number");
    request.cells = static_cast<uint32_t>(cells);
  }
  return request;
}

std::string FormatAnswer(const ControlAnswer& answer) {
  Json json = {{"id", answer.id}};
  std::visit([&](const auto& what) { json[kKey<std::decay_t<decltype(what)>>] = ObjectOf(what); },
             answer.what);
  return Dump(json);
}

Result<ControlAnswer> ParseAnswer(std::string_view line) {
  ControlAnswer answer;
  const std::optional<Json> json = ParseObject(line, kMostAnswerBytes, answer.id);
  if (!json || !ReadAny(*json, answer)) return Garbage("not an answer of brimfs");
  return answer;
}

std::string MountStatusJson(const MountStatus& status) { return Dump(ObjectOf(status), 2); }
std::string FileStatusJson(const FileStatus& status) { return Dump(ObjectOf(status), 2); }

std::vector<uint16_t> FillCells(const std::vector<Range>& filled, uint64_t length, uint32_t count) {
  constexpr uint64_t kWhole = 1000;
  std::vector<uint16_t> cells;
  cells.reserve(count);
  size_t at = 0;
  // Of lengths near 2^63 the product would not fit.
  const auto border = [&](uint32_t number) {
    return length / count * number + length % count * number / count;
  };
  for (uint32_t i = 0; i < count; ++i) {
    Range cell{border(i), border(i + 1)};
    if (cell.empty() && length > 0) ++cell.end;  // of a byte that has several cells
    uint64_t bytes = 0;
    while (at < filled.size() && filled[at].end <= cell.begin) ++at;
    for (size_t j = at; j < filled.size() && filled[j].begin < cell.end; ++j) {
      bytes += Intersect(filled[j], cell).size();
    }
    uint64_t share = 0;
    if (bytes == cell.size()) {
      share = kWhole;
    } else if (bytes > 0) {
      const double part = static_cast<double>(bytes) / static_cast<double>(cell.size());
      const auto exact = static_cast<uint64_t>(part * kWhole);
      share = std::clamp<uint64_t>(exact, 1, kWhole - 1);
    }
    cells.push_back(static_cast<uint16_t>(share));
  }
  return cells;
}

}  // namespace brimfs
