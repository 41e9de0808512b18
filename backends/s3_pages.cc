#include "backends/s3_pages.h"

#include <future>
#include <optional>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "core/mutex.h"

namespace brimfs {

// The texts from one token on, as far as the next can be told at a glance.
class S3Pages::Ahead {
 public:
  Ahead(const S3Pages& pages, std::string token)
      : pages_(pages),
        token_(std::move(token)),
        fetching_(std::async(std::launch::async | std::launch::deferred, [this] { Run(); })) {}

  ~Ahead() {
    {
      MutexLock lock(mu_);
      unwanted_ = true;
      changed_.NotifyAll();
    }
    stop_.request_stop();
  }
  Ahead(const Ahead&) = delete;
  Ahead& operator=(const Ahead&) = delete;

  Result<Text> Take() {
    // There was no thread.
    if (fetching_.wait_for(Duration::zero()) == std::future_status::deferred) return FetchNext();
    MutexLock lock(mu_);
    while (!come_ && !over_) changed_.Wait(mu_);
    if (!come_) return Status(Code::kProtocol, "the listing has ended");
    Result<Text> text = *std::exchange(come_, std::nullopt);
    changed_.NotifyAll();
    return text;
  }

 private:
  // On the thread; or on that of Take, if there is none.
  Result<Text> FetchNext() {
    const std::stop_callback stopped(pages_.limits_.stop, [this] { stop_.request_stop(); });
    Result<Text> text = pages_.FetchText(token_, stop_.get_token());
    if (text.ok()) token_ = text->next;
    return text;
  }

  void Run() {
    const absl::Cleanup over = [this] {
      MutexLock lock(mu_);
      over_ = true;
      changed_.NotifyAll();
    };
    for (bool goes_on = true; goes_on;) {
      Result<Text> text = FetchNext();
      goes_on = text.ok() && !text->next.empty() && text->next != text->token;
      MutexLock lock(mu_);
      while (come_ && !unwanted_) changed_.Wait(mu_);
      if (unwanted_) return;
      come_ = std::move(text);
      changed_.NotifyAll();
    }
  }

  const S3Pages& pages_;
  std::string token_;  // that is fetched next; FetchNext's
  std::stop_source stop_;

  Mutex mu_;
  CondVar changed_;
  std::optional<Result<Text>> come_ ABSL_GUARDED_BY(mu_);
  bool unwanted_ ABSL_GUARDED_BY(mu_) = false;
  bool over_ ABSL_GUARDED_BY(mu_) = false;  // nothing will come any more

  std::future<void> fetching_;  // goes first: it uses all of the above
};

S3Pages::S3Pages(Fetch fetch, const CallLimits& limits)
    : fetch_(std::move(fetch)),
      limits_(limits),
      patience_(limits.deadline - std::chrono::steady_clock::now()),
      ahead_(std::make_unique<Ahead>(*this, "")) {}

S3Pages::~S3Pages() = default;

Result<S3Pages::Text> S3Pages::FetchText(const std::string& token,
                                         const std::stop_token& stop) const {
  Text text{.token = token, .asked = std::chrono::steady_clock::now(), .xml = {}, .next = {}};
  CallLimits limits = limits_;
  limits.deadline = After(text.asked, patience_);
  limits.stop = stop;
  Result<std::string> xml = fetch_(token, limits);
  if (!xml.ok()) return xml.status();
  text.xml = *std::move(xml);
  text.next = PeekToken(text.xml);
  return text;
}

Result<S3Pages::Dated> S3Pages::Next() {
  Result<Text> text = ahead_->Take();
  if (!text.ok()) return text.status();
  const std::string peeked = text->next;
  Result<S3Page> page = ParsePage(text->xml);
  if (!page.ok()) {
    text = FetchText(text->token, limits_.stop);
    if (!text.ok()) return text.status();
    page = ParsePage(text->xml);
  }
  if (!page.ok()) return page.status();
  if (page->next.empty()) {
    ahead_.reset();
  } else if (page->next == text->token) {
    return Status(Code::kProtocol, "the listing goes in circles");
  } else if (page->next != peeked) {
    ahead_ = std::make_unique<Ahead>(*this, page->next);
  }
  return Dated{*std::move(page), text->asked};
}

}  // namespace brimfs
