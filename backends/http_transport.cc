#include "backends/http_transport.h"

#include <curl/curl.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <csignal>
#include <optional>
#include <stop_token>
#include <utility>

#include "backends/http_transfer.h"
#include "backends/ip_address.h"
#include "backends/proxy.h"
#include "backends/transfer_error.h"

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

HeaderList MakeHeaderList(const HttpRequest& request) {
  HeaderList list(curl_slist_append(nullptr, "Accept-Encoding: identity"));
  const auto append = [&list](const std::vector<std::string>& headers) {
    // The list stays the same object: appending to one that is not empty returns its head.
    for (const std::string& header : headers) curl_slist_append(list.get(), header.c_str());
  };
  append(request.headers);
  if (request.login != nullptr) append(request.login->headers);
  return list;
}

// As curl wants an option that may be missing.
const char* OrNull(const std::string& text) { return text.empty() ? nullptr : text.c_str(); }

std::string OriginOf(const Url& url) {
  return url.scheme + "://" + url.host + ":" + std::to_string(url.port);
}

constexpr char kProxy[] = "proxy";

// A server asks for a certificate, and none is set.
int OnCertificateAsked(SSL* ssl, X509**, EVP_PKEY**) {
  *static_cast<bool*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl))) = true;
  return 0;
}

CURLcode OnTlsContext(CURL*, void* context, void* asked) {
  auto* const tls = static_cast<SSL_CTX*>(context);
  SSL_CTX_set_app_data(tls, asked);
  SSL_CTX_set_client_cert_cb(tls, &OnCertificateAsked);
  return CURLE_OK;
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

  static CURLM* NewMulti() {
    CURLM* const multi = curl_multi_init();
    // The source, and where it redirects to.
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, 2L);
    return multi;
  }

  // The connections and the names that were looked up.
  void Forget() {
    curl_multi_cleanup(multi);
    multi = NewMulti();
  }

  CURL* easy = curl_easy_init();
  CURLM* multi = NewMulti();
  char details[CURL_ERROR_SIZE] = "";
  bool certificate_asked = false;  // by any server so far
};

HttpTransport::HttpTransport(const Options& options)
    : options_(options),
      may_be_proxied_(options.unix_socket.empty() &&
                      (!options.proxy.empty() || EnvironmentNamesProxy())) {
  InitCurlOnce();
  handles_ = std::make_unique<Handles>();
  if (options_.network != nullptr) epoch_ = options_.network->epoch();
  SetUp();
}

HttpTransport::~HttpTransport() = default;

void HttpTransport::SetUp() {
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
  const auto connect_timeout = std::chrono::duration_cast<milliseconds>(options_.connect_timeout);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(connect_timeout.count()));

  if (!options_.cacert.empty() || !options_.capath.empty()) {
    // Both, or the system's authorities would be trusted beside.
    for (const CURLoption file : {CURLOPT_CAINFO, CURLOPT_PROXY_CAINFO}) {
      curl_easy_setopt(easy, file, OrNull(options_.cacert));
    }
    for (const CURLoption directory : {CURLOPT_CAPATH, CURLOPT_PROXY_CAPATH}) {
      curl_easy_setopt(easy, directory, OrNull(options_.capath));
    }
  }
  curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, &OnTlsContext);
  curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, &handles_->certificate_asked);

  if (!options_.proxy.empty()) curl_easy_setopt(easy, CURLOPT_PROXY, options_.proxy.c_str());
  if (options_.no_proxy) curl_easy_setopt(easy, CURLOPT_NOPROXY, options_.no_proxy->c_str());
  curl_easy_setopt(easy, CURLOPT_PROXYUSERNAME, OrNull(options_.proxy_login.username));
  curl_easy_setopt(easy, CURLOPT_PROXYPASSWORD, OrNull(options_.proxy_login.password));
  curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, OrNull(options_.unix_socket));
}

void HttpTransport::SetRequest(const HttpRequest& request) {
  CURL* const easy = handles_->easy;
  using Method = HttpRequest::Method;
  const Method method = request.method;
  if (method == Method::kPost || method == Method::kPut) {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 0L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, static_cast<long>(request.body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.c_str());  // outlives the transfer
  } else {
    curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(easy, CURLOPT_NOBODY, method == Method::kHead ? 1L : 0L);
  }
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method == Method::kPut ? "PUT" : nullptr);
  curl_easy_setopt(easy, CURLOPT_URL, request.url.ToString().c_str());
  SetLogin(request);
}

void HttpTransport::SetLogin(const HttpRequest& request) {
  static const Login kNobody;
  CURL* const easy = handles_->easy;
  const Login& login = request.login != nullptr ? *request.login : kNobody;
  curl_easy_setopt(easy, CURLOPT_USERNAME, OrNull(login.username));
  curl_easy_setopt(easy, CURLOPT_PASSWORD, OrNull(login.password));
  curl_easy_setopt(easy, CURLOPT_XOAUTH2_BEARER, OrNull(login.token));
  curl_easy_setopt(easy, CURLOPT_NETRC_FILE, OrNull(login.netrc));
  curl_easy_setopt(
      easy, CURLOPT_NETRC,
      static_cast<long>(login.netrc.empty() ? CURL_NETRC_IGNORED : CURL_NETRC_REQUIRED));
  curl_easy_setopt(easy, CURLOPT_SSLCERT, OrNull(login.certificate));
  curl_easy_setopt(easy, CURLOPT_SSLKEY, OrNull(login.key));
  curl_easy_setopt(easy, CURLOPT_KEYPASSWD, login.key.empty() ? nullptr : "");  // or OpenSSL asks

  const auto offer = [this](const std::string& origin) {
    const unsigned long every = CURLAUTH_BASIC | CURLAUTH_DIGEST;
    return options_.schemes != nullptr ? options_.schemes->Offer(origin) : every;
  };
  curl_easy_setopt(easy, CURLOPT_HTTPAUTH,
                   login.token.empty() ? offer(OriginOf(request.url)) : CURLAUTH_BEARER);
  curl_easy_setopt(easy, CURLOPT_PROXYAUTH, offer(kProxy));
}

void HttpTransport::LearnSchemes(const HttpRequest& request) {
  if (options_.schemes == nullptr) return;
  long asked = 0;
  curl_easy_getinfo(handles_->easy, CURLINFO_HTTPAUTH_AVAIL, &asked);
  if (asked != 0) options_.schemes->Learn(OriginOf(request.url), asked);
  curl_easy_getinfo(handles_->easy, CURLINFO_PROXYAUTH_AVAIL, &asked);
  if (asked != 0) options_.schemes->Learn(kProxy, asked);
}

Status HttpTransport::Perform(const HttpRequest& request, HttpResponder& responder,
                              const CallLimits& limits) {
  NetworkWatch* const network = options_.network.get();
  if (network != nullptr && network->epoch() != epoch_) {
    epoch_ = network->epoch();
    handles_->Forget();
  }
  if (request.public_addresses_only && may_be_proxied_ && IsPrivateHost(request.url.host)) {
    return Status(Code::kUntrusted, kPrivateRedirect);
  }
  CURL* const easy = handles_->easy;
  CURLM* const multi = handles_->multi;
  const HeaderList headers = MakeHeaderList(request);
  handles_->details[0] = '\0';
  SetRequest(request);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers.get());
  const HttpTransfer::Way way{may_be_proxied_, handles_->certificate_asked};
  RequestLog log(request);
  HttpTransfer transfer(easy, request, way, responder, log, limits);

  const auto wake = [multi] { curl_multi_wakeup(multi); };
  const std::stop_callback on_stop(limits.stop, wake);
  std::optional<NetworkWatch::Subscription> on_change;
  if (network != nullptr) on_change.emplace(*network, wake);
  curl_multi_add_handle(multi, easy);
  Status result = Drive(transfer);
  LearnSchemes(request);
  curl_multi_remove_handle(multi, easy);
  log.End(result);
  return result;
}

Status HttpTransport::Drive(HttpTransfer& transfer) {
  CURLM* const multi = handles_->multi;
  NetworkWatch::Epoch seen = epoch_;
  for (;;) {
    TimePoint now = std::chrono::steady_clock::now();
    if (auto ended = transfer.EndsNow(now)) return *std::move(ended);
    int running = 0;
    curl_multi_perform(multi, &running);
    int queued = 0;
    if (const CURLMsg* message = curl_multi_info_read(multi, &queued)) {
      return transfer.Finish(message->data.result, handles_->details);
    }
    if (options_.network != nullptr) {
      const NetworkWatch::Epoch epoch = options_.network->epoch();
      if (epoch != seen && transfer.IsCutOff(epoch.resumes != seen.resumes)) {
        return Status(Code::kUnavailable, "the network has changed under the connection");
      }
      seen = epoch;
    }
    now = std::chrono::steady_clock::now();
    if (auto ended = transfer.EndsNow(now)) return *std::move(ended);
    curl_multi_poll(multi, nullptr, 0, PollTimeout(transfer.NextTimeout(), now), nullptr);
  }
}

}  // namespace brimfs
