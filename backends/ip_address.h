// Which addresses are reachable only from near by: a public source may not send us there.
#ifndef BRIMFS_BACKENDS_IP_ADDRESS_H_
#define BRIMFS_BACKENDS_IP_ADDRESS_H_

#include <string>

namespace brimfs {

// `address` is numeric, IPv4 or IPv6, without brackets. True for loopback, link-local, private and
// shared networks (RFC 1918, 3927, 4193, 6598), for the unspecified address, for IPv4 ones of these
// inside IPv6, and for what is no address at all.
bool IsPrivateAddress(const std::string& address);

// The host of a URL, as far as it can be told without asking: a literal address of these (an IPv6
// one in brackets), or a name of this machine itself ("localhost").
bool IsPrivateHost(const std::string& host);

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_IP_ADDRESS_H_
