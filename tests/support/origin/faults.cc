#include "tests/support/origin/faults.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>

#include "tests/support/origin/s3_error.h"

namespace brimfs {
namespace {

void Cut(OriginAnswer::Cut how, const OriginFault& fault, OriginAnswer& answer) {
  answer.cut = how;
  if (fault.in_body()) {
    answer.cut_after = fault.BytesBefore(answer.body.size());
  } else {
    answer.cut_in_head = fault.point == OriginFault::Point::kInHead;
  }
}

void Drip(const OriginFault& fault, const OriginRequest&, OriginAnswer& answer) {
  Cut(OriginAnswer::Cut::kDrip, fault, answer);
  const int interval = fault.argument.empty() ? 100 : std::atoi(fault.argument.c_str());
  answer.drip = std::chrono::milliseconds(interval);
}

// By default half of the body is left.
void Shorten(const OriginFault& fault, const OriginRequest&, OriginAnswer& answer) {
  const uint64_t size = answer.body.size();
  const uint64_t left = fault.in_body() ? fault.BytesBefore(size) : size / 2;
  answer.body.end = answer.body.begin + left;
  answer.SetHeader("Content-Length", std::to_string(left));
}

void Lengthen(const OriginFault&, const OriginRequest&, OriginAnswer& answer) {
  answer.padding = 4096;
  answer.SetHeader("Content-Length", std::to_string(answer.body.size() + answer.padding));
}

void DropLength(const OriginFault& fault, const OriginRequest&, OriginAnswer& answer) {
  answer.RemoveHeader("Content-Length");
  answer.close = true;
  if (fault.in_body()) Cut(OriginAnswer::Cut::kClose, fault, answer);
}

void SendInChunks(const OriginFault& fault, const OriginRequest&, OriginAnswer& answer) {
  answer.RemoveHeader("Content-Length");
  answer.SetHeader("Transfer-Encoding", "chunked");
  answer.chunked = true;
  if (fault.in_body()) Cut(OriginAnswer::Cut::kClose, fault, answer);
}

void StateRange(OriginAnswer& answer, Range range, uint64_t total) {
  answer.SetHeader("Content-Range", "bytes " + std::to_string(range.begin) + "-" +
                                        std::to_string(range.end - 1) + "/" +
                                        std::to_string(total));
}

void FalsifyContentRange(const OriginFault& fault, const OriginRequest&, OriginAnswer& answer) {
  if (answer.status != 206) return;
  const auto off = [&fault](const char* part) { return fault.argument == part ? 1 : 0; };
  StateRange(answer, {answer.body.begin + off("start"), answer.body.end + off("end")},
             answer.content->size() + off("total"));
}

void Shift(const OriginFault&, const OriginRequest&, OriginAnswer& answer) {
  if (!answer.content) return;
  if (answer.body.end < answer.content->size()) {
    answer.body = {answer.body.begin + 1, answer.body.end + 1};
  } else if (answer.body.begin > 0) {
    answer.body = {answer.body.begin - 1, answer.body.end - 1};
  }
}

// As a proxy that rounds ranges: what it says of itself is true, and not what was asked for.
void ShiftHonestly(const OriginFault& fault, const OriginRequest& request, OriginAnswer& answer) {
  if (answer.status != 206) return;
  Shift(fault, request, answer);
  StateRange(answer, answer.body, answer.content->size());
}

void ClaimGzip(const OriginFault&, const OriginRequest&, OriginAnswer& answer) {
  answer.SetHeader("Content-Encoding", "gzip");
}

void BloatHead(const OriginFault& fault, const OriginRequest&, OriginAnswer& answer) {
  if (fault.argument == "size") {
    answer.SetHeader("X-Bomb", std::string(1 << 20, 'b'));
  } else {
    for (int i = 0; i < 10'000; ++i) answer.headers.emplace_back("X-Bomb", "b");
  }
}

void AnswerHtml(const OriginFault&, const OriginRequest&, OriginAnswer& answer) {
  answer = TextAnswer(200, "text/html",
                      "<!DOCTYPE html>\n<html><head><title>Please sign in</title></head>"
                      "<body><form action=\"/login\"></form></body></html>\n");
}

void AnswerXml(const OriginFault&, const OriginRequest&, OriginAnswer& answer) {
  answer = TextAnswer(200, "application/xml",
                      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                      "<Error><Code>InternalError</Code><Message>We encountered an internal error. "
                      "Please try again.</Message></Error>\n");
}

void AnswerStatus(const OriginFault& fault, const OriginRequest&, OriginAnswer& answer) {
  const size_t comma = fault.argument.find(',');
  const int status = std::atoi(fault.argument.c_str());
  answer = TextAnswer(status, "text/plain", "fault\n");
  if (comma != std::string::npos) answer.SetHeader("Retry-After", fault.argument.substr(comma + 1));
}

void Redirect(int status, const std::string& location, OriginAnswer& answer) {
  answer = TextAnswer(status, "text/plain", "elsewhere\n");
  answer.SetHeader("Location", location);
}

void RedirectToItself(const OriginFault& fault, const OriginRequest& request,
                      OriginAnswer& answer) {
  const int status = fault.argument.empty() ? 302 : std::atoi(fault.argument.c_str());
  Redirect(status, request.target, answer);
}

void RefuseHead(const OriginFault&, const OriginRequest& request, OriginAnswer& answer) {
  if (request.method != "HEAD") return;
  answer = TextAnswer(405, "text/plain", "no HEAD here\n");
  answer.SetHeader("Allow", "GET");
}

void AnswerS3Error(const OriginFault& fault, const OriginRequest&, OriginAnswer& answer) {
  answer = S3ErrorAnswer({fault.argument, "fault"});
}

// Without the name of another endpoint: that of a service which has but one.
void MoveToRegion(const OriginFault& fault, const OriginRequest&, OriginAnswer& answer) {
  answer = S3ErrorAnswer({"PermanentRedirect",
                          "The bucket is in another region",
                          {},
                          {{"x-amz-bucket-region", fault.argument}}});
}

void RedirectForNow(const OriginFault& fault, const OriginRequest& request, OriginAnswer& answer) {
  const std::string location = fault.argument + request.target;
  answer = S3ErrorAnswer({"TemporaryRedirect",
                          "Please re-send this request to the specified temporary endpoint.",
                          {{"Endpoint", fault.argument}},
                          {{"Location", location}}});
}

void ChangeEtag(const OriginFault&, OriginRequest& request, OriginObject& object) {
  static std::atomic<int> changes{0};
  object.etag = "\"change-" + std::to_string(++changes) + "\"";
  request.headers.erase("if-match");
}

}  // namespace

const std::vector<OriginFaultKind>& FaultTable() {
  using Cuts = OriginAnswer::Cut;
  using F = const OriginFault&;
  using Q = const OriginRequest&;
  using A = OriginAnswer&;
  static const std::vector<OriginFaultKind> table = {
      {"reset", "the connection is reset", nullptr, [](F f, Q, A a) { Cut(Cuts::kReset, f, a); }},
      {"close", "the connection is closed", nullptr, [](F f, Q, A a) { Cut(Cuts::kClose, f, a); }},
      {"stall", "silence, with the connection open", nullptr,
       [](F f, Q, A a) { Cut(Cuts::kStall, f, a); }},
      {"drip", "one byte every ARGUMENT (100) milliseconds", nullptr, Drip},
      {"short", "a shorter body than Content-Range says, with its true Content-Length", nullptr,
       Shorten},
      {"long", "4096 bytes more than was asked for, with their true Content-Length", nullptr,
       Lengthen},
      {"no-length", "no Content-Length; the body ends with the connection, at the point if given",
       nullptr, DropLength},
      {"chunked", "sent in chunks; broken off at the point if given", nullptr, SendInChunks},
      {"wrong-content-range", "off by one in ARGUMENT: start, end or total", nullptr,
       FalsifyContentRange},
      {"missing-content-range", "a 206 without Content-Range", nullptr,
       [](F, Q, A a) { a.RemoveHeader("Content-Range"); }},
      {"shifted", "the bytes one beside those that Content-Range says", nullptr, Shift},
      {"shifted-range", "the bytes one beside those asked for; Content-Range says so", nullptr,
       ShiftHonestly},
      {"ignore-range", "200 and the whole object",
       [](F, OriginRequest& q, OriginObject&) { q.headers.erase("range"); }, nullptr},
      {"xml-200", "200 with an error document in XML", nullptr, AnswerXml},
      {"html-200", "200 with a page for people", nullptr, AnswerHtml},
      {"gzip", "Content-Encoding: gzip", nullptr, ClaimGzip},
      {"header-bomb", "10,000 header fields, or, if ARGUMENT is size, one of a MiB", nullptr,
       BloatHead},
      {"status", "the status ARGUMENT, as \"503\" or with Retry-After as \"503,2\"", nullptr,
       AnswerStatus},
      {"redirect-loop", "the status ARGUMENT (302) to the same URL", nullptr, RedirectToItself},
      {"redirect", "302 to the same path at ARGUMENT, such as \"http://localhost:80\"", nullptr,
       [](F f, Q q, A a) { Redirect(302, f.argument + q.target, a); }},
      {"changing-etag", "another strong ETag each time, If-Match ignored", ChangeEtag, nullptr},
      {"weak-etag", "the ETag is a weak one",
       [](F, OriginRequest&, OriginObject& o) { o.etag = "W/" + o.etag; }, nullptr},
      {"no-etag", "no ETag", [](F, OriginRequest&, OriginObject& o) { o.etag.clear(); }, nullptr},
      {"ignore-if-match", "If-Match is not looked at",
       [](F, OriginRequest& q, OriginObject&) { q.headers.erase("if-match"); }, nullptr},
      {"head-refused", "405 to HEAD", nullptr, RefuseHead},
      {"s3-error", "the error ARGUMENT of S3, such as \"SlowDown\"", nullptr, AnswerS3Error},
      {"s3-moved", "301 PermanentRedirect to the region ARGUMENT", nullptr, MoveToRegion},
      {"s3-redirect", "307 TemporaryRedirect to the same path at ARGUMENT, as with redirect",
       nullptr, RedirectForNow},
  };
  return table;
}

const OriginFaultKind* FindFault(std::string_view name) {
  const auto& table = FaultTable();
  const auto it = std::find_if(table.begin(), table.end(),
                               [&](const OriginFaultKind& kind) { return kind.name == name; });
  return it == table.end() ? nullptr : &*it;
}

}  // namespace brimfs
