#include "fs/listing.h"

#include <algorithm>
#include <utility>

#include "fs/growing_listing.h"

namespace brimfs {
namespace {

bool IsExact(const NameTable& names, const NameOrders& orders) {
  for (size_t position = 0; position < orders.size(); ++position) {
    const size_t row = orders.RowOf(position);
    if (names.kind(row) == ObjectKind::kFile && !names.length(row)) return false;
  }
  return true;
}

}  // namespace

Listing::Listing(NameTable names, NameOrders orders, uint8_t mark, TimePoint fetched)
    : names_(std::move(names)),
      orders_(std::move(orders)),
      mark_(mark),
      fetched_(fetched),
      exact_(IsExact(names_, orders_)) {}

TimePoint Listing::latest() const { return std::max(fetched_, names_.latest()); }

std::optional<Shown> Listing::NextFrom(size_t row) const {
  for (; row < names_.size(); ++row) {
    if (names_.mark(row) != mark_) continue;
    return Shown{row, std::string(names_.name(row)), names_.kind(row)};
  }
  return std::nullopt;
}

std::optional<Listed> Listing::Find(std::string_view name) const {
  const std::optional<size_t> position = PositionOf(name);
  if (!position) return std::nullopt;
  const size_t row = orders_.RowOf(*position);
  return Listed{{names_.kind(row), names_.version(row)}, names_.asked(row)};
}

std::string Listing::NameAt(size_t position) const {
  return std::string(names_.name(orders_.RowOf(position)));
}

std::shared_ptr<const Listing> MakeListing(const std::vector<ListedName>& names,
                                           const std::string& path, const std::string& url,
                                           TimePoint fetched) {
  GrowingListing growing(path, url, fetched);
  for (const ListedName& name : names) growing.Add(name);
  return growing.Seal();
}

}  // namespace brimfs
