// Which of a flight and its hedge goes on: the first that brings bytes.
#ifndef BRIMFS_CORE_HEDGE_RACE_H_
#define BRIMFS_CORE_HEDGE_RACE_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <stop_token>

namespace brimfs {

// Shared by the two. Thread-safe.
//
//   Alone ──Open──► Open ──bytes of one side──► that side has won, the other is stopped
//     │               │
//     └── the first flight ends: it has won, and no hedge sets out any more
class HedgeRace {
 public:
  enum class Side { kFirst, kHedge };

  // Whether a hedge may still set out: there was none, and the first flight has not ended.
  bool alone() const { return state_ == State::kAlone; }

  // A hedge sets out; false if none may.
  bool Open();

  // `side` has got bytes. False: the other was sooner, and these must not be used.
  bool Advance(Side side);

  // `side` ends, well or not. True: it is the one that the waiters depend on. A hedge that has
  // brought nothing is not.
  bool End(Side side);

  // The other side has won.
  bool Lost(Side side) const {
    return state_ == (side == Side::kFirst ? State::kHedgeWon : State::kFirstWon);
  }

  // Ends the flight of `side`, for whatever reason.
  std::stop_source& stop(Side side) { return stops_[static_cast<size_t>(side)]; }

 private:
  enum class State { kAlone, kOpen, kFirstWon, kHedgeWon };

  // Out of `from`, if it is in that.
  bool Decide(State from, Side winner);

  std::atomic<State> state_ = State::kAlone;
  std::array<std::stop_source, 2> stops_;
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_HEDGE_RACE_H_
