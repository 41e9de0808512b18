#include "fs/fill_picture.h"

#include <algorithm>
#include <array>

#include "core/range.h"
#include "fs/readable.h"

namespace brimfs {
namespace {

constexpr int kOffset = 7;  // columns: "1023.9K" is longer than any
constexpr int kFrame = 3;   // a blank, and the two ends of a row
constexpr int kRows = 8;
constexpr int kLeastRow = 8;  // columns
constexpr uint16_t kWhole = 1000;

uint32_t RowLength(int width) {
  return static_cast<uint32_t>(std::max(kLeastRow, width - kOffset - kFrame));
}

const char* Cell(uint16_t filled, bool utf8) {
  if (filled == 0) return utf8 ? "·" : ".";
  if (filled == kWhole) return utf8 ? "█" : "#";
  if (!utf8) return "+";
  constexpr std::array<const char*, 3> kShades = {"░", "▒", "▓"};
  return kShades.at(std::min<size_t>(2, size_t{filled} * kShades.size() / kWhole));
}

std::string Right(const std::string& text, size_t columns) {
  return text.size() >= columns ? text : std::string(columns - text.size(), ' ') + text;
}

}  // namespace

uint32_t PictureCells(uint64_t length, int width) {
  const uint32_t row = RowLength(width);
  const uint64_t blocks = length / kFillBlock + (length % kFillBlock == 0 ? 0 : 1);
  return static_cast<uint32_t>(std::clamp<uint64_t>(blocks, row, uint64_t{row} * kRows));
}

std::string FillPicture(const FillMap& map, int width, bool utf8) {
  const size_t row = RowLength(width);
  const std::string end = utf8 ? "▏" : "|";
  const uint64_t count = map.cells.size();
  std::string picture;
  for (size_t at = 0; at < count; at += row) {
    const uint64_t offset = map.length / count * at + map.length % count * at / count;
    picture += Right(ReadableBytes(offset), kOffset) + " " + (utf8 ? "▕" : "|");
    for (size_t i = at; i < std::min<size_t>(count, at + row); ++i) {
      picture += Cell(map.cells[i], utf8);
    }
    picture += end + "\n";
  }
  const std::string each =
      count == 0 ? "0B" : ReadableBytes(map.length / count + (map.length % count == 0 ? 0 : 1));
  picture += utf8 ? "█ filled  ▓▒░ in part  · nothing; each is "
                  : "# filled  + in part  . nothing; each is ";
  return picture + each + "\n";
}

}  // namespace brimfs
