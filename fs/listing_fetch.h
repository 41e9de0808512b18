// One fetch of a listing, and how many want it.
#ifndef BRIMFS_FS_LISTING_FETCH_H_
#define BRIMFS_FS_LISTING_FETCH_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>

#include "core/clock.h"
#include "core/mutex.h"
#include "fs/growing_listing.h"

namespace brimfs {

// Thread-safe; mu_ is a leaf. Whoever has the directory open wants its listing. Once nobody has
// wanted it for kGrace it is given up: a large directory costs many requests, which may cost money,
// and the next opener begins one that is younger.
class ListingFetch : public std::enable_shared_from_this<ListingFetch> {
 public:
  // What a program that opens the directory again at once does not lose.
  static constexpr Duration kGrace = std::chrono::seconds(1);

  // Calls the function after kGrace.
  using AfterGrace = std::function<void(std::function<void()>)>;

  explicit ListingFetch(std::shared_ptr<GrowingListing> listing) : listing_(std::move(listing)) {}

  GrowingListing& listing() const { return *listing_; }

  // The listing, wanted as long as what this returns is held; null if it was given up. Where the
  // last who wants it lets go before the end, `after_grace` is called; it outlives what this
  // returns.
  std::shared_ptr<const GrowingListing> Want(const AfterGrace& after_grace);

  // Requested once it is given up.
  std::stop_token stop() const { return stop_.get_token(); }
  void GiveUp();

 private:
  class Interest;

  void Leave(const AfterGrace& after_grace);
  // Unless it has been wanted again since so many had left.
  void GiveUpIfUnwanted(uint64_t left);

  const std::shared_ptr<GrowingListing> listing_;
  std::stop_source stop_;  // not requested with mu_ held

  Mutex mu_;
  size_t wanted_by_ ABSL_GUARDED_BY(mu_) = 0;
  uint64_t left_ ABSL_GUARDED_BY(mu_) = 0;  // how many have let go of it so far
  bool given_up_ ABSL_GUARDED_BY(mu_) = false;
};

// The fetch of a directory's listing that is under way. Thread-safe; mu_ is taken before that of a
// fetch.
class ListingFlight {
 public:
  // See ListingFetch::Want: of the fetch under way if `fits` says so of it and it was not given up;
  // else of a new one from `begin`, if that is given. Both are called with mu_ held.
  std::shared_ptr<const GrowingListing> Want(
      const std::function<bool(const GrowingListing&)>& fits,
      const std::function<std::shared_ptr<ListingFetch>()>& begin,
      const ListingFetch::AfterGrace& after_grace);

  // It is not under way any more.
  void Land(const ListingFetch& fetch);

 private:
  Mutex mu_;
  std::shared_ptr<ListingFetch> under_way_ ABSL_GUARDED_BY(mu_);
};

}  // namespace brimfs

#endif  // BRIMFS_FS_LISTING_FETCH_H_
