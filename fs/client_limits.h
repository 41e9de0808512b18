// How many clients a control socket serves at a time, and of whom.
#ifndef BRIMFS_FS_CLIENT_LIMITS_H_
#define BRIMFS_FS_CLIENT_LIMITS_H_

#include <sys/types.h>

#include <cstddef>
#include <span>

#include "core/status.h"

namespace brimfs {

// Others are neither root nor the owner of the mount.
struct ClientLimits {
  size_t all = 48;
  size_t of_others = 32;     // of these: the owner and root always have some left
  size_t of_each_other = 4;  // of these, of one user: who takes them all keeps nobody else out
};

// Whether `user` may be a client beside those of the users in `clients`: kBusy, with the reason.
Status AdmitClient(std::span<const uid_t> clients, uid_t user, uid_t owner,
                   const ClientLimits& limits);

}  // namespace brimfs

#endif  // BRIMFS_FS_CLIENT_LIMITS_H_
