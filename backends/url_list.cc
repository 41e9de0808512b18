#include "backends/url_list.h"

#include <algorithm>
#include <utility>

#include "backends/file_name.h"

namespace brimfs {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kSpace = " \t\r";

Status Bad(std::string why) { return Status(Code::kInvalidArgument, std::move(why)); }

Status At(const std::string& file, size_t line, const std::string& why) {
  return Bad(file + ":" + std::to_string(line) + ": " + why);
}

std::string_view Trim(std::string_view text) {
  const size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::string NameOf(const Url& url) {
  std::string_view path = url.path;
  if (path.ends_with('/')) path.remove_suffix(1);
  return DecodePercent(path.substr(path.rfind('/') + 1));
}

}  // namespace

Result<std::shared_ptr<const UrlList>> UrlList::Parse(std::string_view text,
                                                      const std::string& file) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  std::vector<Entry> entries;
  for (size_t line = 1; !text.empty(); ++line) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view content = Trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (content.empty() || content.starts_with('#')) continue;
    if (entries.size() == kMaxEntries) {
      return At(file, line,
                "more than " + std::to_string(kMaxEntries) + " URLs: make several lists of them");
    }
    Result<Entry> entry = ParseLine(content, line);
    if (!entry.ok()) return At(file, line, entry.status().message());
    entries.push_back(*std::move(entry));
  }

  std::stable_sort(entries.begin(), entries.end(),
                   [](const Entry& a, const Entry& b) { return a.name < b.name; });
  const auto twice =
      std::adjacent_find(entries.begin(), entries.end(),
                         [](const Entry& a, const Entry& b) { return a.name == b.name; });
  if (twice != entries.end()) {
    return At(file, (twice + 1)->line,
              "the name '" + twice->name + "' is that of line " + std::to_string(twice->line) +
                  " already: write another behind the URL");
  }
  entries.shrink_to_fit();
  return std::shared_ptr<const UrlList>(new UrlList(std::move(entries)));
}

Result<UrlList::Entry> UrlList::ParseLine(std::string_view text, size_t line) {
  if (text.size() > kMaxLineBytes) return Bad("a line that is too long for a URL");
  if (text.find('\0') != std::string_view::npos) return Bad("a zero byte: this is no list of URLs");
  const size_t end = std::min(text.find_first_of(kSpace), text.size());
  const Result<Url> url = ParseUrl(std::string(text.substr(0, end)));
  if (!url.ok()) return url.status();
  Entry entry{std::string(Trim(text.substr(end))), url->ToString(), line};
  if (entry.name.empty()) {
    entry.name = NameOf(*url);
    if (!IsFileName(entry.name)) {
      return Bad("the end of the URL's path is no name of a file: write a name behind the URL");
    }
  } else if (!IsFileName(entry.name)) {
    return Bad("'" + entry.name +
               "' cannot be the name of a file: a name has no '/', is not '.' or '..', and has at "
               "most " +
               std::to_string(kMaxNameBytes) + " bytes");
  }
  return entry;
}

Url UrlList::UrlOf(const Entry& entry) { return *ParseUrl(entry.url); }

std::optional<Url> UrlList::Find(std::string_view path) const {
  const size_t slash = std::min(path.find('/'), path.size());
  const std::string_view name = path.substr(0, slash);
  const auto entry = std::lower_bound(
      entries_.begin(), entries_.end(), name,
      [](const Entry& listed, std::string_view wanted) { return listed.name < wanted; });
  if (entry == entries_.end() || entry->name != name) return std::nullopt;
  path.remove_prefix(std::min(slash + 1, path.size()));
  return JoinPath(UrlOf(*entry), path);
}

std::vector<ListedName> UrlList::Names() const {
  std::vector<ListedName> names;
  names.reserve(entries_.size());
  for (const Entry& entry : entries_) {
    const std::string_view path = std::string_view(entry.url).substr(0, entry.url.find('?'));
    names.push_back(
        {entry.name, path.ends_with('/') ? ObjectKind::kDirectory : ObjectKind::kFile, Version()});
  }
  return names;
}

bool UrlList::OfOneOrigin() const {
  if (entries_.empty()) return true;
  const Url first = UrlOf(entries_.front());
  return std::all_of(entries_.begin(), entries_.end(),
                     [&first](const Entry& entry) { return SameOrigin(first, UrlOf(entry)); });
}

}  // namespace brimfs
