#include "tests/support/origin/s3_list.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>

#include "tests/support/origin/s3_error.h"

namespace brimfs {
namespace {

constexpr char kHead[] = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
constexpr char kNamespace[] = " xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";

bool ParseNumber(std::string_view text, size_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

std::string Parameter(const OriginS3Query& query, const std::string& name) {
  const auto it = query.find(name);
  return it == query.end() ? std::string() : it->second;
}

std::string Time(std::time_t time) {
  std::tm utc;
  gmtime_r(&time, &utc);
  std::array<char, 32> text;
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S.000Z", &utc)};
}

// As AWS encodes keys: blanks become '+'.
std::string EncodeKey(std::string_view key) {
  std::string encoded = PercentEncode(key);
  for (size_t at = 0; (at = encoded.find("%20", at)) != std::string::npos;) {
    encoded.replace(at, 3, "+");
  }
  return encoded;
}

std::string Answered(const OriginS3Query& query, const std::string& name) {
  const std::string value = Parameter(query, name);
  return Parameter(query, "encoding-type") == "url" ? EncodeKey(value) : value;
}

std::string Contents(const OriginTree::Key& key, const std::string& shown) {
  return "<Contents>" + XmlElement("Key", shown) +
         XmlElement("LastModified", Time(key.last_modified)) + XmlElement("ETag", key.etag) +
         XmlElement("Size", std::to_string(key.size)) +
         "<StorageClass>STANDARD</StorageClass></Contents>";
}

// Where a list that goes on behind `marker` begins.
std::string Behind(const std::string& marker, const std::string& delimiter) {
  if (marker.empty()) return marker;
  std::string from = marker;
  if (!delimiter.empty() && marker.ends_with(delimiter)) {
    ++from.back();  // a common prefix: all that begin with it are behind
  } else {
    from += '\0';
  }
  return from;
}

OriginAnswer Invalid(const std::string& message, const std::string& name) {
  return S3ErrorAnswer({"InvalidArgument", message, {{"ArgumentName", name}}});
}

}  // namespace

std::string FormatS3Token(const OriginS3Token& token) {
  std::string text = std::to_string(token.page) + ".";
  for (const char c : token.from) {
    constexpr char kHex[] = "0123456789abcdef";
    const unsigned char byte = static_cast<unsigned char>(c);
    text += {kHex[byte >> 4], kHex[byte & 15]};
  }
  return text + "+/=";  // what a client has to encode
}

bool ParseS3Token(const std::string& text, OriginS3Token& token) {
  const size_t dot = text.find('.');
  if (dot == text.npos || !text.ends_with("+/=") || text.size() % 2 != (dot + 4) % 2) return false;
  if (!ParseNumber(std::string_view(text).substr(0, dot), token.page)) return false;
  token.from.clear();
  for (size_t i = dot + 1; i + 3 < text.size(); i += 2) {
    unsigned byte = 0;
    const char* const end = text.data() + i + 2;
    if (std::from_chars(text.data() + i, end, byte, 16).ptr != end) return false;
    token.from += static_cast<char>(byte);
  }
  return true;
}

OriginAnswer S3ListAnswer(const std::string& bucket, const OriginS3Query& query,
                          const OriginTree& tree, size_t page_size) {
  const bool v2 = Parameter(query, "list-type") == "2";
  const bool encoded = Parameter(query, "encoding-type") == "url";
  const std::string prefix = Parameter(query, "prefix");
  const std::string delimiter = Parameter(query, "delimiter");
  size_t limit = page_size;
  if (query.contains("max-keys") && !ParseNumber(Parameter(query, "max-keys"), limit)) {
    return Invalid("Provided max-keys not an integer or within integer range", "max-keys");
  }
  limit = std::min(limit, page_size);

  OriginS3Token token;
  token.from = v2 ? Behind(Parameter(query, "start-after"), {})
                  : Behind(Parameter(query, "marker"), delimiter);
  if (v2 && query.contains("continuation-token") &&
      !ParseS3Token(Parameter(query, "continuation-token"), token)) {
    return Invalid("The continuation token provided is incorrect", "continuation-token");
  }
  const OriginTree::Page page = tree.ListKeys(prefix, delimiter, token.from, limit);

  const auto shown = [encoded](const std::string& key) { return encoded ? EncodeKey(key) : key; };
  std::string text = std::string(kHead) + "<ListBucketResult" + kNamespace;
  text += XmlElement("Name", bucket) + XmlElement("Prefix", Answered(query, "prefix"));
  text += XmlElement("MaxKeys", std::to_string(limit));
  if (!delimiter.empty()) text += XmlElement("Delimiter", Answered(query, "delimiter"));
  if (encoded) text += XmlElement("EncodingType", "url");
  text += XmlElement("IsTruncated", page.next.empty() ? "false" : "true");
  if (v2) {
    text += XmlElement("KeyCount", std::to_string(page.keys.size()));
    for (const char* name : {"continuation-token", "start-after"}) {
      if (!query.contains(name)) continue;
      const bool is_token = name[0] == 'c';
      text += XmlElement(is_token ? "ContinuationToken" : "StartAfter",
                         is_token ? Parameter(query, name) : Answered(query, name));
    }
    if (!page.next.empty()) {
      text += XmlElement("NextContinuationToken", FormatS3Token({token.page + 1, page.next}));
    }
  } else {
    text += XmlElement("Marker", Answered(query, "marker"));
    if (!page.next.empty() && !page.keys.empty()) {
      text += XmlElement("NextMarker", shown(page.keys.back().name));
    }
  }
  for (const OriginTree::Key& key : page.keys) {
    if (!key.prefix) text += Contents(key, shown(key.name));
  }
  for (const OriginTree::Key& key : page.keys) {
    if (!key.prefix) continue;
    text += "<CommonPrefixes>" + XmlElement("Prefix", shown(key.name)) + "</CommonPrefixes>";
  }
  return TextAnswer(200, "application/xml", text + "</ListBucketResult>");
}

OriginAnswer S3BucketsAnswer(const std::vector<std::string>& buckets) {
  std::string text = std::string(kHead) + "<ListAllMyBucketsResult" + kNamespace +
                     "<Owner><ID>origin</ID><DisplayName>origin</DisplayName></Owner><Buckets>";
  for (const std::string& bucket : buckets) {
    text += "<Bucket>" + XmlElement("Name", bucket) +
            XmlElement("CreationDate", Time(1'600'000'000)) + "</Bucket>";
  }
  return TextAnswer(200, "application/xml", text + "</Buckets></ListAllMyBucketsResult>");
}

}  // namespace brimfs
