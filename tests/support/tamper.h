// Damage to a cache directory that nobody uses at the moment: bit rot, lost and swapped files, old
// and foreign catalogues, and what somebody puts in the place of files.
#ifndef BRIMFS_TESTS_SUPPORT_TAMPER_H_
#define BRIMFS_TESTS_SUPPORT_TAMPER_H_

#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <vector>

namespace brimfs {

// Used by one thread.
class Tamper {
 public:
  // `older` and `foreign` are other cache directories, whose catalogues take the place of this
  // one's. `decoy` is a file that links lead to. None of these is changed.
  Tamper(std::string cache, std::string older, std::string foreign, std::string decoy,
         uint32_t seed);

  // One damage, chosen at random; says which, for messages.
  std::string Once();

  // A bit of one file, its mtime put back.
  std::string FlipDataBit();

 private:
  struct Kind {
    const char* name;
    std::function<void(const std::string& file)> strike;
  };

  // A file to strike: one of the data files, or the catalogue or one that belongs to it; "" if
  // there is none.
  std::string AnyDataFile();
  std::string AnyCatalogueFile();

  void FlipBit(const std::string& file);
  void Truncate(const std::string& file);
  void Extend(const std::string& file);
  void Zero(const std::string& file);
  void Swap(const std::string& file);
  void ReplaceCatalogue(const std::string& with);

  uint64_t Below(uint64_t limit) { return random_() % limit; }

  const std::string cache_;
  const std::string older_;
  const std::string foreign_;
  const std::string decoy_;
  std::mt19937_64 random_;
  std::vector<Kind> of_data_;
  std::vector<Kind> of_catalogue_;
  std::vector<Kind> of_locks_;
};

}  // namespace brimfs

#endif  // BRIMFS_TESTS_SUPPORT_TAMPER_H_
