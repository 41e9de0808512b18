// Keys of the role of the container we run in, from the endpoint that its environment names (ECS,
// EKS, Greengrass).
#ifndef BRIMFS_BACKENDS_AWS_CONTAINER_H_
#define BRIMFS_BACKENDS_AWS_CONTAINER_H_

#include "backends/aws_context.h"
#include "backends/aws_keys.h"
#include "backends/url.h"
#include "core/backend.h"
#include "core/status.h"

namespace brimfs {

// At AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, else _FULL_URI;
// AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE, else _TOKEN, is sent along. kNotFound: neither is set.
Result<AwsKeys> KeysOfContainer(const AwsContext& context, const CallLimits& limits);

// Whether a full URI may be asked: by https, or where nobody can listen on the way: loopback, and
// the addresses that ECS and EKS have within a machine.
bool IsContainerEndpoint(const Url& url);

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_AWS_CONTAINER_H_
