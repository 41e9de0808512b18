#include "backends/html_index.h"

#include <libxml/HTMLparser.h>

#include <algorithm>
#include <optional>
#include <sstream>
#include <string>
#include <utility>

#include "backends/http_headers.h"
#include "backends/http_number.h"
#include "backends/index_link.h"

namespace brimfs {
namespace {

// So much may arrive without the parser seeing an element or a text in it, which it would have to
// keep.
constexpr size_t kMaxSilentBytes = 1 << 20;
constexpr size_t kMaxPreamble = 256 << 10;  // in which a page has to show that it is a listing
constexpr size_t kMaxText = 256;            // of a title, a link, or the columns behind it

constexpr std::string_view kTitles[] = {"Index of", "Directory listing for"};

// What http-server writes for a name that it could not even ask the disk about: one that is not
// UTF-8, which it has garbled.
constexpr std::string_view kGarbled = "(?\?\?!!!?\?\?)";

Status Endless() { return Status(Code::kProtocol, "an endless piece of HTML"); }
Status NoListing() { return Status(Code::kUnsupported, "the page is no listing of a directory"); }

std::string_view View(const xmlChar* text) { return reinterpret_cast<const char*>(text); }

std::optional<std::string> Attribute(const xmlChar** attributes, std::string_view name) {
  for (; attributes && attributes[0]; attributes += 2) {
    if (attributes[1] && EqualsIgnoringCase(View(attributes[0]), name)) {
      return std::string(View(attributes[1]));
    }
  }
  return std::nullopt;
}

bool IsListingTitle(std::string_view title) {
  title.remove_prefix(std::min(title.find_first_not_of(" \t\r\n"), title.size()));
  for (const std::string_view known : kTitles) {
    if (title.starts_with(known) && TrimSpace(title.substr(known.size())).starts_with('/')) {
      return true;
    }
  }
  return false;
}

void AppendWithin(std::string& to, const xmlChar* text, int size) {
  to.append(reinterpret_cast<const char*>(text),
            std::min(static_cast<size_t>(size), kMaxText - to.size()));
}

struct ParserDeleter {
  void operator()(htmlParserCtxtPtr parser) const { htmlFreeParserCtxt(parser); }
};

class HtmlIndex : public IndexParser {
 public:
  HtmlIndex(const Url& base, IndexNames& names) : base_(base), names_(names) {
    htmlSAXHandler handler = {};
    handler.internalSubset = &DocumentType;
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
    // A page that was cut: neither half a link nor half a number is read. What is kept unparsed
    // holds no whole tag.
    cut_ = true;
    htmlParseChunk(parser_.get(), nullptr, 0, 1);
    EndRow();
    return is_listing_ ? OkStatus() : NoListing();
  }

 private:
  Status Parse(std::string_view bytes) {
    // htmlParseChunk takes an int.
    constexpr size_t kMost = 64 << 10;
    while (!bytes.empty()) {
      const size_t size = std::min(bytes.size(), kMost);
      silent_bytes_ += size;
      htmlParseChunk(parser_.get(), bytes.data(), static_cast<int>(size), 0);
      if (!is_listing_ && (preamble_ += size) > kMaxPreamble) return NoListing();
      if (silent_bytes_ > kMaxSilentBytes) return Endless();
      bytes.remove_prefix(size);
    }
    return OkStatus();
  }

  static HtmlIndex& Self(void* context) {
    HtmlIndex& self = *static_cast<HtmlIndex*>(context);
    self.silent_bytes_ = 0;
    return self;
  }

  static void DocumentType(void* context, const xmlChar*, const xmlChar*, const xmlChar*) {
    Self(context).nginxs_columns_ = false;
  }

  static void StartElement(void* context, const xmlChar* name, const xmlChar** attributes) {
    HtmlIndex& self = Self(context);
    const std::string_view element = View(name);
    if (!self.in_link_) self.EndRow();
    self.text_.clear();
    if (element == "tr") self.garbled_ = false;
    if (element == "table" && Attribute(attributes, "aria-describedby") == "summary") {
      self.is_listing_ = true;  // Caddy's
    }
    if (element != "a" || !self.is_listing_) return;
    if (const auto link = Attribute(attributes, "href")) self.BeginRow(*link);
  }

  static void EndElement(void* context, const xmlChar* name) {
    HtmlIndex& self = Self(context);
    const std::string_view element = View(name);
    if (element == "title" && IsListingTitle(self.text_)) self.is_listing_ = true;
    if (element == "code" && self.text_ == kGarbled) self.garbled_ = true;
    if (element == "a") {
      self.in_link_ = false;
    } else if (!self.in_link_) {
      self.EndRow();
    }
    self.text_.clear();
  }

  static void Characters(void* context, const xmlChar* text, int size) {
    HtmlIndex& self = Self(context);
    AppendWithin(self.text_, text, size);
    if (self.in_link_) AppendWithin(self.link_text_, text, size);
  }

  void BeginRow(const std::string& link) {
    EndRow();
    if (link.starts_with('?')) nginxs_columns_ = false;
    row_ = NameOfLink(base_, link);
    in_link_ = true;
    link_text_.clear();
  }

  void EndRow() {
    in_link_ = false;
    if (!row_) return;
    ListedName row = *std::exchange(row_, std::nullopt);
    if (garbled_) return names_.LeaveOut();
    if (IsFileName(row.name) && !TextNames(link_text_, row.name)) return;
    if (nginxs_columns_ && !cut_) ReadColumns(text_, row.version);
    if (row.kind == ObjectKind::kDirectory) row.version.length.reset();
    names_.Add(std::move(row));
  }

  const Url base_;
  IndexNames& names_;
  std::unique_ptr<htmlParserCtxt, ParserDeleter> parser_;
  bool is_listing_ = false;
  bool nginxs_columns_ = true;  // until there is a document type or a column to sort by
  bool garbled_ = false;        // the table's row at hand is of a name that is not what it seems
  bool cut_ = false;
  std::string unparsed_;  // what came behind the last tag
  size_t preamble_ = 0;   // bytes before it was known that this is a listing
  size_t silent_bytes_ = 0;
  std::optional<ListedName> row_;  // the link at hand, and
  bool in_link_ = false;           // whether it is still open
  std::string link_text_;          // all that can be read in it
  std::string text_;               // since the last tag
};

}  // namespace

std::unique_ptr<IndexParser> NewHtmlIndex(const Url& base, IndexNames& names) {
  return std::make_unique<HtmlIndex>(base, names);
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
