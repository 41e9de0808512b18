#include "tests/support/origin/answer.h"

#include <algorithm>

namespace brimfs {
namespace {

const char* Reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 307:
      return "Temporary Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 412:
      return "Precondition Failed";
    case 416:
      return "Range Not Satisfiable";
    case 429:
      return "Too Many Requests";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    default:
      return "Unnamed";
  }
}

// RFC 9110, section 13.2.2: If-Unmodified-Since counts only without If-Match.
bool PreconditionsHold(const OriginRequest& request, const OriginObject& object) {
  if (const std::string* if_match = request.Header("if-match")) {
    return MatchesEtag(*if_match, object.etag);
  }
  if (const std::string* since = request.Header("if-unmodified-since")) {
    const std::optional<std::time_t> time = ParseHttpDate(*since);
    return !time || object.last_modified <= *time;
  }
  return true;
}

bool IfRangeHolds(const OriginRequest& request, const OriginObject& object) {
  const std::string* if_range = request.Header("if-range");
  if (if_range == nullptr) return true;
  if (const std::optional<std::time_t> time = ParseHttpDate(*if_range)) {
    return object.last_modified == *time;
  }
  return MatchesEtag(*if_range, object.etag);
}

}  // namespace

const std::string* OriginAnswer::Header(const std::string& name) const {
  const auto it = std::find_if(headers.begin(), headers.end(),
                               [&](const auto& header) { return header.first == name; });
  return it == headers.end() ? nullptr : &it->second;
}

void OriginAnswer::SetHeader(const std::string& name, std::string value) {
  RemoveHeader(name);
  headers.emplace_back(name, std::move(value));
}

void OriginAnswer::RemoveHeader(const std::string& name) {
  std::erase_if(headers, [&](const auto& header) { return header.first == name; });
}

std::string OriginAnswer::Head() const {
  std::string head =
      "HTTP/1.1 " + std::to_string(status) + " " + Reason(status) + "\r\nServer: brimfs-origin\r\n";
  if (Header("Date") == nullptr) head += "Date: " + HttpDate(std::time(nullptr)) + "\r\n";
  for (const auto& [name, value] : headers) head += name + ": " + value + "\r\n";
  return head + "Connection: " + (close ? "close" : "keep-alive") + "\r\n\r\n";
}

OriginAnswer TextAnswer(int status, const std::string& content_type, std::string text) {
  OriginAnswer answer;
  answer.status = status;
  answer.body = {0, text.size()};
  answer.SetHeader("Content-Type", content_type);
  answer.SetHeader("Content-Length", std::to_string(text.size()));
  answer.content = BytesContent(std::move(text));
  return answer;
}

OriginAnswer ObjectAnswer(const OriginRequest& request, const OriginObject& object) {
  if (!PreconditionsHold(request, object)) {
    return TextAnswer(412, "text/plain", "the object is another one now\n");
  }
  const uint64_t size = object.content->size();
  OriginAnswer answer;
  answer.content = object.content;
  answer.body = {0, size};
  const std::string* header = request.Header("range");
  if (header != nullptr && IfRangeHolds(request, object)) {
    if (const std::optional<Range> range = ParseRange(*header, size)) {
      if (range->empty()) {
        answer = TextAnswer(416, "text/plain", "no such bytes\n");
        answer.SetHeader("Content-Range", "bytes */" + std::to_string(size));
        return answer;
      }
      answer.status = 206;
      answer.body = *range;
      answer.SetHeader("Content-Range", "bytes " + std::to_string(range->begin) + "-" +
                                            std::to_string(range->end - 1) + "/" +
                                            std::to_string(size));
    }
  }
  answer.SetHeader("Content-Type", "application/octet-stream");
  answer.SetHeader("Content-Length", std::to_string(answer.body.size()));
  answer.SetHeader("Accept-Ranges", "bytes");
  if (!object.etag.empty()) answer.SetHeader("ETag", object.etag);
  if (object.last_modified != 0) answer.SetHeader("Last-Modified", HttpDate(object.last_modified));
  return answer;
}

}  // namespace brimfs
