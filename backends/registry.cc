#include "backends/registry.h"

#include <algorithm>
#include <cctype>
#include <string_view>

#include "backends/file_backend.h"
#include "backends/http_backend.h"
#include "backends/http_headers.h"
#include "backends/list_backend.h"
#include "backends/s3_source.h"

namespace brimfs {
namespace {

struct Scheme {
  std::string_view name;
  Result<OpenedSource> (*open)(const std::string& source, const BackendOptions& options,
                               const CallLimits& limits);
  Result<OfflineSource> (*name_it)(const std::string& source, const BackendOptions& options);
};

// The first one is that of plain paths.
constexpr Scheme kSchemes[] = {
    {"file", &OpenFileSource, &NameFileSource},  {"http", &OpenHttpSource, &NameHttpSource},
    {"https", &OpenHttpSource, &NameHttpSource}, {"list", &OpenListSource, &NameListSource},
    {"s3", &OpenS3Source, &NameS3Source},
};

// Empty if the source is a path: nothing before a ':' that could be a scheme.
std::string_view SchemeOf(std::string_view source) {
  const size_t colon = source.find(':');
  if (colon == std::string_view::npos || colon == 0) return {};
  const std::string_view name = source.substr(0, colon);
  const auto allowed = [](unsigned char c) {
    return std::isalnum(c) || c == '+' || c == '-' || c == '.';
  };
  if (!std::isalpha(static_cast<unsigned char>(name[0])) ||
      !std::all_of(name.begin(), name.end(), allowed)) {
    return {};
  }
  return name;
}

Status UnknownScheme(std::string_view name) {
  std::string known;
  for (const Scheme& scheme : kSchemes) known += " " + std::string(scheme.name) + ":";
  return Status(Code::kInvalidArgument, "no backend for " + std::string(name) +
                                            ": sources; there are" + known +
                                            " and plain paths of directories and files");
}

Result<const Scheme*> FindScheme(const std::string& source) {
  if (source.empty()) return Status(Code::kInvalidArgument, "an empty source");
  const std::string_view name = SchemeOf(source);
  for (const Scheme& scheme : kSchemes) {
    if (EqualsIgnoringCase(scheme.name, name)) return &scheme;
  }
  // Without the slashes a colon may well be part of a file's name.
  if (!name.empty() && std::string_view(source).substr(name.size()).starts_with("://")) {
    return UnknownScheme(name);
  }
  return &kSchemes[0];
}

// Options that would change nothing are a mistake.
Status CheckOptions(const Scheme& scheme, const BackendOptions& options) {
  if (scheme.name == "s3" || options.s3 == S3Options()) return OkStatus();
  return Status(Code::kInvalidArgument,
                "endpoint, region, profile, anonymous, addressing, requester_pays, bucket_owner, "
                "sse_c_key, dualstack, fips and accelerate are for s3: sources only");
}

}  // namespace

Result<OpenedSource> OpenSource(const std::string& source, const BackendOptions& options,
                                const CallLimits& limits) {
  const Result<const Scheme*> scheme = FindScheme(source);
  if (!scheme.ok()) return scheme.status();
  BRIMFS_RETURN_IF_ERROR(CheckOptions(**scheme, options));
  return (*scheme)->open(source, options, limits);
}

Result<OfflineSource> NameSource(const std::string& source, const BackendOptions& options) {
  const Result<const Scheme*> scheme = FindScheme(source);
  if (!scheme.ok()) return scheme.status();
  BRIMFS_RETURN_IF_ERROR(CheckOptions(**scheme, options));
  return (*scheme)->name_it(source, options);
}

}  // namespace brimfs
