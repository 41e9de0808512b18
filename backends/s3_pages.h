// The pages of one list, of which the next is asked for while this one is looked at.
#ifndef BRIMFS_BACKENDS_S3_PAGES_H_
#define BRIMFS_BACKENDS_S3_PAGES_H_

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "backends/s3_listing.h"
#include "core/backend.h"
#include "core/clock.h"
#include "core/status.h"

namespace brimfs {

// Used by one thread. Another, where there is one to be had, asks for the next page as soon as one
// has come, without waiting for anybody to look at it; it goes at most two pages ahead.
class S3Pages {
 public:
  // The text of the page that `token` names; empty: of the first. Thread-safe; does all the tries
  // that are worth it within the limits.
  using Fetch = std::function<Result<std::string>(const std::string& token, const CallLimits&)>;

  // Every page has as long as the limits leave from now on.
  S3Pages(Fetch fetch, const CallLimits& limits);

  // Gives up what is under way.
  ~S3Pages();
  S3Pages(const S3Pages&) = delete;
  S3Pages& operator=(const S3Pages&) = delete;

  struct Dated {
    S3Page page;
    TimePoint asked;  // when the server was
  };
  // The next page, unless they are ended or one was an error. What cannot be read is asked for once
  // more. Errors of `fetch` and of ParsePage; kProtocol, too, for a page that names itself as the
  // next.
  Result<Dated> Next();

  bool ended() const { return ahead_ == nullptr; }

 private:
  class Ahead;
  struct Text {
    std::string token;
    TimePoint asked;
    std::string xml;
    std::string next;  // see PeekToken; empty: it takes parsing
  };

  Result<Text> FetchText(const std::string& token, const std::stop_token& stop) const;

  const Fetch fetch_;
  const CallLimits limits_;  // but for the deadline
  const Duration patience_;
  std::unique_ptr<Ahead> ahead_;  // goes first: it uses all of the above
};

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_S3_PAGES_H_
