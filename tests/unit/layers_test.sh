#!/bin/bash
# layers_test.sh [ROOT]: fails where an include under ROOT runs against backends → core ← fs.
# Without ROOT it first shows that it can fail: every rule has to catch an include planted against it.
set -euo pipefail

# against WHERE PATTERN [EXCEPT...]: prints the includes in the files of WHERE, EXCEPT left out, that match PATTERN.
against() {
  local except=() file
  for file in "${@:3}"; do except+=(! -path "$file"); done
  find "$1" -type f \( -name '*.cc' -o -name '*.h' \) "${except[@]}" -exec \
    grep -HnE "^[[:space:]]*#[[:space:]]*include[[:space:]]*[<\"]($2)" {} + || true
}

violations() (
  cd "$1"
  against core 'backends/|fs/|tests/'
  against core 'curl/|fuse|libxml/|openssl/'
  against core 'spdlog/' core/log.cc
  against backends 'fs/|fuse|spdlog/|tests/'
  against fs 'backends/' fs/main.cc fs/open_source.cc
  against fs 'curl/|spdlog/|tests/'
)

# catches FILE INCLUDE: the include in that file is a violation.
catches() {
  mkdir -p "$scratch"/{core,backends,fs}
  printf '// A line.\n#include %s\n' "$2" > "$scratch/$1"
  [[ -n $(violations "$scratch") ]] || { echo "does not see $2 in $1"; exit 1; }
  rm -r "${scratch:?}"/{core,backends,fs}
}

# allows FILE INCLUDE: it is none.
allows() {
  mkdir -p "$scratch"/{core,backends,fs}
  printf '#include %s\n' "$2" > "$scratch/$1"
  [[ -z $(violations "$scratch") ]] || { echo "refuses $2 in $1"; exit 1; }
  rm -r "${scratch:?}"/{core,backends,fs}
}

if (($# == 0)); then
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  catches core/planted.cc '"backends/url.h"'
  catches core/planted.h '"fs/node.h"'
  catches core/planted.h ' <curl/curl.h>'
  catches core/planted.cc '<fuse3/fuse_lowlevel.h>'
  catches core/planted.h '<spdlog/spdlog.h>'
  catches core/planted.h '"tests/support/fake_clock.h"'
  catches backends/planted.cc '"fs/node.h"'
  catches backends/planted.cc '<fuse_lowlevel.h>'
  catches fs/planted.h '"backends/registry.h"'
  catches fs/planted.cc '<curl/curl.h>'
  catches fs/open_source.cc '<curl/curl.h>'
  allows core/log.cc '<spdlog/spdlog.h>'
  allows fs/main.cc '"backends/registry.h"'
  allows fs/open_source.cc '"backends/registry.h"'
  allows fs/planted.cc '"core/resource.h"'
  allows backends/planted.cc '"core/backend.h"'
fi

root=${1:-$(cd "$(dirname "$0")/../.." && pwd)}
found=$(violations "$root")
if [[ -n $found ]]; then
  printf '%s\n' "$found" 'Layers: backends → core ← fs; only fs/main.cc and fs/open_source.cc see all three, only core/log.cc sees spdlog.'
  exit 1
fi
