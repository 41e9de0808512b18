#include "fs/progress_bar.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <string_view>
#include <vector>

#include "fs/readable.h"

namespace brimfs {
namespace {

constexpr int kLeastBar = 10;  // columns, without its frame
constexpr int kMostBar = 50;

int PercentOf(const Progress& progress) {
  if (progress.total == 0) return progress.all_known ? 100 : 0;
  constexpr double kAll = 100;
  const double share = static_cast<double>(progress.filled) / static_cast<double>(progress.total);
  const int percent = static_cast<int>(std::min(kAll, kAll * share));
  return progress.filled < progress.total ? std::min(percent, 99) : percent;
}

std::string Bar(double share, int columns, bool utf8) {
  constexpr int kEighths = 8;
  constexpr std::array<const char*, kEighths> kPart = {" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const int eighths = static_cast<int>(share * columns * kEighths);
  std::string bar;
  for (int column = 0; column < columns; ++column) {
    const int here = std::clamp(eighths - column * kEighths, 0, kEighths);
    if (utf8) {
      bar += here == kEighths ? "█" : kPart.at(static_cast<size_t>(here));
    } else {
      bar += here == kEighths ? '#' : '-';
    }
  }
  return utf8 ? "▕" + bar + "▏" : "[" + bar + "]";
}

std::string Remaining(const Progress& progress) {
  if (!progress.all_known || !progress.rate || *progress.rate < 1) return "-:--";
  const uint64_t left = progress.total - std::min(progress.total, progress.filled);
  return ReadableSeconds(static_cast<double>(left) / *progress.rate);
}

}  // namespace

void RateMeter::Note(uint64_t bytes, TimePoint now) {
  points_.push_back({now, bytes});
  while (points_.size() > 2 && now - points_[1].at >= kWindow) points_.pop_front();
}

std::optional<double> RateMeter::rate() const {
  if (points_.size() < 2) return std::nullopt;
  const double seconds =
      std::chrono::duration<double>(points_.back().at - points_.front().at).count();
  if (seconds < 0.5) return std::nullopt;
  const uint64_t came =
      points_.back().bytes - std::min(points_.back().bytes, points_.front().bytes);
  return static_cast<double>(came) / seconds;
}

std::string ReadableSeconds(double seconds) {
  constexpr int kHour = 3600;
  constexpr int kMinute = 60;
  const int all = static_cast<int>(std::clamp(seconds, 0.0, 100.0 * kHour - 1));
  std::array<char, 32> text{};
  if (all >= kHour) {
    std::snprintf(text.data(), text.size(), "%d:%02d:%02d", all / kHour, all % kHour / kMinute,
                  all % kMinute);
  } else {
    std::snprintf(text.data(), text.size(), "%d:%02d", all / kMinute, all % kMinute);
  }
  return text.data();
}

std::string ProgressLine(const Progress& progress, int width, bool utf8) {
  std::array<char, 8> percent{};
  std::snprintf(percent.data(), percent.size(), "%3d%%", PercentOf(progress));
  const std::string grows = progress.all_known ? "" : "+";
  const std::vector<std::string> parts = {
      percent.data(), ReadableBytes(progress.filled) + "/" + ReadableBytes(progress.total) + grows,
      progress.rate ? ReadableBytes(static_cast<uint64_t>(*progress.rate)) + "/s" : "-/s",
      Remaining(progress),
      std::to_string(progress.files) + "/" + std::to_string(progress.all_files) + grows + " files"};
  std::string text;
  for (const std::string& part : parts) {
    constexpr std::string_view kBetween = "  ";
    const std::string_view between = text.empty() ? "" : kBetween;
    if (text.size() + between.size() + part.size() > static_cast<size_t>(std::max(0, width))) break;
    text.append(between).append(part);
  }
  constexpr int kFrame = 4;  // its two ends, and two blanks
  const int room = width - static_cast<int>(text.size()) - kFrame;
  if (room < kLeastBar) return text;
  const double share = progress.total == 0 ? PercentOf(progress) / 100.0
                                           : static_cast<double>(progress.filled) /
                                                 static_cast<double>(progress.total);
  return Bar(std::min(share, 1.0), std::min(room, kMostBar), utf8) + "  " + text;
}

}  // namespace brimfs
