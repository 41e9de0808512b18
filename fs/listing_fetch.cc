#include "fs/listing_fetch.h"

#include <utility>

namespace brimfs {

class ListingFetch::Interest {
 public:
  Interest(std::shared_ptr<ListingFetch> fetch, const AfterGrace& after_grace)
      : fetch_(std::move(fetch)), after_grace_(after_grace) {}
  ~Interest() { fetch_->Leave(after_grace_); }
  Interest(const Interest&) = delete;
  Interest& operator=(const Interest&) = delete;

 private:
  const std::shared_ptr<ListingFetch> fetch_;
  const AfterGrace& after_grace_;
};

std::shared_ptr<const GrowingListing> ListingFetch::Want(const AfterGrace& after_grace) {
  {
    MutexLock lock(mu_);
    if (given_up_) return nullptr;
    ++wanted_by_;
  }
  const auto interest = std::make_shared<Interest>(shared_from_this(), after_grace);
  return {interest, listing_.get()};
}

void ListingFetch::Leave(const AfterGrace& after_grace) {
  const bool ended = listing_->ended();
  uint64_t left;
  {
    MutexLock lock(mu_);
    left = ++left_;
    if (--wanted_by_ > 0 || ended || given_up_) return;
  }
  after_grace([weak = weak_from_this(), left] {
    if (const auto fetch = weak.lock()) fetch->GiveUpIfUnwanted(left);
  });
}

void ListingFetch::GiveUpIfUnwanted(uint64_t left) {
  {
    MutexLock lock(mu_);
    if (wanted_by_ > 0 || left_ != left) return;
    given_up_ = true;
  }
  stop_.request_stop();
}

void ListingFetch::GiveUp() {
  {
    MutexLock lock(mu_);
    given_up_ = true;
  }
  stop_.request_stop();
}

std::shared_ptr<const GrowingListing> ListingFlight::Want(
    const std::function<bool(const GrowingListing&)>& fits,
    const std::function<std::shared_ptr<ListingFetch>()>& begin,
    const ListingFetch::AfterGrace& after_grace) {
  MutexLock lock(mu_);
  if (under_way_ && fits(under_way_->listing())) {
    if (auto wanted = under_way_->Want(after_grace)) return wanted;
  }
  if (!begin) return nullptr;
  under_way_ = begin();
  return under_way_->Want(after_grace);
}

void ListingFlight::Land(const ListingFetch& fetch) {
  MutexLock lock(mu_);
  if (under_way_.get() == &fetch) under_way_ = nullptr;
}

}  // namespace brimfs
