// Who asks: what only the origin of SOURCE may see, and how the files that hold it are read.
#ifndef BRIMFS_BACKENDS_LOGIN_H_
#define BRIMFS_BACKENDS_LOGIN_H_

#include <string>
#include <string_view>
#include <vector>

#include "core/status.h"

namespace brimfs {

// A value. Never to be printed.
struct Login {
  std::string username;  // for Basic or Digest, as the server asks
  std::string password;
  std::string token;                 // for Bearer; then there is no user name
  std::string netrc;                 // a file that libcurl looks the host up in; then neither
  std::string certificate;           // PEM file for a server that asks for one over TLS
  std::string key;                   // PEM file of its key
  std::vector<std::string> headers;  // "Name: value"

  friend bool operator==(const Login&, const Login&) = default;
};

// The lines "username=", "password=" and "token=" of a credentials file; empty lines and those that
// begin with '#' are passed over, spaces around a value belong to it. kInvalidArgument names
// FILE:LINE and never what stands there.
Result<Login> ParseCredentials(std::string_view text, const std::string& file);

// "Name: value", one a line, with empty lines and comments as above. kInvalidArgument, naming
// FILE:LINE, for what is no header field (RFC 9110, section 5) and for those that a request has of
// its own accord.
Result<std::vector<std::string>> ParseHeaderLines(std::string_view text, const std::string& file);

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_LOGIN_H_
