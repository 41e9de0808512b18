#include "backends/s3_listing.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <pugixml.hpp>

#include "backends/http_date.h"
#include "backends/http_number.h"
#include "backends/url.h"

namespace brimfs {
namespace {

constexpr int kMaxDepth = 16;

Status Malformed(const std::string& why) {
  return Status(Code::kProtocol, "the server's XML is wrong: " + why);
}

// Before it is parsed: the parser itself goes as deep as it is led.
bool IsTooDeep(std::string_view xml) {
  int depth = 0;
  for (size_t at = xml.find('<'); at != xml.npos && at + 1 < xml.size();
       at = xml.find('<', at + 1)) {
    const char next = xml[at + 1];
    if (next == '?' || next == '!') continue;
    depth += next == '/' ? -1 : 1;
    if (depth > kMaxDepth) return true;
    const size_t end = xml.find('>', at);
    if (end != xml.npos && xml[end - 1] == '/') --depth;
  }
  return false;
}

// `root` is its element of that name; servers differ in namespaces, so prefixes do not count.
Status Parse(std::string_view xml, pugi::xml_document& document) {
  if (xml.size() > kMaxPageBytes) return Malformed("too big");
  if (xml.find("<!DOCTYPE") != xml.npos) return Malformed("a document type");
  if (IsTooDeep(xml)) return Malformed("too deep");
  const pugi::xml_parse_result parsed =
      document.load_buffer(xml.data(), xml.size(), pugi::parse_default, pugi::encoding_utf8);
  return parsed ? OkStatus() : Malformed(parsed.description());
}

std::string Text(const pugi::xml_node& node, const char* name) { return node.child_value(name); }

// As an HTTP field has it.
std::string Quoted(std::string etag) {
  if (etag.empty() || etag.front() == '"' || etag.starts_with("W/")) return etag;
  return '"' + etag + '"';
}

// encoding-type=url is that of forms: a space may be a '+'.
std::string Decode(std::string text, bool encoded) {
  if (!encoded) return text;
  std::replace(text.begin(), text.end(), '+', ' ');
  return DecodePercent(text);
}

}  // namespace

Result<S3Page> ParsePage(std::string_view xml) {
  pugi::xml_document document;
  BRIMFS_RETURN_IF_ERROR(Parse(xml, document));
  const pugi::xml_node root = document.document_element();
  if (std::strcmp(root.name(), "ListBucketResult") != 0) {
    return Malformed("it lists no objects but is <" + std::string(root.name()) + ">");
  }
  const bool encoded = Text(root, "EncodingType") == "url";
  S3Page page;
  for (const pugi::xml_node node : root.children("Contents")) {
    S3Object object;
    object.key = Decode(Text(node, "Key"), encoded);
    object.version.etag = Quoted(Text(node, "ETag"));
    object.version.length = ParseNumber(Text(node, "Size"));
    object.version.last_modified = ParseRfc3339(Text(node, "LastModified"));
    if (object.key.empty() || !object.version.length) return Malformed("a key without its size");
    page.objects.push_back(std::move(object));
  }
  for (const pugi::xml_node node : root.children("CommonPrefixes")) {
    page.prefixes.push_back(Decode(Text(node, "Prefix"), encoded));
  }
  if (Text(root, "IsTruncated") == "true") {
    page.next = Text(root, "NextContinuationToken");
    if (page.next.empty()) return Malformed("a page to be continued, and no token");
  }
  return page;
}

std::string PeekToken(std::string_view xml) {
  constexpr std::string_view kTag = "<NextContinuationToken>";
  const size_t tag = xml.find(kTag);
  if (tag == xml.npos) return "";
  const std::string_view rest = xml.substr(tag + kTag.size());
  const std::string_view token = rest.substr(0, rest.find_first_of("<&"));
  return rest.substr(token.size()).starts_with('<') ? std::string(token) : "";
}

Result<std::vector<std::string>> ParseBuckets(std::string_view xml) {
  pugi::xml_document document;
  BRIMFS_RETURN_IF_ERROR(Parse(xml, document));
  const pugi::xml_node root = document.document_element();
  if (std::strcmp(root.name(), "ListAllMyBucketsResult") != 0) {
    return Malformed("it lists no buckets but is <" + std::string(root.name()) + ">");
  }
  std::vector<std::string> buckets;
  for (const pugi::xml_node bucket : root.child("Buckets").children("Bucket")) {
    buckets.push_back(Text(bucket, "Name"));
  }
  return buckets;
}

S3Error ParseError(std::string_view xml) {
  S3Error error;
  pugi::xml_document document;
  if (!Parse(xml, document).ok()) return error;
  pugi::xml_node root = document.document_element();
  if (std::strcmp(root.name(), "ErrorResponse") == 0) root = root.child("Error");
  if (std::strcmp(root.name(), "Error") != 0) return error;
  error.code = Text(root, "Code");
  error.message = Text(root, "Message");
  error.region = Text(root, "Region");
  error.endpoint = Text(root, "Endpoint");
  return error;
}

}  // namespace brimfs
