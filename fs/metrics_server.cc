#include "fs/metrics_server.h"

#include <microhttpd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <string_view>
#include <utility>

#include "core/log.h"

namespace brimfs {
namespace {

// Takes as long for a wrong guess as for a right one.
bool SameSecret(std::string_view guess, std::string_view secret) {
  unsigned different = guess.size() == secret.size() ? 0 : 1;
  for (size_t i = 0; i < guess.size(); ++i) {
    const char expected = secret.empty() ? '\0' : secret[i % secret.size()];
    different |= static_cast<unsigned char>(guess[i] ^ expected);
  }
  return different == 0;
}

void OnServerLog(void*, const char* format, va_list arguments) {
  char line[512];
  std::vsnprintf(line, sizeof line, format, arguments);
  std::string_view text(line);
  while (text.ends_with('\n')) text.remove_suffix(1);
  Log(LogLevel::kDebug, text);
}

}  // namespace

struct MetricsServer::Callbacks {
  static MHD_Result OnRequest(void* self, MHD_Connection* connection, const char* path,
                              const char* method, const char*, const char*, size_t* upload_size,
                              void** state) {
    // The first call comes before the body, if there is one; the last one after it.
    static int begun;
    if (*state == nullptr) {
      *state = &begun;
      return MHD_YES;
    }
    if (*upload_size != 0) {
      *upload_size = 0;
      return MHD_YES;
    }
    Answer answer = static_cast<MetricsServer*>(self)->Respond(
        method, path, MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Authorization"));
    MHD_Response* const response = MHD_create_response_from_buffer(
        answer.body.size(), answer.body.data(), MHD_RESPMEM_MUST_COPY);
    if (response == nullptr) return MHD_NO;
    const char* const type = answer.status == MHD_HTTP_OK
                                 ? "text/plain; version=0.0.4; charset=utf-8"
                                 : "text/plain; charset=utf-8";
    MHD_add_response_header(response, "Content-Type", type);
    MHD_add_response_header(response, "Connection", "close");  // others want to ask, too
    if (answer.status == MHD_HTTP_UNAUTHORIZED) {
      MHD_add_response_header(response, "WWW-Authenticate", "Bearer realm=\"brimfs\"");
    } else if (answer.status == MHD_HTTP_METHOD_NOT_ALLOWED) {
      MHD_add_response_header(response, "Allow", "GET, HEAD");
    }
    const MHD_Result queued = MHD_queue_response(connection, answer.status, response);
    MHD_destroy_response(response);
    return queued;
  }

  static void OnConnection(void* self, MHD_Connection* connection, void**,
                           MHD_ConnectionNotificationCode what) {
    const MHD_ConnectionInfo* const info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (info == nullptr) return;
    SocketCutter& cutter = static_cast<MetricsServer*>(self)->cutter_;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
      cutter.Opened(info->connect_fd);
    } else {
      cutter.Closing(info->connect_fd);
    }
  }
};

MetricsServer::MetricsServer(Settings settings)
    : settings_(std::move(settings)), cutter_(settings_.lifetime, Clock::Steady()) {}

Result<std::unique_ptr<MetricsServer>> MetricsServer::Start(Settings settings) {
  if (!settings.token && !settings.address.loopback()) {
    return Status(Code::kInvalidArgument,
                  "option metrics=" + settings.address.ToString() +
                      ": others could read it too: name a file with a token by metrics_token=, or "
                      "listen on 127.0.0.1");
  }
  if (settings.token) BRIMFS_RETURN_IF_ERROR(settings.token().status());
  Result<UniqueFd> listening = settings.address.Listen();
  if (!listening.ok()) {
    return Status(listening.code(), "option metrics: " + listening.status().message());
  }
  std::unique_ptr<MetricsServer> server(new MetricsServer(std::move(settings)));
  server->daemon_ = MHD_start_daemon(
      MHD_USE_AUTO_INTERNAL_THREAD | MHD_USE_ERROR_LOG, 0, nullptr, nullptr, &Callbacks::OnRequest,
      server.get(), MHD_OPTION_EXTERNAL_LOGGER, &OnServerLog, nullptr, MHD_OPTION_LISTEN_SOCKET,
      listening->get(), MHD_OPTION_CONNECTION_LIMIT, kConnections, MHD_OPTION_NOTIFY_CONNECTION,
      &Callbacks::OnConnection, server.get(), MHD_OPTION_END);
  if (server->daemon_ == nullptr) return Status::FromErrno(errno, "option metrics: libmicrohttpd");
  (void)listening->Release();  // libmicrohttpd closes it
  return server;
}

MetricsServer::~MetricsServer() {
  if (daemon_ != nullptr) MHD_stop_daemon(daemon_);
}

MetricsServer::Answer MetricsServer::Respond(const std::string& method, const std::string& path,
                                             const char* authorization) {
  if (!MayAsk(authorization)) return {MHD_HTTP_UNAUTHORIZED, "a bearer token is wanted\n"};
  if (path != "/metrics") return {MHD_HTTP_NOT_FOUND, "the metrics are at /metrics\n"};
  if (method != "GET" && method != "HEAD") {
    return {MHD_HTTP_METHOD_NOT_ALLOWED, "there is nothing to change\n"};
  }
  return {MHD_HTTP_OK, settings_.page()};
}

bool MetricsServer::MayAsk(const char* authorization) const {
  if (!settings_.token) return true;
  const Result<std::string> token = settings_.token();
  if (!token.ok()) {
    Log(LogLevel::kWarning, "nobody may read the metrics: " + token.status().message());
    return false;
  }
  constexpr std::string_view kScheme = "Bearer ";
  const std::string_view given(authorization == nullptr ? "" : authorization);
  return given.starts_with(kScheme) && SameSecret(given.substr(kScheme.size()), *token);
}

}  // namespace brimfs
