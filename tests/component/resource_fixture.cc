#include "tests/component/resource_fixture.h"

#include <utility>

#include "tests/support/oracle.h"

namespace brimfs {

void NotingControl::Demand(const Range& wanted, const std::vector<Range>& claimed) {
  MutexLock lock(mu_);
  noted_.push_back({wanted, claimed});
  more_.NotifyAll();
}

std::vector<NotingControl::Noted> NotingControl::Await(size_t count) {
  MutexLock lock(mu_);
  while (noted_.size() < count) more_.Wait(mu_);
  return noted_;
}

std::vector<NotingControl::Noted> NotingControl::noted() { return Await(0); }

void ResourceFixture::Make(const DriverCase& driver, std::optional<uint64_t> length) {
  auto made = std::make_unique<HookedDriver>(driver.make(dir_.path(), windows_));
  driver_ = made.get();
  if (length) {
    ASSERT_TRUE(made->SetLength(*length).ok());
  }
  Resource::Options options;
  options.length = length;
  resource_ = std::make_unique<Resource>(std::move(made), options, clock_, timer_);
  resource_->SetFlightControl(&control_);
}

Status ResourceFixture::Put(const Range& range) {
  return resource_->Write(range.begin, OracleBytes(1, range));
}

std::future<Result<Lease>> ResourceFixture::Sleep(WaitKind kind, const Range& range,
                                                  TimePoint deadline, std::stop_token stop) {
  std::future<Result<Lease>> outcome;
  if (kind == WaitKind::kBlocking) {
    outcome = std::async(std::launch::async, [this, range, deadline, stop] {
      return resource_->WaitRange(range, deadline, stop);
    });
  } else {
    auto promise = std::make_shared<std::promise<Result<Lease>>>();
    outcome = promise->get_future();
    resource_->WaitRangeAsync(range, deadline, std::move(stop), [promise](Result<Lease> result) {
      promise->set_value(std::move(result));
    });
  }
  control_.Await(++slept_);
  return outcome;
}

Result<Lease> ResourceFixture::Ask(WaitKind kind, const Range& range, std::stop_token stop) {
  if (kind == WaitKind::kBlocking) return resource_->WaitRange(range, kNever, std::move(stop));
  auto outcome = std::make_shared<std::promise<Result<Lease>>>();
  resource_->WaitRangeAsync(range, kNever, std::move(stop), [outcome](Result<Lease> result) {
    outcome->set_value(std::move(result));
  });
  return outcome->get_future().get();
}

void ResourceFixture::ExpectRight(const Lease& lease) {
  std::vector<std::byte> bytes(lease.range().size());
  ASSERT_TRUE(lease.Read(bytes).ok());
  EXPECT_EQ(FirstWrongByte(1, lease.range().begin, bytes), std::nullopt);
  const Result<View> view = lease.Map();
  ASSERT_TRUE(view.ok());
  uint64_t at = lease.range().begin;
  for (const auto& piece : view->pieces()) {
    EXPECT_EQ(FirstWrongByte(1, at, piece), std::nullopt);
    at += piece.size();
  }
  EXPECT_EQ(at, lease.range().end);
}

}  // namespace brimfs
