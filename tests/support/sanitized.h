// Whether this is built with AddressSanitizer or ThreadSanitizer, which make every access several
// times as slow: a test of many rounds makes fewer of them.
#ifndef BRIMFS_TESTS_SUPPORT_SANITIZED_H_
#define BRIMFS_TESTS_SUPPORT_SANITIZED_H_

#if !defined(__has_feature)
#define __has_feature(feature) 0  // g++ has macros instead
#endif

namespace brimfs {

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__) || \
    __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

}  // namespace brimfs

#endif  // BRIMFS_TESTS_SUPPORT_SANITIZED_H_
