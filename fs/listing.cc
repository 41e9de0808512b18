#include "fs/listing.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "core/log.h"
#include "fs/node_id.h"

namespace brimfs {
namespace {

void SortAndMerge(std::vector<ListedName>& names, const std::string& url) {
  const auto directory_first = [](const ListedName& a, const ListedName& b) {
    if (a.name != b.name) return a.name < b.name;
    return a.kind == ObjectKind::kDirectory && b.kind == ObjectKind::kFile;
  };
  std::stable_sort(names.begin(), names.end(), directory_first);
  const auto same_name = [&](const ListedName& a, const ListedName& b) {
    if (a.name != b.name) return false;
    if (a.kind != b.kind) {
      LogOnce("file and directory", LogLevel::kWarning,
              url + ": '" + a.name + "' is a file and a directory; the directory is shown");
    }
    return true;
  };
  names.erase(std::unique(names.begin(), names.end(), same_name), names.end());
  names.shrink_to_fit();
}

void SortByNumber(Listing& listing, const std::string& path) {
  const size_t count = listing.names.size();
  std::vector<NodeId> numbers(count);
  for (size_t i = 0; i < count; ++i) {
    numbers[i] = PreferredNodeId(JoinPath(path, listing.names[i].name));
  }
  listing.by_number.resize(count);
  std::iota(listing.by_number.begin(), listing.by_number.end(), 0u);
  std::sort(listing.by_number.begin(), listing.by_number.end(),
            [&](uint32_t a, uint32_t b) { return numbers[a] < numbers[b]; });
  listing.rank.resize(count);
  for (uint32_t i = 0; i < count; ++i) listing.rank[listing.by_number[i]] = i;
}

}  // namespace

const ListedName* Listing::Find(const std::string& name) const {
  const auto at = std::lower_bound(
      names.begin(), names.end(), name,
      [](const ListedName& listed, const std::string& wanted) { return listed.name < wanted; });
  return at != names.end() && at->name == name ? &*at : nullptr;
}

std::shared_ptr<const Listing> MakeListing(std::vector<ListedName> names, const std::string& path,
                                           const std::string& url, TimePoint fetched) {
  auto listing = std::make_shared<Listing>();
  listing->names = std::move(names);
  listing->fetched = fetched;
  SortAndMerge(listing->names, url);
  listing->exact =
      std::all_of(listing->names.begin(), listing->names.end(), [](const ListedName& listed) {
        return listed.kind == ObjectKind::kDirectory || listed.version.length.has_value();
      });
  SortByNumber(*listing, path);
  return listing;
}

}  // namespace brimfs
