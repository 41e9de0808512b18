#include "fs/directory.h"

#include <algorithm>
#include <utility>

namespace brimfs {

void Directory::SetGuide(std::shared_ptr<const Listing> guide) {
  guide_ = std::move(guide);
  pass_ = ListingPass();
  by_name_ = by_number_ = LookUpPattern();
  reads_ = nullptr;
}

void Directory::DropOldListing(TimePoint now) {
  if (guide_ && now - guided_ >= ttl_) SetGuide(nullptr);
  if (listing_ && now - listing_->fetched < ttl_) return;
  listing_ = nullptr;
  distrusted_.clear();
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

const ListedName* Directory::TrustedListed(const std::string& name) const {
  if (!listing_) return nullptr;
  const auto distrusted = distrusted_.find(name);
  if (distrusted != distrusted_.end() && listing_->fetched <= distrusted->second) return nullptr;
  return listing_->Find(name);
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
  const ListedName* listed = TrustedListed(name);
  if (!listed || (asked && asked->as_of >= listing_->fetched)) return asked;

  ObjectInfo info{listed->kind, listed->version};
  if (info.kind == ObjectKind::kFile && asked && asked->info.ok() &&
      asked->info->kind == ObjectKind::kFile && SameVersion(asked->info->version, info.version)) {
    // A listing without exact lengths cannot vouch for what was asked before it.
    if (!info.version.length) return asked;
    info.version = Merge(asked->info->version, info.version);
  }
  if (info.kind == ObjectKind::kFile && !info.version.length) return std::nullopt;
  return Known{std::move(info), listing_->fetched};
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
  const ListedName* const found = guide_->Find(name);
  if (found == nullptr) return outlook;

  const std::vector<ListedName>& names = guide_->names;
  const auto position = static_cast<size_t>(found - names.data());
  const LookUpPattern::Advice named = by_name_.OnLookUp(position, names.size());
  const LookUpPattern::Advice numbered = by_number_.OnLookUp(guide_->rank[position], names.size());
  pass_.OnLookUp(position, names.size());
  std::vector<size_t> next;
  for (size_t i = named.begin; i < named.end; ++i) next.push_back(i);
  for (size_t i = numbered.begin; i < numbered.end; ++i) next.push_back(guide_->by_number[i]);
  for (const size_t i : next) {
    if (pass_.Had(i) || names[i].kind != ObjectKind::kFile || Look(names[i].name, now)) continue;
    outlook.names.push_back(names[i].name);
  }
  if (named.in_order || numbered.in_order) {
    guided_ = now;
  } else {
    outlook.random = true;
    by_name_.Collapse();
    by_number_.Collapse();
  }
  return outlook;
}

void Directory::OnGiven(const std::string& name) {
  MutexLock lock(mu_);
  if (!guide_ || guide_->exact) return;  // of one that is exact nothing is asked for
  const ListedName* const found = guide_->Find(name);
  if (found == nullptr) return;
  pass_.OnGiven(static_cast<size_t>(found - guide_->names.data()), guide_->names.size());
}

bool Directory::WasHad(const std::string& name) const {
  MutexLock lock(mu_);
  const ListedName* const found = guide_ ? guide_->Find(name) : nullptr;
  return found != nullptr && pass_.Had(static_cast<size_t>(found - guide_->names.data()));
}

Directory::Siblings Directory::OnRead(const std::string& name, uint64_t length, uint64_t front,
                                      uint64_t limit) {
  Siblings siblings;
  const TimePoint now = clock_.Now();
  MutexLock lock(mu_);
  DropOldListing(now);
  if (!guide_) return siblings;
  const std::vector<ListedName>& names = guide_->names;
  const ListedName* const found = guide_->Find(name);
  if (found == nullptr) return siblings;

  std::map<size_t, Version> known;
  const auto length_of = [&](size_t position)
                             ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) -> std::optional<uint64_t> {
    if (names[position].kind == ObjectKind::kDirectory) return 0;
    const std::optional<Known> file = Look(names[position].name, now);
    if (!file) return std::nullopt;
    if (!file->info.ok() || file->info->kind == ObjectKind::kDirectory) return 0;
    known.insert_or_assign(position, file->info->version);
    return file->info->version.length;
  };
  if (!reads_) reads_ = std::make_unique<SiblingReads>();
  const auto position = static_cast<size_t>(found - names.data());
  const SiblingReads::Advice advice =
      reads_->OnRead(*guide_, {position, length, front}, limit, length_of);
  for (const SiblingReads::Wanted& wanted : advice.wanted) {
    siblings.files.push_back({names[wanted.position].name, known[wanted.position], wanted.bytes});
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
  std::erase_if(distrusted_, [&](const auto& one) { return one.second < listing->fetched; });
  SetGuide(listing);
  guided_ = listing->fetched;
  listing_ = std::move(listing);
}

std::shared_ptr<const Listing> Directory::listing() {
  const TimePoint now = clock_.Now();
  MutexLock lock(mu_);
  DropOldListing(now);
  return listing_;
}

void Directory::Distrust(const std::string& name) {
  const TimePoint now = clock_.Now();
  MutexLock lock(mu_);
  asked_.erase(name);
  absent_.erase(name);
  if (listing_ && listing_->Find(name)) distrusted_.insert_or_assign(name, now);
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
