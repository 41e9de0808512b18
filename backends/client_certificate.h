// The certificate that shows to a server who asks, checked before any server is asked.
#ifndef BRIMFS_BACKENDS_CLIENT_CERTIFICATE_H_
#define BRIMFS_BACKENDS_CLIENT_CERTIFICATE_H_

#include <string>

#include "core/status.h"

namespace brimfs {

// `cert` and `key` are PEM files, and may be the same. Ok if both can be read, belong together, the
// key needs no passphrase and its file is as secret_file.h wants it. Errors name the file and the
// remedy.
Status CheckClientCertificate(const std::string& cert, const std::string& key);

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_CLIENT_CERTIFICATE_H_
