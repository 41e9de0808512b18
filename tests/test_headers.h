// What the tests include from elsewhere, compiled once for all of them. Who needs one of these
// includes it all the same.
#ifndef BRIMFS_TESTS_TEST_HEADERS_H_
#define BRIMFS_TESTS_TEST_HEADERS_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <future>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

#endif  // BRIMFS_TESTS_TEST_HEADERS_H_
