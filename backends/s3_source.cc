#include "backends/s3_source.h"

#include <memory>
#include <string_view>
#include <utility>

#include "backends/file_name.h"
#include "backends/s3_access.h"
#include "backends/s3_backend.h"
#include "backends/s3_client.h"
#include "core/log.h"

namespace brimfs {
namespace {

Status Named(const Status& status, const std::string& source) {
  return Status(status.code(), source + ": " + status.message());
}

// Of the cache: AWS's buckets have one name each all over the world, those of other servers do not.
std::string Identity(const S3Place& place, const S3Paths& paths) {
  std::string of = "s3://";
  if (!place.endpoint.empty()) of = "s3+" + AsDirectory(*ParseUrl(place.endpoint)).WithoutQuery();
  if (paths.bucket.empty()) return of;
  return of + paths.bucket + "/" + paths.prefix + paths.single_key;
}

std::string FileNameOf(const std::string& key) {
  std::string name = key.substr(key.rfind('/') + 1);
  return IsFileName(name) ? name : EncodeComponent(name);
}

// The directory that `paths`, one object so far, may be instead.
S3Paths AsPrefix(S3Paths paths) {
  paths.prefix = std::exchange(paths.single_key, "") + "/";
  return paths;
}

Result<bool> AnyBelow(S3Client& client, const S3Paths& paths, const CallLimits& limits) {
  const auto page = FetchS3Page(client, {paths.bucket, paths.prefix}, "", 1, limits);
  if (!page.ok()) return page.status();
  return !page->objects.empty() || !page->prefixes.empty();
}

// Turns `paths` into what they are.
Status Ask(S3Client& client, S3Paths& paths, const CallLimits& limits) {
  if (paths.bucket.empty()) return FetchS3Buckets(client, limits).status();
  if (paths.single_key.empty()) {
    const Result<bool> any = AnyBelow(client, paths, limits);
    if (any.ok() && !*any && !paths.prefix.empty()) {
      Log(LogLevel::kWarning, "s3://" + paths.bucket + "/" + paths.prefix +
                                  ": there is nothing yet whose key begins so");
    }
    return any.status();
  }
  S3Paths prefix = AsPrefix(paths);
  const Result<bool> any = AnyBelow(client, prefix, limits);
  if (any.ok() && *any) {
    paths = std::move(prefix);
    return OkStatus();
  }
  // Who may not list can still read an object.
  if (!any.ok() && any.code() != Code::kDenied) return any.status();
  Status object = StatS3Object(client, {paths.bucket, paths.single_key}, limits).status();
  if (object.ok()) return OkStatus();
  if (!any.ok()) return any.status();
  if (object.code() != Code::kNotFound) return object;
  return Status(Code::kNotFound, "there is no such object, and nothing whose key begins with '" +
                                     prefix.prefix + "'");
}

}  // namespace

Result<S3Paths> ParseS3Source(const std::string& source) {
  const std::string_view rest = std::string_view(source).substr(source.find(':') + 1);
  if (!rest.starts_with("//")) {
    return Status(Code::kInvalidArgument, source + ": write it as s3://BUCKET/PREFIX");
  }
  std::string_view name = rest.substr(2);
  if (name.find('@') < name.find('/')) {
    return Status(Code::kInvalidArgument,
                  "the source holds keys, which every user of this machine could see: leave out "
                  "what stands before the '@', and use -o credentials= or -o profile=");
  }
  S3Paths paths;
  if (name.empty()) return paths;
  size_t slash = name.find('/');
  // The ARN of an access point has a slash of its own, or a colon in its place.
  constexpr std::string_view kInArn = ":accesspoint";
  if (name.starts_with("arn:") && slash != name.npos && name.substr(0, slash).ends_with(kInArn)) {
    slash = name.find('/', slash + 1);
  }
  paths.bucket = name.substr(0, slash);
  BRIMFS_RETURN_IF_ERROR(CheckBucketName(paths.bucket));
  if (slash == std::string_view::npos) return paths;
  name.remove_prefix(slash + 1);
  (name.empty() || name.ends_with('/') ? paths.prefix : paths.single_key) = name;
  return paths;
}

Result<OpenedSource> OpenS3Source(const std::string& source, const BackendOptions& options,
                                  const CallLimits& limits) {
  Result<S3Paths> paths = ParseS3Source(source);
  if (!paths.ok()) return paths.status();
  const Result<std::shared_ptr<S3Access>> access = PrepareS3(options);
  if (!access.ok()) return access.status();
  if (const std::string_view region = RegionOfBucketName(paths->bucket); !region.empty()) {
    (*access)->regions.Learn(paths->bucket, std::string(region));
  }
  S3Client client(*access);
  if (Status asked = Ask(client, *paths, limits); !asked.ok()) return Named(asked, source);
  OpenedSource opened;
  if (!paths->single_key.empty()) opened.single_file = FileNameOf(paths->single_key);
  opened.identity = Identity((*access)->place, *paths);
  opened.backend = std::make_unique<S3Backend>(*access, *std::move(paths));
  return opened;
}

Result<OfflineSource> NameS3Source(const std::string& source, const BackendOptions& options) {
  const Result<S3Paths> paths = ParseS3Source(source);
  if (!paths.ok()) return paths.status();
  const Result<S3Place> place = PlaceOf(options);
  if (!place.ok()) return place.status();
  OfflineSource named;
  if (paths->single_key.empty()) {
    named.directory = Identity(*place, *paths);
    return named;
  }
  named.directory = Identity(*place, AsPrefix(*paths));
  named.object = Identity(*place, *paths);
  named.name = FileNameOf(paths->single_key);
  return named;
}

}  // namespace brimfs
