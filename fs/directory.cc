#include "fs/directory.h"

#include <algorithm>
#include <utility>

namespace brimfs {

const ListedName* Listing::Find(const std::string& name) const {
  const auto at = std::lower_bound(
      names.begin(), names.end(), name,
      [](const ListedName& listed, const std::string& wanted) { return listed.name < wanted; });
  return at != names.end() && at->name == name ? &*at : nullptr;
}

void Directory::DropOldListing(TimePoint now) {
  if (listing_ && now - listing_->fetched < ttl_) return;
  listing_ = nullptr;
  distrusted_.clear();
}

std::optional<Known> Directory::Asked(const std::string& name, TimePoint now) const {
  if (const auto it = asked_.find(name); it != asked_.end() && now - it->second.as_of < ttl_) {
    return it->second;
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
  const TimePoint now = clock_.Now();
  MutexLock lock(mu_);
  DropOldListing(now);
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
    asked_.insert_or_assign(name, std::move(known));
  } else {
    asked_.erase(name);
    RememberAbsent(name, known.as_of);
  }
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
