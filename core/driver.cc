#include "core/driver.h"

namespace brimfs {

uint64_t View::size() const {
  uint64_t total = 0;
  for (const auto& piece : pieces_) total += piece.size();
  return total;
}

void View::Add(std::span<const std::byte> piece, std::shared_ptr<const void> keeps) {
  pieces_.push_back(piece);
  keep_.push_back(std::move(keeps));
}

}  // namespace brimfs
