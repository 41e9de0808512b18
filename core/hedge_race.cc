#include "core/hedge_race.h"

namespace brimfs {

bool HedgeRace::Open() {
  State alone = State::kAlone;
  return state_.compare_exchange_strong(alone, State::kOpen);
}

bool HedgeRace::Decide(State from, Side winner) {
  const bool first = winner == Side::kFirst;
  if (!state_.compare_exchange_strong(from, first ? State::kFirstWon : State::kHedgeWon)) {
    return false;
  }
  stop(first ? Side::kHedge : Side::kFirst).request_stop();
  return true;
}

bool HedgeRace::Advance(Side side) {
  return state_ == State::kAlone || Decide(State::kOpen, side) || !Lost(side);
}

bool HedgeRace::End(Side side) {
  if (side == Side::kHedge) return state_ == State::kHedgeWon;
  return Decide(State::kAlone, side) || Decide(State::kOpen, side) || state_ == State::kFirstWon;
}

}  // namespace brimfs
