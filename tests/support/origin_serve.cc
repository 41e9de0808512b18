// One connection of the test origin: requests in, answers out.
#include <algorithm>
#include <cstdlib>

#include "tests/support/origin.h"

namespace brimfs {
namespace {

constexpr size_t kSeenKept = 10000;

std::span<const std::byte> AsBytes(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

bool SendSlowly(std::span<const std::byte> data, Duration apart, OriginSocket& socket) {
  for (size_t i = 0; i < data.size(); ++i) {
    if (!socket.SleepUntil(Clock::Steady().Now() + apart)) return false;
    if (!socket.Send(data.subspan(i, 1))) return false;
  }
  return true;
}

// Always false: the connection is over.
bool BreakOff(const OriginAnswer& answer, OriginSocket& socket) {
  if (answer.cut == OriginAnswer::Cut::kReset) socket.ResetOnClose();
  while (answer.cut == OriginAnswer::Cut::kStall && socket.SleepUntil(kNever)) {
  }
  return false;
}

// False: the connection is over.
bool SendHead(const OriginAnswer& answer, OriginSocket& socket) {
  const std::string head = answer.Head();
  const bool spoiled = answer.cut != OriginAnswer::Cut::kNone && !answer.cut_after;
  const size_t whole = !spoiled ? head.size() : answer.cut_in_head ? head.size() / 2 : 0;
  if (whole > 0 && !socket.Send(AsBytes(head.substr(0, whole)))) return false;
  if (!spoiled) return true;
  if (answer.cut != OriginAnswer::Cut::kDrip) return BreakOff(answer, socket);
  return SendSlowly(AsBytes(head).subspan(whole), answer.drip, socket);
}

// Before the answer is made.
void Spoil(const std::vector<OriginFault>& faults, OriginRequest& request, OriginObject& object) {
  for (const OriginFault& fault : faults) {
    const OriginFaultKind& kind = *FindFault(fault.name);
    if (kind.before != nullptr) kind.before(fault, request, object);
  }
}

bool SendPiece(std::span<const std::byte> data, bool chunked, OriginSocket& socket) {
  if (!chunked) return socket.Send(data);
  if (data.empty()) return true;
  char size[32];
  std::snprintf(size, sizeof size, "%zx\r\n", data.size());
  const std::string before = size;
  const std::string after = "\r\n";
  return socket.Send(AsBytes(before)) && socket.Send(data) && socket.Send(AsBytes(after));
}

}  // namespace

void Origin::Serve(Served& served) {
  std::shared_ptr<OriginSocket> socket;
  {
    MutexLock lock(mu_);
    socket = served.socket;
  }
  OriginPacer pacer(options_.bandwidth, total_);
  while (const std::optional<std::string> head = socket->ReadHead()) {
    std::optional<OriginRequest> request = ParseRequest(*head);
    if (!request) break;
    if (speaks_s3()) s3_.Locate(*request);
    const std::string* length = request->Header("content-length");
    if (length != nullptr && !socket->Discard(std::strtoull(length->c_str(), nullptr, 10))) break;
    if (!Respond(*request, *socket, pacer)) break;
  }
  // The descriptor is closed by the last who holds it, out of reach of Stop, and before "open" says
  // so.
  {
    MutexLock lock(mu_);
    served.socket.reset();
  }
  socket.reset();
  MutexLock lock(mu_);
  --counters_.open;
}

bool Origin::Respond(const OriginRequest& request, OriginSocket& socket, OriginPacer& pacer) {
  if (request.target == "/_counters") {
    const std::string json = CountersJson();
    const OriginAnswer answer = TextAnswer(200, "application/json", json);
    return socket.Send(AsBytes(answer.Head())) && socket.Send(AsBytes(json));
  }
  Record(request);
  Duration delay;
  {
    MutexLock lock(mu_);
    delay = delay_;
  }
  const TimePoint due = Clock::Steady().Now() + delay;
  const bool passed = gates_.PassHead(request.path, socket);
  OriginAnswer answer;
  if (passed) answer = AnswerFor(request, faults_.Take(request));
  const bool slept = passed && (delay <= Duration::zero() || socket.SleepUntil(due));
  {
    MutexLock lock(mu_);
    --counters_.answering;
  }
  if (!slept) return false;
  if (!SendHead(answer, socket)) return false;
  if (!answer.head_only && !SendBody(request, answer, socket, pacer)) return false;
  return !answer.close;
}

OriginAnswer Origin::AnswerFor(OriginRequest request, const std::vector<OriginFault>& faults) {
  OriginAnswer answer = speaks_s3() ? S3Answer(request, faults) : WebAnswer(request, faults);
  for (const OriginFault& fault : faults) {
    const OriginFaultKind& kind = *FindFault(fault.name);
    if (kind.after != nullptr) kind.after(fault, request, answer);
  }
  answer.head_only = request.method == "HEAD";
  const std::string* connection = request.Header("connection");
  if (connection != nullptr && *connection == "close") answer.close = true;
  return answer;
}

OriginAnswer Origin::WebAnswer(OriginRequest& request, const std::vector<OriginFault>& faults) {
  if (const std::optional<std::string> challenge = guard_.Challenge(request)) {
    OriginAnswer answer = TextAnswer(401, "text/plain", "who are you?\n");
    answer.SetHeader("WWW-Authenticate", *challenge);
    return answer;
  }
  if (request.method != "GET" && request.method != "HEAD") {
    OriginAnswer answer = TextAnswer(405, "text/plain", "GET and HEAD only\n");
    answer.SetHeader("Allow", "GET, HEAD");
    return answer;
  }
  std::optional<OriginObject> object = tree_.Find(request.path);
  if (!object) return DirectoryAnswer(request);
  Spoil(faults, request, *object);
  return ObjectAnswer(request, *object);
}

OriginAnswer Origin::S3Answer(OriginRequest& request, const std::vector<OriginFault>& faults) {
  OriginAnswer answer;
  if (std::optional<OriginAnswer> refusal = s3_.Refusal(request)) {
    answer = std::move(*refusal);
  } else if (request.lists) {
    answer = s3_.ListAnswer(request, tree_);
  } else {
    std::optional<OriginObject> object = s3_.Find(request, tree_);
    if (object) Spoil(faults, request, *object);
    answer = s3_.Answer(request, object);
  }
  s3_.Sign(answer);
  return answer;
}

OriginAnswer Origin::DirectoryAnswer(const OriginRequest& request) {
  const bool with_slash = request.path.empty() || request.path.ends_with('/');
  const std::string path = with_slash && !request.path.empty()
                               ? request.path.substr(0, request.path.size() - 1)
                               : request.path;
  const std::optional<std::vector<IndexEntry>> entries = tree_.List(path);
  if (!entries) return TextAnswer(404, "text/html", "<html><h1>404 Not Found</h1></html>\r\n");
  if (!with_slash) {
    OriginAnswer answer = TextAnswer(301, "text/html", "<html><h1>301</h1></html>\r\n");
    answer.SetHeader("Location", url(path + "/"));
    return answer;
  }
  Index index;
  {
    MutexLock lock(mu_);
    index = index_;
  }
  switch (index) {
    case Index::kHtml:
      return TextAnswer(200, "text/html", HtmlIndex("/" + request.path, *entries));
    case Index::kNames:
      return TextAnswer(200, "text/html", NamesIndex("/" + request.path, *entries));
    case Index::kJson:
      return TextAnswer(200, "application/json", JsonIndex(*entries));
    case Index::kNone:
      break;
  }
  return TextAnswer(403, "text/html", "<html><h1>403 Forbidden</h1></html>\r\n");
}

bool Origin::SendBody(const OriginRequest& request, const OriginAnswer& answer,
                      OriginSocket& socket, OriginPacer& pacer) {
  const std::string& path = request.path;
  uint64_t end = answer.body.end;
  if (answer.cut_after) end = std::min(end, answer.body.begin + *answer.cut_after);
  std::vector<std::byte> piece(std::min(pacer.PieceSize(), answer.body.size()));
  for (uint64_t offset = answer.body.begin; offset < end;) {
    if (!gates_.PassBody(path, offset, socket)) return false;
    const uint64_t limit = gates_.LimitOf(path, offset, std::min(piece.size(), end - offset));
    const std::span<std::byte> part(piece.data(), limit - offset);
    if (!answer.content->Read(offset, part)) return false;
    CountBody(path, part.size());
    if (!SendPiece(part, answer.chunked, socket)) return false;
    offset = limit;
    const TimePoint next = pacer.Sent(part.size());
    if (next > Clock::Steady().Now() && !socket.SleepUntil(next)) return false;
  }
  if (answer.cut_after && answer.cut != OriginAnswer::Cut::kDrip) return BreakOff(answer, socket);
  if (answer.cut_after && !DripBody(request, answer, {end, answer.body.end}, socket)) return false;
  if (answer.chunked) return socket.Send(AsBytes("0\r\n\r\n"));
  const std::string padding(answer.padding, '#');
  CountBody(path, answer.padding);
  return socket.Send(AsBytes(padding));
}

bool Origin::DripBody(const OriginRequest& request, const OriginAnswer& answer, const Range& range,
                      OriginSocket& socket) {
  std::vector<std::byte> rest(range.size());
  if (!answer.content->Read(range.begin, rest)) return false;
  CountBody(request.path, rest.size());
  return SendSlowly(rest, answer.drip, socket);
}

void Origin::Record(const OriginRequest& request) {
  MutexLock lock(mu_);
  ++counters_.requests;
  counters_.peak = std::max(counters_.peak, ++counters_.answering);
  PathCounters& of_path = counters_.paths[request.path];
  ++of_path.requests;
  if (request.IsRanged()) ++of_path.ranged;
  seen_.push_back({request.method, request.path, request.target, request.headers});
  if (seen_.size() > kSeenKept) seen_.pop_front();
}

void Origin::CountBody(const std::string& path, uint64_t bytes) {
  MutexLock lock(mu_);
  counters_.body_bytes += bytes;
  counters_.paths[path].body_bytes += bytes;
}

}  // namespace brimfs
