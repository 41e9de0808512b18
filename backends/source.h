// What every kind of SOURCE needs to be opened, and what comes of it.
#ifndef BRIMFS_BACKENDS_SOURCE_H_
#define BRIMFS_BACKENDS_SOURCE_H_

#include <memory>
#include <optional>
#include <string>

#include "backends/s3_endpoint.h"
#include "core/backend.h"

namespace brimfs {

// Of s3: sources.
struct S3Options {
  S3Place place;
  std::string region;           // empty: as the environment or the profile says, or the server
  std::string profile;          // of the AWS tools' files; empty: as the environment says
  bool anonymous = false;       // nothing is signed
  bool requester_pays = false;  // as is whoever asks, for requests and bytes
  std::string bucket_owner;     // account that the bucket has to belong to; empty: any
  std::string sse_c_key;  // file with the key that the objects are encrypted with; may be empty

  friend bool operator==(const S3Options&, const S3Options&) = default;
};

// Of sources that are reached over HTTP. Empty: there is none. Paths are absolute.
struct BackendOptions {
  // --- Who asks, see backends/login.h
  std::string credentials;  // file with a user name and password, or a token; of s3: with keys
  std::string netrc;        // file in the format of netrc(5), instead
  std::string headers;      // file with fields to add to every request
  std::string cert;         // PEM file of a certificate for servers that ask for one
  std::string key;          // PEM file of its key; empty: it is in `cert`

  // --- Who answers
  std::string cacert;  // PEM file of the authorities to trust; both empty: the system's
  std::string capath;  // directory of such files, named by their hashes

  // --- The way
  std::string proxy;                    // as backends/proxy.h has it; empty: see the environment
  std::string proxy_credentials;        // file with a user name and password for it
  std::optional<std::string> no_proxy;  // hosts to reach without one; nothing: see the environment
  std::string unix_socket;              // every connection goes there

  Duration connect_timeout = std::chrono::seconds(10);

  S3Options s3;
};

struct OpenedSource {
  std::unique_ptr<Backend> backend;
  // Not empty: SOURCE is one object, whose file has this name; its path in the backend is "".
  std::string single_file;
  std::string identity;  // of the source in the cache: its URL without secrets, normalised
};

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_SOURCE_H_
