#include "backends/http_transport.h"

#include <curl/curl.h>

#include <algorithm>
#include <csignal>
#include <optional>
#include <stop_token>

#include "backends/http_transfer.h"

namespace brimfs {
namespace {

using std::chrono::milliseconds;

// libcurl hands out at most 16 KiB at a time whatever this is; it saves system calls.
constexpr long kReceiveBuffer = 512 * 1024;

void InitCurlOnce() {
  [[maybe_unused]] static const bool done = [] {
    curl_global_init(CURL_GLOBAL_DEFAULT);
    // OpenSSL writes without MSG_NOSIGNAL, and CURLOPT_NOSIGNAL leaves this to the program.
    struct sigaction current = {};
    if (sigaction(SIGPIPE, nullptr, &current) == 0 && current.sa_handler == SIG_DFL) {
      std::signal(SIGPIPE, SIG_IGN);
    }
    return true;
  }();
}

struct SlistDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, SlistDeleter>;

HeaderList MakeHeaderList(const std::vector<std::string>& headers) {
  HeaderList list(curl_slist_append(nullptr, "Accept-Encoding: identity"));
  for (const std::string& header : headers) {
    // The list stays the same object: appending to one that is not empty returns its head.
    curl_slist_append(list.get(), header.c_str());
  }
  return list;
}

int PollTimeout(TimePoint until, TimePoint now) {
  constexpr milliseconds kLongest = std::chrono::minutes(1);
  if (until <= now) return 0;
  if (until - now > kLongest) return static_cast<int>(kLongest.count());
  // One more, or the last fraction of a millisecond would be spent spinning.
  return static_cast<int>(std::chrono::duration_cast<milliseconds>(until - now).count()) + 1;
}

}  // namespace

struct HttpTransport::Handles {
  ~Handles() {
    curl_easy_cleanup(easy);
    curl_multi_cleanup(multi);
  }

  CURL* easy = curl_easy_init();
  CURLM* multi = curl_multi_init();
  char details[CURL_ERROR_SIZE] = "";
};

HttpTransport::HttpTransport(const Options& options) {
  InitCurlOnce();
  handles_ = std::make_unique<Handles>();
  CURL* const easy = handles_->easy;
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, handles_->details);
  curl_easy_setopt(easy, CURLOPT_USERAGENT, "brimfs/" BRIMFS_VERSION);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy, CURLOPT_HTTP_CONTENT_DECODING, 0L);
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);  // or a stalled name lookup blocks the caller
  curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
  curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, kReceiveBuffer);
  curl_easy_setopt(
      easy, CURLOPT_CONNECTTIMEOUT_MS,
      static_cast<long>(std::chrono::duration_cast<milliseconds>(options.connect_timeout).count()));
  if (!options.cacert.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, options.cacert.c_str());
  // The source, and where it redirects to.
  curl_multi_setopt(handles_->multi, CURLMOPT_MAXCONNECTS, 2L);
}

HttpTransport::~HttpTransport() = default;

Status HttpTransport::Perform(const HttpRequest& request, HttpResponder& responder,
                              const CallLimits& limits) {
  CURL* const easy = handles_->easy;
  CURLM* const multi = handles_->multi;
  const HeaderList headers = MakeHeaderList(request.headers);
  const bool head_only = request.method == HttpRequest::Method::kHead;
  handles_->details[0] = '\0';
  curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
  curl_easy_setopt(easy, CURLOPT_NOBODY, head_only ? 1L : 0L);
  curl_easy_setopt(easy, CURLOPT_URL, request.url.ToString().c_str());
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers.get());
  HttpTransfer transfer(easy, request, responder, limits);

  const std::stop_callback wake(limits.stop, [multi] { curl_multi_wakeup(multi); });
  curl_multi_add_handle(multi, easy);
  std::optional<Status> result = transfer.EndsNow(std::chrono::steady_clock::now());
  while (!result) {
    int running = 0;
    curl_multi_perform(multi, &running);
    int queued = 0;
    if (const CURLMsg* message = curl_multi_info_read(multi, &queued)) {
      result = transfer.Finish(message->data.result, handles_->details);
      break;
    }
    const TimePoint now = std::chrono::steady_clock::now();
    result = transfer.EndsNow(now);
    if (!result) {
      curl_multi_poll(multi, nullptr, 0, PollTimeout(transfer.NextTimeout(), now), nullptr);
    }
  }
  curl_multi_remove_handle(multi, easy);
  return *result;
}

}  // namespace brimfs
