#!/bin/bash
# manual_test.sh BRIMFS MANUAL MOUNT_MANUAL: the options in `BRIMFS --help` are those in MANUAL, those that
# MOUNT_MANUAL names exist, and the mdoc of both is clean.
# First it shows that it can fail: an option that only one of the two has is seen.
set -euo pipefail
brimfs=$1 manual=$2 mount_manual=$3

options_of_help() {
  sed -n -e 's/^  -\([a-zA-Z]\), --\([a-z]*\) .*/-\1\n--\2/p' -e 's/^  \(-[a-zA-Z]\) [A-Z].*/\1/p' \
    -e 's/^  \([a-z]*\) DIRECTORY .*/\1/p' <<< "$1"
  sed -n '/^Options:/,$p' <<< "$1" |
    sed -nE -e 's/^  ([a-z_]+)(=[^ ]*)?  .*/\1/p' -e '/^  [a-z_]+, .*:/{s/:.*//;s/[ ,]+/\n/g;p}' |
    sed '/^$/d'
}

options_of_manual() {
  sed -nE -e 's/^\.It Fl ([a-zA-Z]) , -([a-z]+)/-\1\n--\2/p' -e 's/^\.It Fl ([a-z]) Ar .*/-\1/p' \
    -e 's/^\.It Cm ([a-z_]+).*/\1/p' -e 's/^\.It Ic ([a-z]+) Ar .*/\1/p' <<< "$1"
}

differences() { # HELP MANUAL
  diff --label --help --label manual <(options_of_help "$1" | sort) <(options_of_manual "$2" | sort)
}

help=$("$brimfs" --help)
text=$(< "$manual")
! differences "$help"$'\n  planted=NUMBER  an option' "$text" > /dev/null || { echo 'blind to --help'; exit 1; }
! differences "$help" "$text"$'\n.It Cm planted Ns = Ns Ar number' > /dev/null || { echo 'blind to the manual'; exit 1; }
(($(options_of_manual "$text" | wc -l) > 20)) || { echo 'finds no options in the manual'; exit 1; }

differences "$help" "$text" || { echo 'brimfs --help and the manual differ.'; exit 1; }
# What mount.brimfs(8) uses in its text and its examples, but for what it lists as its own.
options_of_mount_manual() {
  sed -nE -e 's/^\.Cm ([a-z_]+)$/\1/p' -e 's/.* brimfs ([a-z_,.-]+) 0 0$/\1/p' \
    -e 's/.*-fstype=brimfs,([a-z_,]+) .*/\1/p' <<< "$1" | tr ',' '\n' | sed -E '/^(x-.*|brimfs|fuse\.brimfs)$/d'
}
unknown() { options_of_mount_manual "$1" | while read -r name; do grep -qw -- "$name" <<< "$help" || echo "$name"; done; }
mount_text=$(< "$mount_manual")
[[ $(unknown "$mount_text"$'\n.Cm planted') == *planted* ]] || { echo 'blind to mount.brimfs(8)'; exit 1; }
[[ -z $(unknown "$mount_text") ]] || { echo "mount.brimfs(8) names unknown options: $(unknown "$mount_text")"; exit 1; }
if command -v mandoc > /dev/null; then mandoc -T lint -W warning "$manual" "$mount_manual"; fi
