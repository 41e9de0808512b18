#!/bin/bash
# manual_test.sh BRIMFS MANUAL: the options in `BRIMFS --help` are those in MANUAL, and its mdoc is clean.
# First it shows that it can fail: an option that only one of the two has is seen.
set -euo pipefail
brimfs=$1 manual=$2

options_of_help() {
  sed -n -e 's/^  -\([a-zA-Z]\), --\([a-z]*\) .*/-\1\n--\2/p' -e 's/^  \(-[a-zA-Z]\) [A-Z].*/\1/p' <<< "$1"
  sed -n '/^Options:/,$p' <<< "$1" |
    sed -nE -e 's/^  ([a-z_]+)(=[^ ]*)?  .*/\1/p' -e '/^  [a-z_]+, .*:/{s/:.*//;s/[ ,]+/\n/g;p}' |
    sed '/^$/d'
}

options_of_manual() {
  sed -nE -e 's/^\.It Fl ([a-zA-Z]) , -([a-z]+)/-\1\n--\2/p' -e 's/^\.It Fl ([a-z]) Ar .*/-\1/p' \
    -e 's/^\.It Cm ([a-z_]+).*/\1/p' <<< "$1"
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
if command -v mandoc > /dev/null; then mandoc -T lint -W warning "$manual"; fi
