// What the test origin is about to send: built rightly first, then spoiled by a fault, then sent.
#ifndef BRIMFS_TESTS_SUPPORT_ORIGIN_ANSWER_H_
#define BRIMFS_TESTS_SUPPORT_ORIGIN_ANSWER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "core/range.h"
#include "tests/support/origin/content.h"
#include "tests/support/origin/http.h"

namespace brimfs {

struct OriginAnswer {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::shared_ptr<const OriginContent> content;  // null: no body
  Range body;                                    // the bytes of `content` that are sent
  uint64_t padding = 0;                          // bytes of rubbish that follow them
  bool chunked = false;                          // how the body is framed
  bool head_only = false;                        // the request was a HEAD
  bool close = false;                            // the connection ends with this answer

  // How the connection breaks: before the head, in the middle of it, or, if `cut_after` is given,
  // after so many bytes of body. kDrip: what is left comes one byte at a time, `drip` apart.
  enum class Cut { kNone, kReset, kClose, kStall, kDrip };
  Cut cut = Cut::kNone;
  bool cut_in_head = false;
  std::optional<uint64_t> cut_after;
  Duration drip{0};

  const std::string* Header(const std::string& name) const;
  void SetHeader(const std::string& name, std::string value);
  void RemoveHeader(const std::string& name);

  // Status line and headers with the empty line; Date, unless it is set, and Connection are added
  // here.
  std::string Head() const;
};

// A whole small body, such as an error page.
OriginAnswer TextAnswer(int status, const std::string& content_type, std::string text);

// What an honest server says to a GET or HEAD of this object: 200, 206, 412 or 416.
OriginAnswer ObjectAnswer(const OriginRequest& request, const OriginObject& object);

}  // namespace brimfs

#endif  // BRIMFS_TESTS_SUPPORT_ORIGIN_ANSWER_H_
