// The objects that a text file names by their URLs, on any number of servers, as one directory.
#ifndef BRIMFS_BACKENDS_LIST_BACKEND_H_
#define BRIMFS_BACKENDS_LIST_BACKEND_H_

#include <memory>
#include <string>

#include "backends/http_backend.h"
#include "backends/source.h"
#include "backends/url_list.h"
#include "core/backend.h"
#include "core/offline_backend.h"

namespace brimfs {

class ListBackend : public Backend {
 public:
  // `file` is the absolute path of the list, for DisplayUrl.
  ListBackend(std::shared_ptr<const UrlList> urls, std::string file,
              const HttpClient::Options& options);

  Result<ObjectInfo> Stat(const std::string& path, const CallLimits& limits) override;

  // The names of the list, without sizes: nobody is asked. Below them index pages.
  Status List(const std::string& path, const EachName& each, const BeginAnew& anew,
              const CallLimits& limits) override;

  std::unique_ptr<Connection> Connect() override { return http_.Connect(); }
  std::string DisplayUrl(const std::string& path) const override;

  SourceHost& HostOf(const std::string& path) override { return http_.HostOf(path); }

  // The URL's, so that it is the same in every list and a name may be given to another.
  std::string CacheKey(const std::string& path) const override;

 private:
  const std::shared_ptr<const UrlList> urls_;
  const std::string file_;
  HttpBackend http_;
};

// For the registry: "list:FILE". The file is read once, now; no server is asked. Errors of the list
// as UrlList::Parse has them; kInvalidArgument, too, for credentials that would go to several
// servers.
Result<OpenedSource> OpenListSource(const std::string& source, const BackendOptions& options,
                                    const CallLimits& limits);

Result<OfflineSource> NameListSource(const std::string& source, const BackendOptions& options);

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_LIST_BACKEND_H_
