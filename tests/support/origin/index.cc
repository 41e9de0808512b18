#include "tests/support/origin/index.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

#include "tests/support/origin/http.h"

namespace brimfs {
namespace {

// nginx cuts longer names in the visible text; the link keeps them whole.
constexpr size_t kNameWidth = 50;

std::string EscapeHtml(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string Line(const IndexEntry& entry) {
  const std::string slash = entry.directory ? "/" : "";
  std::string shown = entry.name + slash;
  size_t width = static_cast<size_t>(std::count_if(shown.begin(), shown.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
  std::string text;
  if (width > kNameWidth) {
    size_t end = 0;
    for (size_t seen = 0; end < shown.size(); ++end) {
      if ((static_cast<unsigned char>(shown[end]) & 0xc0) != 0x80 && seen++ == kNameWidth - 3)
        break;
    }
    text = EscapeHtml(shown.substr(0, end)) + "..&gt;";
    width = kNameWidth - 1;
  } else {
    text = EscapeHtml(shown);
  }
  std::tm utc;
  gmtime_r(&entry.mtime, &utc);
  char time[32];
  std::strftime(time, sizeof time, "%d-%b-%Y %H:%M", &utc);
  std::string size = entry.directory ? "-" : std::to_string(entry.size);
  size.insert(0, 20 - std::min<size_t>(size.size(), 20), ' ');
  return "<a href=\"" + PercentEncode(entry.name) + slash + "\">" + text + "</a>" +
         std::string(kNameWidth + 1 - width, ' ') + time + size + "\r\n";
}

}  // namespace

std::string HtmlIndex(const std::string& path, const std::vector<IndexEntry>& entries) {
  const std::string title = "Index of " + EscapeHtml(path);
  std::string page = "<html>\r\n<head><title>" + title + "</title></head>\r\n<body>\r\n<h1>" +
                     title + "</h1><hr><pre><a href=\"../\">../</a>\r\n";
  for (const IndexEntry& entry : entries) page += Line(entry);
  return page + "</pre><hr></body>\r\n</html>\r\n";
}

std::string NamesIndex(const std::string& path, const std::vector<IndexEntry>& entries) {
  const std::string title = "Directory listing for " + EscapeHtml(path);
  std::string page =
      "<!DOCTYPE HTML>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>" + title +
      "</title>\n</head>\n<body>\n<h1>" + title + "</h1>\n<hr>\n<ul>\n";
  for (const IndexEntry& entry : entries) {
    const std::string slash = entry.directory ? "/" : "";
    page += "<li><a href=\"" + PercentEncode(entry.name) + slash + "\">" + EscapeHtml(entry.name) +
            slash + "</a></li>\n";
  }
  return page + "</ul>\n<hr>\n</body>\n</html>\n";
}

std::string JsonIndex(const std::vector<IndexEntry>& entries) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const IndexEntry& entry : entries) {
    nlohmann::ordered_json item = {{"name", entry.name},
                                   {"type", entry.directory ? "directory" : "file"},
                                   {"mtime", HttpDate(entry.mtime)}};
    if (!entry.directory) item["size"] = entry.size;
    list.push_back(std::move(item));
  }
  // A name need not be UTF-8; nginx sends such bytes as they are, which no JSON reader accepts.
  return list.dump(0, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace brimfs
