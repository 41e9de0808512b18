#include "fs/client_limits.h"

#include <algorithm>
#include <string>

namespace brimfs {

Status AdmitClient(std::span<const uid_t> clients, uid_t user, uid_t owner,
                   const ClientLimits& limits) {
  const auto is_other = [owner](uid_t one) { return one != 0 && one != owner; };
  if (clients.size() >= limits.all) {
    return Status(Code::kBusy, "the mount has as many clients as it serves at a time");
  }
  if (!is_other(user)) return OkStatus();
  const auto of_user = static_cast<size_t>(std::count(clients.begin(), clients.end(), user));
  if (of_user >= limits.of_each_other) {
    return Status(Code::kBusy, "the mount serves " + std::to_string(limits.of_each_other) +
                                   " clients of a user at a time, and you have as many");
  }
  const auto of_others =
      static_cast<size_t>(std::count_if(clients.begin(), clients.end(), is_other));
  if (of_others >= limits.of_others) {
    return Status(Code::kBusy, "the mount has as many clients of others as it serves at a time");
  }
  return OkStatus();
}

}  // namespace brimfs
