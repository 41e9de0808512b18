#include "backends/s3_connection.h"

#include <optional>

#include "backends/range_receiver.h"
#include "core/log.h"

namespace brimfs {

Status S3Connection::Fetch(const FetchRequest& request, BodySink& sink, const CallLimits& limits) {
  const std::optional<S3Name> name = paths_.Find(request.path);
  if (!name) return Status(Code::kStale, "no such name in the source");
  Status status = FetchOnce(request, *name, request.expected.id, sink, limits);
  // That version may have been deleted beside an equal one.
  if (status.code() == Code::kNotFound && !request.expected.id.empty()) {
    status = FetchOnce(request, *name, "", sink, limits);
  }
  if (status.code() == Code::kNotFound) return Status(Code::kStale, "the object is gone");
  if (status.code() == Code::kNoData) {
    const std::string url = "s3://" + name->bucket + "/" + name->key;
    LogOnce("archived " + url, LogLevel::kWarning, url + ": " + status.message());
  }
  return status;
}

Status S3Connection::FetchOnce(const FetchRequest& request, const S3Name& name,
                               const std::string& id, BodySink& sink, const CallLimits& limits) {
  S3Request s3;
  s3.bucket = name.bucket;
  s3.key = name.key;
  if (!id.empty()) s3.query = "versionId=" + EncodeComponent(id);
  s3.headers = RangeReceiver::Headers(request);
  RangeReceiver receiver(S3Client::UrlOf(*access_, name.bucket, name.key), request, sink,
                         &AmendS3Version);
  BRIMFS_RETURN_IF_ERROR(client_.Perform(s3, receiver, limits));
  return receiver.Finish();
}

void AmendS3Version(const HttpHead& head, Version& version) {
  const std::string id = head.headers.Find("x-amz-version-id").value_or("");
  if (id != "null") version.id = id;
  // S3 makes its ETags of the content, or anew for each: never of the time.
  if (version.HasStrongEtag()) version.racy = false;
}

}  // namespace brimfs
