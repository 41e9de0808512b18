// An http or https URL in its parts, and how the names below a SOURCE become URLs (RFC 3986).
#ifndef BRIMFS_BACKENDS_URL_H_
#define BRIMFS_BACKENDS_URL_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "core/status.h"

namespace brimfs {

// A value; always normalised: scheme and host in lower case, the port filled in, no dot segments,
// no fragment, never user info.
struct Url {
  std::string scheme;  // "http" or "https"
  std::string host;    // an IPv6 literal keeps its brackets
  uint16_t port = 0;
  std::string path;   // percent-encoded, starts with '/'
  std::string query;  // without the '?'; empty: none. May hold a secret (a presigned URL).

  // What is sent to the server; the default port is left out.
  std::string ToString() const;

  // "scheme://host:port", the default port left out.
  std::string Origin() const;

  // As ToString without the query: for logs and for identities.
  std::string WithoutQuery() const;

  // Tells this URL from every other and gives nothing away: of the query a SHA-256 only.
  std::string Fingerprint() const;

  friend bool operator==(const Url&, const Url&) = default;
};

// kInvalidArgument, with the remedy and without the secret, for what is not an absolute http or
// https URL, for user info in it, and for a fragment (a '#' in a name is written %23).
Result<Url> ParseUrl(const std::string& text);

// The target of a link or a redirect found at `base`: absolute, or relative to it; its fragment is
// dropped. kProtocol if that is no http or https URL or carries user info.
Result<Url> ResolveUrl(const Url& base, const std::string& reference);

// Scheme, host and port are the same.
bool SameOrigin(const Url& a, const Url& b);

// The URL of `path` (decoded components joined by '/', see core/backend.h) below the directory
// `base`, whose query is kept; "" is `base` itself.
Url JoinPath(const Url& base, std::string_view path);

// The same object asked for as a directory: its path ends in '/'.
Url AsDirectory(Url url);

// One path component: all but RFC 3986's unreserved characters become %XX.
std::string EncodeComponent(std::string_view component);

// The same for every component of a path; its '/' stay.
std::string EncodePath(std::string_view path);

// A '%' without two hexadecimal digits behind it stands for itself.
std::string DecodePercent(std::string_view text);

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_URL_H_
