// What a server says to a handful of requests about one object; plain values, for people.
#ifndef BRIMFS_CORE_OBJECT_PROBE_H_
#define BRIMFS_CORE_OBJECT_PROBE_H_

#include <string>
#include <vector>

namespace brimfs {

// A status is that of HTTP; 0: there was no answer, and the matching `…_error` says why.
struct ObjectProbe {
  std::string url;  // nothing secret in it
  bool encrypted = false;
  std::vector<std::string> redirects;  // where to, one after the other
  std::string software;                // as the server names itself; may be empty

  int head = 0;  // to HEAD
  std::string head_error;
  bool head_has_length = false;

  int ranged = 0;  // to a GET of the first byte
  std::string ranged_error;
  bool right_content_range = false;  // of exactly that byte, with the length of all
  bool encoded = false;              // compressed on the way, though that was not asked for

  std::string etag;  // as sent; empty: none
  bool strong_etag = false;
  bool last_modified = false;

  // To the same with an ETag that the object has not: in If-Match, which is 412 where it counts,
  // and in If-Range, which is 200.
  int other_if_match = 0;
  int other_if_range = 0;

  // Of buckets; empty of others.
  std::string region;
  std::string
      versioning;  // "Enabled", "Suspended", "never enabled", "not told", "not allowed to ask"
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_OBJECT_PROBE_H_
