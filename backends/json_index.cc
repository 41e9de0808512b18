#include "backends/json_index.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "backends/http_date.h"
#include "backends/index_link.h"

namespace brimfs {
namespace {

using nlohmann::json;

constexpr size_t kMaxEntryBytes = 64 * 1024;

Status NoListing() { return Status(Code::kUnsupported, "the page is no listing of a directory"); }
Status Broken() { return Status(Code::kProtocol, "the listing is broken JSON"); }

// nginx writes the bytes of a name as they are, and they need not be UTF-8, which JSON must be. So
// each byte is read as the character of its number (ISO 8859-1), and turned back by ToBytes.
std::string ToUtf8(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      text += c;
    } else {
      text += {static_cast<char>(0xC0 | byte >> 6), static_cast<char>(0x80 | (byte & 0x3F))};
    }
  }
  return text;
}

std::string ToBytes(std::string_view text) {
  std::string bytes;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto lead = static_cast<unsigned char>(text[i]);
    if ((lead == 0xC2 || lead == 0xC3) && i + 1 < text.size()) {
      bytes += static_cast<char>((lead & 3) << 6 | (text[++i] & 0x3F));
    } else {
      bytes += text[i];
    }
  }
  return bytes;
}

const std::string* StringIn(const json& entry, const char* key) {
  const auto found = entry.find(key);
  return found == entry.end() ? nullptr : found->get_ptr<const std::string*>();
}

std::optional<uint64_t> LengthIn(const json& entry) {
  const auto size = entry.find("size");
  if (size == entry.end() || !size->is_number_unsigned()) return std::nullopt;
  const auto length = size->get<uint64_t>();
  return length <= kMaxOffset ? std::optional(length) : std::nullopt;
}

// Cuts the array into its entries by counting brackets; each is then parsed by itself.
class JsonIndex : public IndexParser {
 public:
  JsonIndex(Url base, IndexNames& names) : base_(std::move(base)), names_(names) {}

  Status Feed(std::string_view bytes) override {
    for (const char c : bytes) BRIMFS_RETURN_IF_ERROR(Take(c));
    return OkStatus();
  }

  Status Finish() override { return place_ == Place::kAfterArray ? OkStatus() : Broken(); }

 private:
  enum class Place { kBeforeArray, kBetweenEntries, kInEntry, kInString, kInEscape, kAfterArray };

  Status Take(char c) {
    switch (place_) {
      case Place::kBeforeArray:
        if (IsSpace(c)) return OkStatus();
        if (c != '[') return NoListing();
        place_ = Place::kBetweenEntries;
        return OkStatus();
      case Place::kBetweenEntries:
        if (IsSpace(c) || c == ',') return OkStatus();
        if (c == ']') {
          place_ = Place::kAfterArray;
          return OkStatus();
        }
        if (c != '{') return NoListing();
        place_ = Place::kInEntry;
        break;
      case Place::kInEntry:
        if (c == '"') place_ = Place::kInString;
        break;
      case Place::kInString:
        if (c == '"') place_ = Place::kInEntry;
        if (c == '\\') place_ = Place::kInEscape;
        break;
      case Place::kInEscape:
        place_ = Place::kInString;
        break;
      case Place::kAfterArray:
        return IsSpace(c) ? OkStatus() : Broken();
    }
    return Append(c);
  }

  Status Append(char c) {
    if (entry_.size() == kMaxEntryBytes) return Broken();
    entry_ += c;
    if (place_ != Place::kInEntry) return OkStatus();
    if (c == '{') ++depth_;
    if (c != '}' || --depth_ > 0) return OkStatus();
    place_ = Place::kBetweenEntries;
    Status status = Parse();
    entry_.clear();
    return status;
  }

  Status Parse() {
    json entry = json::parse(entry_, nullptr, false);
    const bool bytes = entry.is_discarded();
    if (bytes) entry = json::parse(ToUtf8(entry_), nullptr, false);
    if (!entry.is_object()) return Broken();

    const std::string* const name = StringIn(entry, "name");
    if (!name) return NoListing();
    if (const std::string* type = StringIn(entry, "type")) {
      AddNginxs(entry, bytes ? ToBytes(*name) : *name, *type);
    } else if (const std::string* url = StringIn(entry, "url"); url && entry.contains("is_dir")) {
      AddCaddys(entry, *url);
    } else {
      return NoListing();
    }
    return OkStatus();
  }

  void AddNginxs(const json& entry, std::string name, const std::string& type) {
    ListedName listed;
    listed.name = std::move(name);
    if (type == "directory") {
      listed.kind = ObjectKind::kDirectory;
    } else if (type != "file") {
      return;
    }
    if (const std::string* mtime = StringIn(entry, "mtime")) {
      listed.version.last_modified = ParseDate(*mtime);
    }
    listed.version.length = LengthIn(entry);
    names_.Add(std::move(listed));
  }

  // The name is taken from the URL: in "name" what is not UTF-8 is lost.
  void AddCaddys(const json& entry, const std::string& url) {
    std::optional<ListedName> listed = NameOfLink(base_, url);
    if (!listed) return names_.LeaveOut();
    // The size and time of a symbolic link may be its own.
    if (entry.value("is_symlink", json()) == false) {
      if (const std::string* time = StringIn(entry, "mod_time")) {
        listed->version.last_modified = ParseRfc3339(*time);
      }
      if (listed->kind == ObjectKind::kFile) listed->version.length = LengthIn(entry);
    }
    names_.Add(*std::move(listed));
  }

  static bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

  const Url base_;
  IndexNames& names_;
  Place place_ = Place::kBeforeArray;
  int depth_ = 0;  // of braces
  std::string entry_;
};

}  // namespace

std::unique_ptr<IndexParser> NewJsonIndex(const Url& base, IndexNames& names) {
  return std::make_unique<JsonIndex>(base, names);
}

}  // namespace brimfs
