// The test origin as an S3 service with one bucket: its tree is the bucket.
#ifndef BRIMFS_TESTS_SUPPORT_ORIGIN_S3_H_
#define BRIMFS_TESTS_SUPPORT_ORIGIN_S3_H_

#include <chrono>
#include <cstddef>
#include <optional>
#include <set>
#include <string>

#include "core/mutex.h"
#include "tests/support/origin/answer.h"
#include "tests/support/origin/s3_auth.h"
#include "tests/support/origin/s3_error.h"
#include "tests/support/origin/s3_list.h"
#include "tests/support/origin/tree.h"

namespace brimfs {

struct OriginS3Options {
  std::string bucket = {};  // at least 3 characters, as S3 has it; empty: the origin speaks no S3
  OriginS3Keys keys = {"AKIDORIGIN", "origin-secret"};
  std::string region = "us-east-1";
  bool redirects_region = false;  // see OriginS3Guard::Rules
  bool anonymous = false;
  std::chrono::seconds clock_ahead{0};
  bool versions = false;        // older objects stay, and answers say theirs
  bool requester_pays = false;  // 403 without x-amz-request-payer
  std::string owner = {};       // of the bucket, for x-amz-expected-bucket-owner; empty: any
  std::string sse_c_key = {};   // 32 bytes: what every object is encrypted with; empty: none is
  size_t page = 1000;           // keys
};

// Thread-safe. Requests are path-style, "/BUCKET/KEY", or have "BUCKET." before the Host.
class OriginS3 {
 public:
  explicit OriginS3(OriginS3Options options);

  // Makes `path` the key. Of a list it becomes the prefix, with "?2", "?3", … for the pages behind
  // the first one; of the list of buckets "?buckets".
  void Locate(OriginRequest& request) const;

  // Why the request is answered neither with a list nor with an object.
  std::optional<OriginAnswer> Refusal(const OriginRequest& request) const;

  // To a request that lists.
  OriginAnswer ListAnswer(const OriginRequest& request, const OriginTree& tree) const;

  std::optional<OriginObject> Find(const OriginRequest& request, const OriginTree& tree) const;

  // `object`: what Find said.
  OriginAnswer Answer(const OriginRequest& request,
                      const std::optional<OriginObject>& object) const;

  // What every answer of this service has.
  void Sign(OriginAnswer& answer);

  OriginS3Guard& guard() { return guard_; }

  // In the archive: HEAD finds it, GET is refused.
  void Archive(const std::string& key);

  const OriginS3Options& options() const { return options_; }

 private:
  std::optional<OriginS3Error> EncryptionRefusal(const OriginRequest& request) const;
  bool IsArchived(const std::string& key) const;

  const OriginS3Options options_;
  OriginS3Guard guard_;

  mutable Mutex mu_;
  std::set<std::string> archived_ ABSL_GUARDED_BY(mu_);
  uint64_t answers_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace brimfs

#endif  // BRIMFS_TESTS_SUPPORT_ORIGIN_S3_H_
