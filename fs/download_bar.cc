#include "fs/download_bar.h"

namespace brimfs {
namespace {

constexpr auto kRedraw = std::chrono::milliseconds(200);

}  // namespace

DownloadBar::DownloadBar(bool shown, bool one_file, std::ostream& out)
    : shown_(shown && Terminal::Of(out).interactive), terminal_(Terminal::Of(out)), out_(out) {
  MutexLock lock(mu_);
  progress_.all_known = one_file;
}

DownloadBar::~DownloadBar() {
  MutexLock lock(mu_);
  if (progress_.all_files > 0) Draw(/*last=*/true);
}

std::function<void(uint64_t, uint64_t)> DownloadBar::NextFile() {
  if (!shown_) return nullptr;
  {
    MutexLock lock(mu_);
    ++progress_.all_files;
  }
  return [this, before = uint64_t{0}](uint64_t written, uint64_t length) mutable {
    Note(before, written, length);
  };
}

void DownloadBar::Note(uint64_t& before, uint64_t written, uint64_t length) {
  MutexLock lock(mu_);
  if (before == 0) progress_.total += length;
  if (written < before) progress_.total += before;  // begun once more: that came for nothing
  progress_.filled += written < before ? written : written - before;
  before = written;
  if (written == length) ++progress_.files;
  Draw(/*last=*/false);
}

void DownloadBar::Draw(bool last) {
  const TimePoint now = Clock::Steady().Now();
  if (!shown_ || (!last && now - drawn_ < kRedraw)) return;
  drawn_ = now;
  meter_.Note(progress_.filled, now);
  progress_.rate = meter_.rate();
  out_ << '\r' << ProgressLine(progress_, terminal_.width - 1, terminal_.utf8) << "\x1b[K"
       << (last ? "\n" : "") << std::flush;
}

void DownloadBar::Erase() {
  MutexLock lock(mu_);
  if (!shown_) return;
  out_ << "\r\x1b[K" << std::flush;
  drawn_ = TimePoint();
}

}  // namespace brimfs
