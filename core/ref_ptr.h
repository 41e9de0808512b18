// A pointer to what counts its owners itself: half of a std::shared_ptr, and no block beside it.
#ifndef BRIMFS_CORE_REF_PTR_H_
#define BRIMFS_CORE_REF_PTR_H_

#include <cstddef>
#include <utility>

namespace brimfs {

// As std::shared_ptr: one object is used by one thread at a time, copies by any. T has Retain() and
// Release(), both thread-safe; the last Release ends it.
template <typename T>
class RefPtr {
 public:
  RefPtr() = default;
  // Implicit by design: what returns one may `return nullptr;`.
  // NOLINTNEXTLINE(google-explicit-constructor)
  RefPtr(std::nullptr_t) {}
  // One more owner of `object`, which may be null.
  explicit RefPtr(T* object) : object_(object) {
    if (object_ != nullptr) object_->Retain();
  }
  RefPtr(const RefPtr& other) : RefPtr(other.object_) {}
  RefPtr(RefPtr&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  RefPtr& operator=(RefPtr other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~RefPtr() {
    if (object_ != nullptr) object_->Release();
  }

  T* get() const { return object_; }
  T& operator*() const { return *object_; }
  T* operator->() const { return object_; }
  explicit operator bool() const { return object_ != nullptr; }
  friend bool operator==(const RefPtr&, const RefPtr&) = default;

 private:
  T* object_ = nullptr;
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_REF_PTR_H_
