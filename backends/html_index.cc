#include "backends/html_index.h"

#include <libxml/HTMLparser.h>

#include <sstream>

#include "backends/http_headers.h"
#include "backends/http_number.h"

namespace brimfs {
namespace {

// So much may arrive without the parser seeing an element or a text in it, which it would have to
// keep.
constexpr size_t kMaxSilentBytes = 1 << 20;
constexpr size_t kMaxText = 256;  // of a title, or of the columns behind a link

constexpr std::string_view kTitles[] = {"Index of", "Directory listing for"};

Status Endless() { return Status(Code::kProtocol, "an endless piece of HTML"); }
Status NoListing() { return Status(Code::kUnsupported, "the page is no listing of a directory"); }

struct ParserDeleter {
  void operator()(htmlParserCtxtPtr parser) const { htmlFreeParserCtxt(parser); }
};

class HtmlIndex : public IndexParser {
 public:
  HtmlIndex(const Url& base, IndexNames& names) : base_(base), names_(names) {
    htmlSAXHandler handler = {};
    handler.startElement = &StartElement;
    handler.endElement = &EndElement;
    handler.characters = &Characters;
    handler.ignorableWhitespace = &Characters;
    // libxml2 copies the handler.
    parser_.reset(
        htmlCreatePushParserCtxt(&handler, this, nullptr, 0, nullptr, XML_CHAR_ENCODING_UTF8));
    htmlCtxtUseOptions(parser_.get(), HTML_PARSE_NONET | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING |
                                          HTML_PARSE_RECOVER);
  }

  Status Feed(std::string_view bytes) override {
    // libxml2 2.9 takes in nothing more until the end of the page once a piece has ended in the
    // middle of a text: every piece ends behind a tag.
    const size_t tag_end = bytes.rfind('>');
    const size_t whole = tag_end == std::string_view::npos ? 0 : tag_end + 1;
    if (whole != 0) {
      unparsed_.append(bytes.substr(0, whole));
      BRIMFS_RETURN_IF_ERROR(Parse(unparsed_));
      unparsed_.clear();
    }
    unparsed_.append(bytes.substr(whole));
    if (unparsed_.size() > kMaxSilentBytes) return Endless();
    return OkStatus();
  }

  Status Finish() override {
    BRIMFS_RETURN_IF_ERROR(Parse(unparsed_));
    htmlParseChunk(parser_.get(), nullptr, 0, 1);
    EndRow();
    return is_listing_ && !no_listing_ ? OkStatus() : NoListing();
  }

 private:
  Status Parse(std::string_view bytes) {
    // htmlParseChunk takes an int.
    constexpr size_t kMost = 1 << 20;
    while (!bytes.empty()) {
      const size_t size = std::min(bytes.size(), kMost);
      silent_bytes_ += size;
      htmlParseChunk(parser_.get(), bytes.data(), static_cast<int>(size), 0);
      if (no_listing_) return NoListing();
      if (silent_bytes_ > kMaxSilentBytes) return Endless();
      bytes.remove_prefix(size);
    }
    return OkStatus();
  }

  static HtmlIndex& Self(void* context) { return *static_cast<HtmlIndex*>(context); }

  static void StartElement(void* context, const xmlChar* name, const xmlChar** attributes) {
    HtmlIndex& self = Self(context);
    self.silent_bytes_ = 0;
    self.EndRow();
    self.text_.clear();
    if (std::string_view(reinterpret_cast<const char*>(name)) != "a") return;
    if (!self.is_listing_) self.no_listing_ = true;
    for (; self.is_listing_ && attributes && attributes[0]; attributes += 2) {
      if (EqualsIgnoringCase(reinterpret_cast<const char*>(attributes[0]), "href") &&
          attributes[1]) {
        self.BeginRow(reinterpret_cast<const char*>(attributes[1]));
      }
    }
  }

  static void EndElement(void* context, const xmlChar* name) {
    HtmlIndex& self = Self(context);
    self.silent_bytes_ = 0;
    const std::string_view element(reinterpret_cast<const char*>(name));
    if (element == "title") {
      const size_t first = self.text_.find_first_not_of(" \t\r\n");
      for (const std::string_view title : kTitles) {
        if (first != std::string::npos && self.text_.compare(first, title.size(), title) == 0) {
          self.is_listing_ = true;
        }
      }
    }
    if (element == "a") {
      self.in_link_ = false;
    } else {
      self.EndRow();
    }
    self.text_.clear();
  }

  static void Characters(void* context, const xmlChar* text, int size) {
    HtmlIndex& self = Self(context);
    self.silent_bytes_ = 0;
    const size_t room = kMaxText - self.text_.size();
    self.text_.append(reinterpret_cast<const char*>(text),
                      std::min(static_cast<size_t>(size), room));
  }

  void BeginRow(const std::string& link) {
    if (link.starts_with('?')) sortable_ = true;
    row_ = NameOfLink(base_, link);
    in_link_ = true;
  }

  void EndRow() {
    if (!row_) return;
    // Columns that can be sorted by are Apache's, whose times are of its own time zone.
    if (!sortable_ && !in_link_) ReadColumns(text_, row_->version);
    if (row_->kind == ObjectKind::kDirectory) row_->version.length.reset();
    names_.Add(*std::move(row_));
    row_.reset();
  }

  const Url base_;
  IndexNames& names_;
  std::unique_ptr<htmlParserCtxt, ParserDeleter> parser_;
  bool is_listing_ = false;  // the title says so
  bool no_listing_ = false;
  bool sortable_ = false;
  std::string unparsed_;  // what came behind the last tag
  size_t silent_bytes_ = 0;
  std::optional<ListedName> row_;  // the link at hand, and
  bool in_link_ = false;           // whether it is still open
  std::string text_;               // since the last tag
};

}  // namespace

std::unique_ptr<IndexParser> NewHtmlIndex(const Url& base, IndexNames& names) {
  return std::make_unique<HtmlIndex>(base, names);
}

std::optional<ListedName> NameOfLink(const Url& base, const std::string& link) {
  if (link.find_first_of("?#") != std::string::npos) return std::nullopt;
  std::string relative = link;
  const size_t colon = link.find(':');
  if (link.starts_with('/') || (colon != std::string::npos && colon < link.find('/'))) {
    const auto url = ResolveUrl(base, link);
    if (!url.ok() || !SameOrigin(*url, base) || !url->path.starts_with(base.path)) {
      return std::nullopt;
    }
    relative = url->path.substr(base.path.size());
  }
  while (relative.starts_with("./")) relative.erase(0, 2);

  ListedName listed;
  if (relative.ends_with('/')) {
    listed.kind = ObjectKind::kDirectory;
    relative.pop_back();
  }
  if (relative.empty() || relative == "." || relative == ".." ||
      relative.find('/') != std::string::npos) {
    return std::nullopt;
  }
  listed.name = DecodePercent(relative);
  return listed;
}

void ReadColumns(std::string_view text, Version& version) {
  std::istringstream columns{std::string(text)};
  std::string day, time, size;
  columns >> day >> time >> size;
  const std::string when = day + " " + time;
  absl::Time parsed;
  if (!absl::ParseTime("%d-%b-%Y %H:%M", absl::string_view(when.data(), when.size()), &parsed,
                       nullptr)) {
    return;
  }
  version.last_modified = parsed;
  version.precision = absl::Minutes(1);
  version.length = ParseNumber(size);
}

}  // namespace brimfs
