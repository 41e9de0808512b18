#include "tests/support/origin/s3_error.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <iterator>

namespace brimfs {
namespace {

struct CodeStatus {
  std::string_view code;
  int status;
};

// "Error responses" in the S3 API reference.
constexpr CodeStatus kStatuses[] = {
    {"AccessDenied", 403},
    {"InternalError", 500},
    {"InvalidAccessKeyId", 403},
    {"InvalidObjectState", 403},
    {"MethodNotAllowed", 405},
    {"NoSuchBucket", 404},
    {"NoSuchKey", 404},
    {"NoSuchVersion", 404},
    {"PermanentRedirect", 301},
    {"PreconditionFailed", 412},
    {"RequestTimeTooSkewed", 403},
    {"ServiceUnavailable", 503},
    {"SignatureDoesNotMatch", 403},
    {"SlowDown", 503},
    {"TemporaryRedirect", 307},
};

}  // namespace

std::string EscapeXml(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    const unsigned char byte = static_cast<unsigned char>(c);
    if (c == '&') {
      escaped += "&amp;";
    } else if (c == '<') {
      escaped += "&lt;";
    } else if (c == '>') {
      escaped += "&gt;";
    } else if (c == '"') {
      escaped += "&quot;";
    } else if (byte < 0x20) {
      std::array<char, 16> reference;
      std::snprintf(reference.data(), reference.size(), "&#x%x;", byte);
      escaped += reference.data();
    } else {
      escaped += c;
    }
  }
  return escaped;
}

std::string XmlElement(std::string_view name, std::string_view text) {
  const std::string tag(name);
  return "<" + tag + ">" + EscapeXml(text) + "</" + tag + ">";
}

OriginAnswer S3ErrorAnswer(const OriginS3Error& error) {
  const auto row = std::find_if(std::begin(kStatuses), std::end(kStatuses),
                                [&](const CodeStatus& known) { return known.code == error.code; });
  std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>" +
                     XmlElement("Code", error.code) + XmlElement("Message", error.message);
  for (const auto& [name, value] : error.details) text += XmlElement(name, value);
  OriginAnswer answer = TextAnswer(row == std::end(kStatuses) ? 400 : row->status,
                                   "application/xml", text + "</Error>");
  for (const auto& [name, value] : error.headers) answer.SetHeader(name, value);
  return answer;
}

}  // namespace brimfs
