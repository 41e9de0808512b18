#!/bin/bash
# manual_test.sh BRIMFS MANUAL MOUNT_MANUAL CONF_MANUAL CONF: the options and commands in `BRIMFS --help` are those in
# MANUAL, those that MOUNT_MANUAL names exist, the examples of CONF_MANUAL and those in the comments of CONF are accepted,
# and the mdoc is clean.
# First it shows that it can fail: an option that only one of the two has is seen.
set -euo pipefail
brimfs=$1 manual=$2 mount_manual=$3 conf_manual=$4 conf=$5

options_of_help() {
  sed -n -e 's/^  -\([a-zA-Z]\), --\([a-z]*\) .*/-\1\n--\2/p' -e 's/^  \(-[a-zA-Z]\) [A-Z].*/\1/p' \
    -e 's/^  brimfs \([a-z]*\) .*/\1/p' <<< "$1"
  sed -n '/^Options:/,$p' <<< "$1" |
    sed -nE -e 's/^  ([a-z_]+)(=[^ ]*)?  .*/\1/p' -e '/^  [a-z_]+, .*:/{s/:.*//;s/[ ,]+/\n/g;p}' |
    sed '/^$/d'
}

options_of_manual() {
  sed -nE -e 's/^\.It Fl ([a-zA-Z]) , -([a-z]+)/-\1\n--\2/p' -e 's/^\.It Fl ([a-z]) Ar .*/-\1/p' \
    -e 's/^\.It Cm ([a-z_]+).*/\1/p' -e 's/^\.It Ic ([a-z]+).*/\1/p' <<< "$1"
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

# Whether a configuration is accepted: what is wrong with it is said before what is wrong with the source.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
refused() { # NAME: of the file in $scratch; prints why
  chmod 644 "$scratch/$1"
  "$brimfs" ls "$scratch/no such source/" -o "config=$scratch/$1" 2>&1 | grep -F "$scratch/$1" || true
}
echo 'planted = 1' > "$scratch/planted"
[[ $(refused planted) == *'unknown key'* ]] || { echo 'blind to a wrong configuration'; exit 1; }

# Each block of TOML in the examples.
sed -n '/^\.Sh EXAMPLES/,$p' "$conf_manual" |
  awk -v to="$scratch/example" '/^\.Bd/ {file = to (++count); next} /^\.Ed/ {file = ""; next} file {print > file}'
[[ -s $scratch/example4 ]] || { echo 'finds no examples in brimfs.conf(5)'; exit 1; }
sed -n 's/^#\([a-z_]* = \|\[\)/\1/p' "$conf" > "$scratch/comments"
(($(wc -l < "$scratch/comments") > 10)) || { echo "finds no examples in $conf"; exit 1; }
cp "$conf" "$scratch/conf"
for file in "$scratch"/{example*,comments,conf}; do
  why=$(refused "${file##*/}")
  [[ -z $why ]] || { echo "an example is refused: $why"; exit 1; }
done

if command -v mandoc > /dev/null; then mandoc -T lint -W warning "$manual" "$mount_manual" "$conf_manual"; fi
