#include "fs/directory.h"

#include <algorithm>
#include <utility>

namespace brimfs {

void Directory::SetGuide(std::shared_ptr<const Listing> guide) {
  guide_ = std::move(guide);
  pass_ = ListingPass();
  patterns_ = {};
  reads_ = nullptr;
}

void Directory::DropOldListing(TimePoint now) {
  if (guide_ && now - guided_ >= ttl_) SetGuide(nullptr);
  if (listing_ && now - listing_->latest() < ttl_) return;
  listing_ = nullptr;
  if (!growing_) distrusted_.clear();
}

std::optional<Known> Directory::Asked(const std::string& name, TimePoint now) const {
  if (const auto it = asked_.find(name);
      it != asked_.end() && now - it->second.known.as_of < ttl_) {
    return it->second.known;
  }
  if (const auto it = absent_.find(name); it != absent_.end() && now - it->second < negative_ttl_) {
    return Known{Status(Code::kNotFound), it->second};
  }
  return std::nullopt;
}

std::optional<Listed> Directory::TrustedListed(const std::string& name, TimePoint now) const {
  const auto distrusted = distrusted_.find(name);
  const TimePoint after = distrusted != distrusted_.end() ? distrusted->second : TimePoint::min();
  const auto trusted = [&](const std::optional<Listed>& listed) {
    return listed && now - listed->as_of < ttl_ && listed->as_of > after;
  };
  std::optional<Listed> newest = listing_ ? listing_->Find(name) : std::nullopt;
  if (!trusted(newest)) newest = std::nullopt;
  std::optional<Listed> growing = growing_ ? growing_->Find(name) : std::nullopt;
  if (trusted(growing) && (!newest || growing->as_of >= newest->as_of)) newest = growing;
  return newest;
}

std::optional<Known> Directory::Find(const std::string& name) {
  MutexLock lock(mu_);
  if (const auto it = asked_.find(name); it != asked_.end()) it->second.ahead = false;
  const TimePoint now = clock_.Now();
  DropOldListing(now);
  return Look(name, now);
}

std::optional<Known> Directory::Peek(const std::string& name) {
  MutexLock lock(mu_);
  const TimePoint now = clock_.Now();
  DropOldListing(now);
  return Look(name, now);
}

std::optional<Known> Directory::Look(const std::string& name, TimePoint now) const {
  std::optional<Known> asked = Asked(name, now);
  std::optional<Listed> listed = TrustedListed(name, now);
  if (!listed || (asked && asked->as_of >= listed->as_of)) return asked;

  ObjectInfo info = std::move(listed->info);
  if (info.kind == ObjectKind::kFile && asked && asked->info.ok() &&
      asked->info->kind == ObjectKind::kFile && SameVersion(asked->info->version, info.version)) {
    // A listing without exact lengths cannot vouch for what was asked before it.
    if (!info.version.length) return asked;
    info.version = Merge(asked->info->version, info.version);
  }
  if (info.kind == ObjectKind::kFile && !info.version.length) return std::nullopt;
  return Known{std::move(info), listed->as_of};
}

void Directory::Remember(const std::string& name, Known known) {
  MutexLock lock(mu_);
  if (known.info.ok()) {
    absent_.erase(name);
    asked_.insert_or_assign(name, Answer{std::move(known)});
  } else {
    asked_.erase(name);
    RememberAbsent(name, known.as_of);
  }
}

void Directory::RememberAhead(const std::string& name, Known known) {
  MutexLock lock(mu_);
  absent_.erase(name);
  asked_.insert_or_assign(name, Answer{std::move(known), /*ahead=*/true});
  ahead_.push_back(name);
  if (ahead_.size() <= kMaxAhead) return;
  if (const auto oldest = asked_.find(ahead_.front());
      oldest != asked_.end() && oldest->second.ahead) {
    asked_.erase(oldest);
  }
  ahead_.pop_front();
}

Directory::Outlook Directory::OnLookUp(const std::string& name) {
  Outlook outlook;
  const TimePoint now = clock_.Now();
  MutexLock lock(mu_);
  DropOldListing(now);
  if (!guide_) return outlook;
  const std::optional<size_t> position = guide_->PositionOf(name);
  if (!position) return outlook;

  const NameOrders& orders = guide_->orders();
  bool in_order = false;
  std::vector<size_t> next;
  for (size_t k = 0; k < orders.orders(); ++k) {
    const LookUpPattern::Advice advice =
        patterns_[k].OnLookUp(orders.PlaceOf(k, *position), orders.Places(k));
    in_order = in_order || advice.in_order;
    for (size_t place = advice.begin; place < advice.end; ++place) {
      if (const auto at = orders.PositionAt(k, place)) next.push_back(*at);
    }
  }
  pass_.OnLookUp(*position, guide_->size());
  for (const size_t at : next) {
    if (pass_.Had(at) || guide_->KindAt(at) != ObjectKind::kFile) continue;
    std::string wanted = guide_->NameAt(at);
    if (!Look(wanted, now)) outlook.names.push_back(std::move(wanted));
  }
  if (in_order) {
    guided_ = now;
  } else {
    outlook.random = true;
    for (LookUpPattern& pattern : patterns_) pattern.Collapse();
  }
  return outlook;
}

void Directory::OnGiven(const std::string& name) {
  MutexLock lock(mu_);
  if (!guide_ || guide_->exact()) return;  // of one that is exact nothing is asked for
  if (const auto position = guide_->PositionOf(name)) pass_.OnGiven(*position, guide_->size());
}

bool Directory::WasHad(const std::string& name) const {
  MutexLock lock(mu_);
  const auto position = guide_ ? guide_->PositionOf(name) : std::nullopt;
  return position && pass_.Had(*position);
}

Directory::Siblings Directory::OnRead(const std::string& name, uint64_t length, uint64_t front,
                                      uint64_t limit) {
  Siblings siblings;
  const TimePoint now = clock_.Now();
  MutexLock lock(mu_);
  DropOldListing(now);
  if (!guide_) return siblings;
  const std::optional<size_t> found = guide_->PositionOf(name);
  if (!found) return siblings;

  std::map<size_t, Version> known;
  const auto length_of = [&](size_t position)
                             ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) -> std::optional<uint64_t> {
    if (guide_->KindAt(position) == ObjectKind::kDirectory) return 0;
    const std::optional<Known> file = Look(guide_->NameAt(position), now);
    if (!file) return std::nullopt;
    if (!file->info.ok() || file->info->kind == ObjectKind::kDirectory) return 0;
    known.insert_or_assign(position, file->info->version);
    return file->info->version.length;
  };
  if (!reads_) reads_ = std::make_unique<SiblingReads>();
  const SiblingReads::Advice advice =
      reads_->OnRead(*guide_, {*found, length, front}, limit, length_of);
  for (const SiblingReads::Wanted& wanted : advice.wanted) {
    siblings.files.push_back(
        {guide_->NameAt(wanted.position), known[wanted.position], wanted.bytes});
  }
  siblings.random = advice.random;
  if (!advice.random) guided_ = now;
  return siblings;
}

void Directory::RememberAbsent(const std::string& name, TimePoint as_of) {
  if (absent_.size() >= purge_at_) {
    std::erase_if(absent_, [&](const auto& one) { return as_of - one.second >= negative_ttl_; });
    if (absent_.size() >= kMaxAbsent) absent_.clear();
    purge_at_ = std::clamp<size_t>(2 * absent_.size(), 64, kMaxAbsent);
  }
  absent_.insert_or_assign(name, as_of);
}

void Directory::SetListing(std::shared_ptr<const Listing> listing) {
  MutexLock lock(mu_);
  if (listing_ && listing_->fetched() > listing->fetched()) return;
  std::erase_if(distrusted_, [&](const auto& one) { return one.second < listing->fetched(); });
  SetGuide(listing);
  guided_ = listing->latest();
  listing_ = std::move(listing);
}

std::shared_ptr<const Listing> Directory::listing() {
  const TimePoint now = clock_.Now();
  MutexLock lock(mu_);
  DropOldListing(now);
  return listing_ && now - listing_->fetched() < ttl_ ? listing_ : nullptr;
}

void Directory::SetGrowing(std::shared_ptr<const GrowingListing> growing) {
  MutexLock lock(mu_);
  growing_ = std::move(growing);
}

void Directory::DropGrowing(const GrowingListing& growing) {
  MutexLock lock(mu_);
  if (growing_.get() == &growing) growing_ = nullptr;
}

void Directory::Distrust(const std::string& name) {
  const TimePoint now = clock_.Now();
  MutexLock lock(mu_);
  asked_.erase(name);
  absent_.erase(name);
  // It may be on its way in the one that is under way.
  if (growing_ || (listing_ && listing_->Find(name))) distrusted_.insert_or_assign(name, now);
}

void Directory::Forget(const std::string& name) {
  const TimePoint now = clock_.Now();
  MutexLock lock(mu_);
  asked_.erase(name);
  DropOldListing(now);
}

size_t Directory::remembered() const {
  MutexLock lock(mu_);
  return asked_.size() + absent_.size() + distrusted_.size();
}

}  // namespace brimfs
