// The login of one source, shared by all its connections and read again when it is refused.
#ifndef BRIMFS_BACKENDS_CREDENTIALS_H_
#define BRIMFS_BACKENDS_CREDENTIALS_H_

#include <memory>
#include <string>
#include <vector>

#include "backends/login.h"
#include "backends/secret_file.h"
#include "core/mutex.h"

namespace brimfs {

// Thread-safe.
class Credentials {
 public:
  // Each empty if there is none.
  struct Files {
    std::string credentials;  // as ParseCredentials has it; not together with netrc
    std::string netrc;
    std::string headers;      // as ParseHeaderLines has it
    std::string certificate;  // as CheckClientCertificate has them
    std::string key;          // empty: it is in the same file

    friend bool operator==(const Files&, const Files&) = default;
  };

  // Reads all of them. Null if none is named. Errors as ReadSecretFile and the parsers have them.
  static Result<std::shared_ptr<Credentials>> Load(const Files& files);

  std::shared_ptr<const Login> Current() const;

  // After `refused` was answered with 401 or 403: what to try instead, or null if nothing has
  // changed since. The first who asks looks at the files, the others wait for that. What can't be
  // read any more is said in the log and changes nothing.
  std::shared_ptr<const Login> Instead(const std::shared_ptr<const Login>& refused);

 private:
  explicit Credentials(Files files) : files_(std::move(files)) {}

  using Stamps = std::vector<FileStamp>;
  Result<Stamps> Look() const;
  Result<Login> Read(Stamps& stamps) const;

  const Files files_;
  mutable Mutex mu_;
  CondVar looked_;
  bool looking_ ABSL_GUARDED_BY(mu_) = false;
  std::shared_ptr<const Login> current_ ABSL_GUARDED_BY(mu_);
  Stamps stamps_ ABSL_GUARDED_BY(mu_);  // of the files that current_ was read from
};

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_CREDENTIALS_H_
