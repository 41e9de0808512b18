#include "backends/index_page.h"

#include "backends/html_index.h"
#include "backends/http_headers.h"
#include "backends/json_index.h"

namespace brimfs {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool IsType(std::string_view content_type, std::string_view type) {
  return EqualsIgnoringCase(TrimSpace(content_type.substr(0, content_type.find(';'))), type);
}

}  // namespace

IndexPage::IndexPage(std::string content_type, Url base, IndexNames& names)
    : content_type_(std::move(content_type)), base_(std::move(base)), names_(names) {}

Status IndexPage::Feed(std::string_view bytes) {
  if (!parser_) {
    if (bytes.starts_with(kByteOrderMark)) bytes.remove_prefix(kByteOrderMark.size());
    const size_t first = bytes.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return OkStatus();
    const bool json = IsType(content_type_, "application/json") ||
                      (!IsType(content_type_, "text/html") && bytes[first] == '[');
    if (!json && bytes[first] != '<') {
      return Status(Code::kUnsupported, "the page is no listing of a directory");
    }
    parser_ = json ? NewJsonIndex(base_, names_) : NewHtmlIndex(base_, names_);
  }
  return parser_->Feed(bytes);
}

Status IndexPage::Finish() {
  if (!parser_) return Status(Code::kUnsupported, "an empty page is no listing of a directory");
  return parser_->Finish();
}

}  // namespace brimfs
