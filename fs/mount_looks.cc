#include "fs/mount_looks.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "core/mutex.h"

namespace brimfs {
namespace {

constexpr size_t kAtATime = 64;

Result<ControlAnswer> WithoutErrors(Result<ControlAnswer> answer) {
  if (!answer.ok()) return answer;
  if (const auto* const error = std::get_if<Status>(&answer->what)) return *error;
  return answer;
}

}  // namespace

struct MountLooks::Asked {
  bool answered() {
    MutexLock lock(mu);
    return answer.has_value();
  }

  Mutex mu;  // a leaf
  std::optional<Result<ControlAnswer>> answer ABSL_GUARDED_BY(mu);
};

MountLooks::MountLooks(Duration patience)
    : patience_(patience),
      answered_fd_(std::make_shared<UniqueFd>(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))) {}

std::vector<Result<ControlAnswer>> MountLooks::Ask(const std::vector<Target>& targets,
                                                   int stop_fd) {
  std::set<std::string> keys;
  for (const Target& target : targets) keys.insert(target.key);
  std::erase_if(asked_, [&](const auto& asked) { return !keys.contains(asked.first); });

  std::vector<Result<ControlAnswer>> answers;
  bool stopped = false;
  while (answers.size() < targets.size()) {
    const size_t end = std::min(targets.size(), answers.size() + kAtATime);
    std::vector<std::shared_ptr<Asked>> begun;
    for (size_t i = answers.size(); i < end && !stopped; ++i) {
      std::shared_ptr<Asked>& asked = asked_[targets[i].key];
      if (asked != nullptr) continue;
      asked = begun.emplace_back(std::make_shared<Asked>());
      std::thread([ask = targets[i].ask, asked, answered_fd = answered_fd_] {
        Result<ControlAnswer> answer = WithoutErrors(ask());
        {
          MutexLock lock(asked->mu);
          asked->answer = std::move(answer);
        }
        eventfd_write(answered_fd->get(), 1);
      }).detach();
    }
    stopped = stopped || Await(begun, stop_fd);
    for (size_t i = answers.size(); i < end; ++i) {
      const auto at = asked_.find(targets[i].key);
      if (at != asked_.end() && at->second->answered()) {
        MutexLock lock(at->second->mu);
        answers.push_back(*std::move(at->second->answer));
      } else {
        answers.push_back(stopped ? Status(Code::kInterrupted)
                                  : Status(Code::kTimedOut, "does not answer"));
        continue;
      }
      asked_.erase(at);
    }
  }
  return answers;
}

bool MountLooks::Await(const std::vector<std::shared_ptr<Asked>>& asked, int stop_fd) const {
  const TimePoint deadline = Clock::Steady().Now() + patience_;
  for (;;) {
    eventfd_t count = 0;
    (void)eventfd_read(answered_fd_->get(), &count);
    if (std::all_of(asked.begin(), asked.end(), [](const auto& one) { return one->answered(); })) {
      return false;
    }
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::Steady().Now());
    if (left.count() <= 0) return false;
    std::array<pollfd, 2> fds{pollfd{answered_fd_->get(), POLLIN, 0}, pollfd{stop_fd, POLLIN, 0}};
    (void)poll(fds.data(), fds.size(), static_cast<int>(left.count()));
    if (fds[1].revents != 0) return true;
  }
}

}  // namespace brimfs
