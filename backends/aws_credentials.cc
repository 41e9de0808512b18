#include "backends/aws_credentials.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/log.h"

namespace brimfs {
namespace {

bool SameSecret(const AwsKeys& a, const AwsKeys& b) {
  return a.access_key_id == b.access_key_id && a.secret_access_key == b.secret_access_key &&
         a.session_token == b.session_token;
}

std::string TimeText(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", time, absl::UTCTimeZone());
}

// Of whoever looked, and of nobody else.
bool IsOwnEnd(Code code) { return code == Code::kInterrupted || code == Code::kTimedOut; }

}  // namespace

AwsCredentials::AwsCredentials(std::unique_ptr<AwsKeySource> source, WallClock wall_clock)
    : source_(std::move(source)), wall_clock_(std::move(wall_clock)) {}

bool AwsCredentials::StillHold(absl::Time now) const {
  if (current_ == nullptr) return false;
  return now < current_->expires || (found_ended_ && now < look_again_);
}

bool AwsCredentials::MustLook(absl::Time now) const {
  if (!StillHold(now)) return true;
  return now >= current_->expires - kRenewBefore && now >= look_again_;
}

Result<AwsCredentials::Keys> AwsCredentials::Current(const CallLimits& limits) {
  // Made and unmade outside the lock, which it takes.
  const std::stop_callback wake(limits.stop, [this] {
    MutexLock lock(mu_);
    changed_.NotifyAll();
  });
  CallLimits our_limits = limits;
  for (;;) {
    {
      MutexLock lock(mu_);
      const absl::Time now = wall_clock_();
      const bool hold = StillHold(now);
      if (!MustLook(now) || (hold && looking_)) return current_;
      if (looking_) {
        BRIMFS_RETURN_IF_ERROR(AwaitLook(limits));
        continue;
      }
      looking_ = true;
      if (hold) {
        our_limits.deadline =
            std::min(limits.deadline, After(Clock::Steady().Now(), kRenewPatience));
      }
    }
    const Status found = Look(our_limits, Reason::kRenew);
    MutexLock lock(mu_);
    // Here too: keys that have just been found may end before anybody has looked at the clock.
    if (found.ok() || StillHold(wall_clock_())) return current_;
    return found;
  }
}

Result<AwsCredentials::Keys> AwsCredentials::Instead(const Keys& refused,
                                                     const CallLimits& limits) {
  const std::stop_callback wake(limits.stop, [this] {
    MutexLock lock(mu_);
    changed_.NotifyAll();
  });
  {
    MutexLock lock(mu_);
    while (looking_) BRIMFS_RETURN_IF_ERROR(AwaitLook(limits));
    if (current_ != nullptr && !SameSecret(*current_, *refused)) return current_;
    if (wall_clock_() < refuse_again_) return Keys();
    looking_ = true;
  }
  BRIMFS_RETURN_IF_ERROR(Look(limits, Reason::kRefused));
  MutexLock lock(mu_);
  return SameSecret(*current_, *refused) ? Keys() : current_;
}

Status AwsCredentials::AwaitLook(const CallLimits& limits) {
  const uint64_t before = looks_;
  while (looks_ == before) {
    if (limits.stop.stop_requested()) return Status(Code::kInterrupted, "no longer wanted");
    if (Clock::Steady().Now() >= limits.deadline) {
      return Status(Code::kTimedOut, "another's search for AWS keys has not ended");
    }
    Clock::Steady().WaitUntil(changed_, mu_, limits.deadline);
  }
  return IsOwnEnd(last_look_.code()) ? OkStatus() : last_look_;
}

Status AwsCredentials::Look(const CallLimits& limits, Reason reason) {
  Result<AwsKeys> found = source_->Find(limits);
  const absl::Time now = wall_clock_();
  Status status = found.status();
  std::string said;
  {
    MutexLock lock(mu_);
    looking_ = false;
    ++looks_;
    last_look_ = status;
    changed_.NotifyAll();
    if (found.ok()) {
      found_ended_ = found->expires <= now;
      if (found_ended_) said = "ended at " + TimeText(found->expires) + ": tried all the same";
      if (reason == Reason::kRefused) refuse_again_ = now + kLookAgain;
      if (current_ == nullptr || *current_ != *found) {
        current_ = std::make_shared<const AwsKeys>(*std::move(found));
      }
    } else if (!StillHold(now)) {
      found_ended_ = false;  // or the failure would be nobody's
    } else if (reason == Reason::kRenew && status.code() != Code::kInterrupted) {
      said = "end at " + TimeText(current_->expires) + " and cannot be renewed: ";
      said += status.message();
    }
    if (status.code() != Code::kInterrupted) look_again_ = now + kLookAgain;
  }
  if (!said.empty()) Log(LogLevel::kWarning, "the AWS keys " + said);
  return status;
}

}  // namespace brimfs
