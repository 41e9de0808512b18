#include "core/scheduler.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <system_error>

#include "core/log.h"

namespace brimfs {
namespace {

size_t Index(Priority priority) { return static_cast<size_t>(priority); }

}  // namespace

Scheduler::Scheduler(Backend& backend, Options options, Clock& clock)
    : backend_(backend),
      clock_(clock),
      connections_(std::max(1, options.connections)),
      reserved_(std::clamp(options.reserved_for_demand, 0, connections_ - 1)) {}

Scheduler::~Scheduler() {
  Shutdown();
  std::list<Worker> workers;
  {
    MutexLock lock(mu_);
    workers.swap(workers_);  // elements keep their addresses: the threads hold them
  }
  for (Worker& worker : workers) worker.thread.join();
}

void Scheduler::Submit(std::shared_ptr<Flight> flight, Priority priority) {
  const SourceHost* const asked = flight->host();
  const Job job{std::move(flight), asked, priority};
  std::vector<std::shared_ptr<Flight>> running;
  bool shut_down = false;
  {
    MutexLock lock(mu_);
    shut_down = shut_down_;
    if (!shut_down) {
      Host& host = HostOf(job.host);
      host.ready[Index(priority)].push_back(job);
      Announce();
      if (priority != Priority::kDemand) return;
      running = InTheWay(host);
    }
  }
  for (const std::shared_ptr<Flight>& busy : running) busy->Yield();
  if (shut_down) job.flight->Abandon(Status(Code::kShutdown, "the mount is going away"));
}

std::vector<std::shared_ptr<Flight>> Scheduler::InTheWay(const Host& host) const {
  const bool all = running_ >= connections_ * kBusyHosts;
  std::vector<std::shared_ptr<Flight>> busy;
  if (!all && host.room() > 0) return busy;
  for (const Worker& worker : workers_) {
    if (worker.running == nullptr || (!all && worker.host != &host)) continue;
    busy.push_back(worker.running->flight);
  }
  return busy;
}

void Scheduler::Raise(const void* owner, const Range& range, Priority priority) {
  const auto lower = [&](const Job& job) {
    return job.priority > priority && job.flight->owner() == owner &&
           job.flight->range().Overlaps(range);
  };
  MutexLock lock(mu_);
  for (auto& [key, host] : hosts_) {
    for (size_t i = Index(priority) + 1; i < host.ready.size(); ++i) {
      std::deque<Job>& queue = host.ready[i];
      const auto raised = std::stable_partition(queue.begin(), queue.end(), std::not_fn(lower));
      for (auto job = raised; job != queue.end(); ++job) {
        job->priority = priority;
        host.ready[Index(priority)].push_back(std::move(*job));
        Announce();
      }
      queue.erase(raised, queue.end());
    }
  }
  for (auto& [when, job] : delayed_) {
    if (lower(job)) job.priority = priority;
  }
  for (Worker& worker : workers_) {
    if (worker.running != nullptr && lower(*worker.running)) worker.running->priority = priority;
  }
}

template <typename Predicate>
std::vector<Scheduler::Job> Scheduler::RemoveQueued(Predicate chosen) {
  std::vector<Job> removed;
  for (auto& [key, host] : hosts_) {
    for (std::deque<Job>& queue : host.ready) {
      const auto first = std::stable_partition(queue.begin(), queue.end(), std::not_fn(chosen));
      std::move(first, queue.end(), std::back_inserter(removed));
      queue.erase(first, queue.end());
    }
  }
  for (auto at = delayed_.begin(); at != delayed_.end();) {
    if (chosen(at->second)) {
      removed.push_back(std::move(at->second));
      at = delayed_.erase(at);
    } else {
      ++at;
    }
  }
  return removed;
}

Scheduler::Withdrawn Scheduler::Withdraw(const void* owner, const Range& range, Priority than) {
  std::vector<Job> removed;
  {
    MutexLock lock(mu_);
    removed = RemoveQueued([&](const Job& job) {
      return job.flight->divisible() && !job.was_run && job.priority > than &&
             job.flight->owner() == owner && job.flight->range().Overlaps(range);
    });
  }
  Withdrawn result;
  for (Job& job : removed) result.emplace_back(std::move(job.flight), job.priority);
  return result;
}

void Scheduler::Drop(const void* owner, Priority most, Priority least) {
  const auto chosen = [&](const Job& job) {
    return job.priority >= most && job.priority <= least && job.flight->owner() == owner;
  };
  std::vector<Job> removed;
  std::vector<std::shared_ptr<Flight>> running;
  {
    MutexLock lock(mu_);
    removed = RemoveQueued(chosen);
    for (Worker& worker : workers_) {
      if (worker.running == nullptr || !chosen(*worker.running)) continue;
      worker.running->dropped = true;
      running.push_back(worker.running->flight);
    }
  }
  for (const std::shared_ptr<Flight>& flight : running) flight->Unwanted();
  const Status why(Code::kInterrupted, "no longer wanted");
  for (const Job& job : removed) job.flight->Abandon(why);
}

void Scheduler::Shutdown() {
  std::vector<Job> removed;
  std::vector<std::stop_source> running;
  {
    MutexLock lock(mu_);
    shut_down_ = true;
    removed = RemoveQueued([](const Job&) { return true; });
    for (const Worker& worker : workers_) {
      if (worker.running != nullptr) running.push_back(worker.stop);
    }
    wake_.NotifyAll();
  }
  for (std::stop_source& stop : running) stop.request_stop();
  const Status why(Code::kShutdown, "the mount is going away");
  for (const Job& job : removed) job.flight->Abandon(why);
}

void Scheduler::OnAnswer(const SourceHost* host, const Status& status) {
  MutexLock lock(mu_);
  if (HostOf(host).limit.OnAnswer(status)) wake_.NotifyOne();
}

Scheduler::Load Scheduler::load() const {
  MutexLock lock(mu_);
  Load load;
  load.running = running_;
  for (const auto& [key, host] : hosts_) {
    for (const std::deque<Job>& queue : host.ready) load.queued += static_cast<int>(queue.size());
  }
  load.queued += static_cast<int>(delayed_.size());
  return load;
}

Scheduler::Host& Scheduler::HostOf(const SourceHost* host) {
  return hosts_.try_emplace(host, connections_).first->second;
}

int Scheduler::MostWorkers() const {
  return connections_ * static_cast<int>(std::min<size_t>(hosts_.size(), kBusyHosts));
}

void Scheduler::Announce() {
  size_t ready = 0;
  for (const auto& [key, host] : hosts_) {
    size_t here = 0;
    for (const std::deque<Job>& queue : host.ready) here += queue.size();
    ready += std::min(here, static_cast<size_t>(host.room()));
  }
  if (ready > static_cast<size_t>(idle_) && workers_.size() < static_cast<size_t>(MostWorkers())) {
    Worker& worker = workers_.emplace_back();
    try {
      worker.thread = std::thread([this, &worker] { Work(worker); });
    } catch (const std::system_error& error) {
      // The workers that run serve the queue too; without any, the next Submit tries again.
      workers_.pop_back();
      LogOnce("scheduler-thread", LogLevel::kError,
              std::string("cannot start a worker thread: ") + error.what());
    }
  }
  wake_.NotifyOne();
}

void Scheduler::Work(Worker& worker) {
  const std::unique_ptr<Connection> connection = backend_.Connect();
  for (;;) {
    Job job;
    if (!NextJob(worker, job)) return;
    const std::optional<TimePoint> again = job.flight->Run(*connection, worker.stop.get_token());
    QueueAgain(worker, job, again);
  }
}

bool Scheduler::NextJob(Worker& worker, Job& job) {
  MutexLock lock(mu_);
  while (!shut_down_ && !TakeReady(worker, job)) {
    ++idle_;
    if (delayed_.empty()) {
      wake_.Wait(mu_);
    } else {
      clock_.WaitUntil(wake_, mu_, delayed_.begin()->first);
    }
    --idle_;
  }
  return !shut_down_;
}

bool Scheduler::TakeReady(Worker& worker, Job& job) {
  const TimePoint now = delayed_.empty() ? TimePoint() : clock_.Now();
  while (!delayed_.empty() && delayed_.begin()->first <= now) {
    Job& due = delayed_.begin()->second;
    HostOf(due.host).ready[Index(due.priority)].push_front(std::move(due));
    delayed_.erase(delayed_.begin());
    Announce();
  }
  for (size_t priority = 0; priority <= Index(Priority::kFill); ++priority) {
    // In turn, so that one whose queue never ends does not keep the workers from the others.
    auto next = hosts_.upper_bound(served_last_);
    for (size_t i = 0; i < hosts_.size(); ++i, ++next) {
      if (next == hosts_.end()) next = hosts_.begin();
      if (!TakeFrom(next->second, priority, worker, job)) continue;
      served_last_ = next->first;
      return true;
    }
  }
  return false;
}

bool Scheduler::TakeFrom(Host& host, size_t priority, Worker& worker, Job& job) {
  std::deque<Job>& queue = host.ready[priority];
  if (queue.empty() || host.room() == 0) return false;
  const bool background = priority != Index(Priority::kDemand);
  const bool reserved = host.in_background >= std::max(1, host.limit.limit() - reserved_) ||
                        in_background_ >= connections_ * kBusyHosts - reserved_;
  if (background && reserved) return false;
  job = std::move(queue.front());
  queue.pop_front();
  job.was_run = true;
  worker.running = &job;
  worker.host = &host;
  worker.stop = std::stop_source();
  worker.in_background = background;
  ++running_;
  ++host.running;
  in_background_ += background ? 1 : 0;
  host.in_background += background ? 1 : 0;
  if (!delayed_.empty()) wake_.NotifyOne();  // this may have been the one that watched their time
  return true;
}

void Scheduler::QueueAgain(Worker& worker, Job& job, std::optional<TimePoint> when) {
  Code why = Code::kOk;
  {
    MutexLock lock(mu_);
    Host& host = *std::exchange(worker.host, nullptr);
    worker.running = nullptr;
    --running_;
    --host.running;
    in_background_ -= worker.in_background ? 1 : 0;
    host.in_background -= worker.in_background ? 1 : 0;
    if (!when) {
      ForgetIfIdle(job.host, host);
      return;
    }
    if (shut_down_) {
      why = Code::kShutdown;
    } else if (job.dropped) {
      why = Code::kInterrupted;
    } else {
      delayed_.emplace(*when, std::move(job));
      wake_.NotifyOne();  // somebody has to watch this time, and this worker may find other work
      return;
    }
  }
  job.flight->Abandon(Status(why, "ended instead of being tried again"));
}

void Scheduler::ForgetIfIdle(const SourceHost* key, const Host& host) {
  if (hosts_.size() <= kBusyHosts || host.running > 0 || host.room() < connections_) return;
  for (const std::deque<Job>& queue : host.ready) {
    if (!queue.empty()) return;
  }
  hosts_.erase(key);
}

}  // namespace brimfs
