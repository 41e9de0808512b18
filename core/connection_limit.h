// How many connections a server is asked to bear, by what it answers.
#ifndef BRIMFS_CORE_CONNECTION_LIMIT_H_
#define BRIMFS_CORE_CONNECTION_LIMIT_H_

#include "core/status.h"

namespace brimfs {

// Not thread-safe: the scheduler guards it. A pure function of the answers: one that asks to be
// spared costs a connection, and half of them if it names a time to come back; eight good ones in
// a row win one back. So a server that refuses now and then keeps its connections, and one that
// bears only few of them settles there.
class ConnectionLimit {
 public:
  explicit ConnectionLimit(int most) : most_(most), limit_(most) {}

  // Returns whether the limit grew. Errors other than being asked to spare the server say nothing.
  bool OnAnswer(const Status& status);

  int limit() const { return limit_; }  // from 1 to what it was at first

 private:
  const int most_;
  int limit_;
  int good_ = 0;  // answers since the limit changed
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_CONNECTION_LIMIT_H_
