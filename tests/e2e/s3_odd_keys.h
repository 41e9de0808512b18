// Keys of objects that make bad names of files, and how they are shown.
#ifndef BRIMFS_TESTS_E2E_S3_ODD_KEYS_H_
#define BRIMFS_TESTS_E2E_S3_ODD_KEYS_H_

#include <string>
#include <vector>

namespace brimfs {

struct OddKey {
  std::string key;
  std::string path;  // below the mount; empty: hidden, because it would be too long
};

// All of them UTF-8: what a client of S3 may write.
inline std::vector<OddKey> OddKeys() {
  std::vector<OddKey> keys;
  for (const char* plain :
       {"with space", " leading", "trailing ", "plus+plus", "per%cent", "per%41cent", "quest?ion",
        "hash#tag", "amp&amp;x", "less<more>", "both\"'quotes", "back\\slash", "-dash", "..name",
        "x=y;z,w:v@u!$*()[]{}^`|~", "\xC3\xBCml\xC3\xA4ut-\xE6\x97\xA5\xE6\x9C\xAC",
        "\xF0\x9F\xA6\x80 emoji", "dir/in it", "dir/100% &c/d#?e"}) {
    keys.push_back({plain, plain});
  }
  keys.push_back({"new\nline", "%:new%0Aline"});
  keys.push_back({"tab\there", "%:tab%09here"});
  keys.push_back({"control\x01", "%:control%01"});
  keys.push_back({"delete\x7f", "%:delete%7F"});
  keys.push_back({"%:escaped", "%:%25:escaped"});
  keys.push_back({"/leading slash", "%:/leading slash"});
  keys.push_back({"a//b", "a/%:/b"});
  keys.push_back({"a/./b", "a/%:./b"});
  keys.push_back({"a/../b", "a/%:../b"});
  keys.push_back({"c/..", "c/%:.."});
  keys.push_back({"full/", "full/%:"});
  const std::string limit(255, 'n');
  keys.push_back({limit, limit});
  keys.push_back({limit + "n", ""});
  const std::string part(249, 'p');
  const std::string longest = part + "/" + part + "/" + part + "/" + part + "q";
  keys.push_back({longest, longest});  // 1,000 bytes
  return keys;
}

}  // namespace brimfs

#endif  // BRIMFS_TESTS_E2E_S3_ODD_KEYS_H_
