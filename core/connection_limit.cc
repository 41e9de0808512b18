#include "core/connection_limit.h"

#include <algorithm>

namespace brimfs {
namespace {

constexpr int kGoodAnswersForOne = 8;

}  // namespace

bool ConnectionLimit::OnAnswer(const Status& status) {
  if (status.overloaded()) {
    good_ = 0;
    limit_ = std::max(1, status.retry_after().count() > 0 ? limit_ / 2 : limit_ - 1);
    return false;
  }
  if (!status.ok() || limit_ == most_ || ++good_ < kGoodAnswersForOne) return false;
  good_ = 0;
  ++limit_;
  return true;
}

}  // namespace brimfs
