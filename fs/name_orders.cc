#include "fs/name_orders.h"

#include <algorithm>
#include <numeric>

#include "fs/node_id.h"

namespace brimfs {
namespace {

constexpr uint32_t kNone = UINT32_MAX;

// Whether every row counts and comes after the one before it.
bool IsSorted(const NameTable& names, uint8_t mark) {
  for (size_t row = 0; row < names.size(); ++row) {
    if (names.mark(row) != mark) return false;
    if (row > 0 && names.name(row - 1) >= names.name(row)) return false;
  }
  return true;
}

}  // namespace

NameOrders::NameOrders(const NameTable& names, uint8_t mark, const std::string& path) {
  if (IsSorted(names, mark)) {
    number_of_.resize(names.size());
  } else {
    SortByName(names, mark);
    number_of_.resize(rows_.size());
  }
  SortByNumber(names, path);
}

void NameOrders::SortByName(const NameTable& names, uint8_t mark) {
  rows_.reserve(names.size());
  for (uint32_t row = 0; row < names.size(); ++row) {
    if (names.mark(row) == mark) rows_.push_back(row);
  }
  rows_.shrink_to_fit();
  std::sort(rows_.begin(), rows_.end(),
            [&](uint32_t a, uint32_t b) { return names.name(a) < names.name(b); });
  positions_.assign(names.size(), kNone);
  for (uint32_t position = 0; position < rows_.size(); ++position) {
    positions_[rows_[position]] = position;
  }
}

void NameOrders::SortByNumber(const NameTable& names, const std::string& path) {
  std::vector<NodeId> numbers(size());
  for (size_t position = 0; position < size(); ++position) {
    numbers[position] = PreferredNodeId(JoinPath(path, std::string(names.name(RowOf(position)))));
  }
  by_number_.resize(size());
  std::iota(by_number_.begin(), by_number_.end(), 0u);
  std::sort(by_number_.begin(), by_number_.end(),
            [&](uint32_t a, uint32_t b) { return numbers[a] < numbers[b]; });
  for (uint32_t place = 0; place < size(); ++place) number_of_[by_number_[place]] = place;
}

size_t NameOrders::Places(size_t order) const {
  return order == kAsListed ? positions_.size() : size();
}

size_t NameOrders::PlaceOf(size_t order, size_t position) const {
  if (order == kByName) return position;
  return order == kByNumber ? number_of_[position] : rows_[position];
}

std::optional<size_t> NameOrders::PositionAt(size_t order, size_t place) const {
  if (order == kByName) return place;
  if (order == kByNumber) return by_number_[place];
  if (positions_[place] == kNone) return std::nullopt;
  return positions_[place];
}

std::optional<size_t> NameOrders::Find(const NameTable& names, std::string_view name) const {
  size_t begin = 0;
  for (size_t end = size(); begin < end;) {
    const size_t middle = begin + (end - begin) / 2;
    if (names.name(RowOf(middle)) < name) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  if (begin == size() || names.name(RowOf(begin)) != name) return std::nullopt;
  return begin;
}

}  // namespace brimfs
