// AWS Signature Version 4 as a server checks it: written from the documentation ("Signature
// calculations for the Authorization header" in the S3 API reference), shared with no client.
#ifndef BRIMFS_TESTS_SUPPORT_ORIGIN_S3_AUTH_H_
#define BRIMFS_TESTS_SUPPORT_ORIGIN_S3_AUTH_H_

#include <chrono>
#include <ctime>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/mutex.h"
#include "tests/support/origin/http.h"
#include "tests/support/origin/s3_error.h"

namespace brimfs {

struct OriginS3Keys {
  std::string access_key;
  std::string secret_key;
  std::string session_token = {};  // empty: none is asked for
};

// "AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, SignedHeaders=…, Signature=…".
struct SigV4Fields {
  std::string access_key;
  std::string date;  // "20260102"
  std::string region;
  std::string service;
  std::string terminator;
  std::vector<std::string> signed_headers;
  std::string signature;
};
std::optional<SigV4Fields> ParseSigV4(std::string_view authorization);

// What the client has to have come to.
struct SigV4Expected {
  std::string canonical_request;
  std::string string_to_sign;
  std::string signature;
};
SigV4Expected ExpectedSigV4(const OriginRequest& request, const SigV4Fields& fields,
                            std::string_view secret_key);

// The parameters behind '?', decoded, in the order of their names; '+' is a blank.
std::multimap<std::string, std::string> ParseQuery(std::string_view target);

// "20260102T030405Z", which is UTC.
std::optional<std::time_t> ParseAmzDate(const std::string& text);

// Thread-safe.
class OriginS3Guard {
 public:
  // What a request has to be like beside its keys.
  struct Rules {
    std::string region;
    // 301 PermanentRedirect to another region, as AWS answers at the address of a wrong region;
    // otherwise 400 AuthorizationHeaderMalformed, as at the address of the right one.
    bool redirects_region = false;
    bool anonymous = false;  // who signs nothing may pass
    std::chrono::seconds clock_ahead{0};
  };
  static constexpr std::chrono::minutes kMaxSkew{15};

  OriginS3Guard(Rules rules, OriginS3Keys keys)
      : rules_(std::move(rules)), keys_(std::move(keys)) {}

  // From now on these keys count and no others; those of before have expired.
  void Renew(OriginS3Keys keys);
  // Those that count now do no more.
  void Expire();

  // Nothing: it may pass.
  std::optional<OriginS3Error> Refusal(const OriginRequest& request) const;

  std::time_t Now() const;  // by the server's clock
  const Rules& rules() const { return rules_; }

 private:
  std::optional<OriginS3Error> KeysRefusal(const OriginRequest& request,
                                           const SigV4Fields& fields) const;
  std::optional<OriginS3Error> ScopeRefusal(const OriginRequest& request,
                                            const SigV4Fields& fields) const;

  const Rules rules_;
  mutable Mutex mu_;
  OriginS3Keys keys_ ABSL_GUARDED_BY(mu_);
  std::vector<std::string> expired_ ABSL_GUARDED_BY(mu_);  // access keys
};

}  // namespace brimfs

#endif  // BRIMFS_TESTS_SUPPORT_ORIGIN_S3_AUTH_H_
