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

void View::Append(View other) {
  for (size_t i = 0; i < other.pieces_.size(); ++i) {
    Add(other.pieces_[i], std::move(other.keep_[i]));
  }
}

}  // namespace brimfs
