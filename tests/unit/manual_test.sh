#!/bin/bash
# manual_test.sh BRIMFS MANUAL MOUNT_MANUAL CONF_MANUAL CONF MORE_MANUAL...: the options and commands in `BRIMFS --help` are
# those in MANUAL, and so is what each command takes; the flags of mount.brimfs are those in MOUNT_MANUAL, and the options
# that it names exist; the examples of CONF_MANUAL and those in the comments of CONF are accepted; and the mdoc is clean.
# First it shows that it can fail: an option that only one of the two has is seen.
set -euo pipefail
brimfs=$1 manual=$2 mount_manual=$3 conf_manual=$4 conf=$5
shift 5

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
# --- The words that an option takes

words_of_help() { sed -nE 's/^  ([a-z_]+=[^ ]*\|[^ ]*)  .*/\1/p' <<< "$1" | tr '[:upper:]' '[:lower:]'; }
words_of_manual() {
  grep -E '^\.It Cm [a-z_]+ .*\|' <<< "$1" | sed -E 's/^\.It//; s/ (Ns|Cm|Ar)\>//g; s/ //g' | tr '[:upper:]' '[:lower:]'
}
(($(words_of_help "$help" | wc -l) > 4)) || { echo 'finds no words in --help'; exit 1; }
diff --label --help --label manual <(words_of_help "$help" | sort) <(words_of_manual "$text" | sort) ||
  { echo 'the words that options take differ.'; exit 1; }

# --- What each command takes

flags_of_help() { sed -nE -e 's/^  (-[a-zA-Z0-9]), (--[a-z]+) .*/\1\n\2/p' -e 's/^  (--?[a-zA-Z0-9]+) .*/\1/p' <<< "$1"; }
section_of() { awk -v name="$2" '/^\.It Ic / {on = ($3 == name)} /^\.S[hs] / {on = 0} on' <<< "$1"; } # MANUAL COMMAND
flags_of_heading() { # SECTION
  sed -n 1p <<< "$1" | grep -oE '\<Fl [^ ]+' | sed 's/^Fl //' | while read -r flags; do
    if [[ $flags == -* ]]; then echo "-$flags"; else sed 's/./-&\n/g' <<< "$flags" | sed '/^$/d'; fi
  done
}
not_in_manual() { # MANUAL COMMAND HELP: a letter has to stand at the command, a word somewhere
  flags_of_help "$3" | while read -r flag; do
    if [[ $flag == --* ]]; then
      grep -qE -- "(Fl|,) $(sed 's/^-//' <<< "$flag")\>" <<< "$1" || echo "$flag"
    else
      flags_of_heading "$(section_of "$1" "$2")" | grep -xF -- "$flag" > /dev/null || echo "$flag"
    fi
  done
}
not_in_help() { flags_of_heading "$(section_of "$1" "$2")" | grep -vxF -f <(flags_of_help "$3"; echo) || true; }

planted=$'Usage: brimfs ls\n  -l  long\n  -z, --planted  something'
[[ $(not_in_manual "$text" ls "$planted") == $'-z\n--planted' ]] || { echo 'blind to what a command takes'; exit 1; }
[[ $(not_in_help "$text" ls "$planted") == $'-R\n-0\n--json\n-o' ]] || { echo 'blind to what the manual says of a command'; exit 1; }
while IFS=$'\t' read -r name arguments _; do
  said=$("$brimfs" "$name" --help) || { echo "brimfs $name has no --help"; exit 1; }
  [[ $said == "Usage: brimfs $name $arguments"$'\n\n'?* ]] || { echo "brimfs $name --help says something else than --help"; exit 1; }
  missing=$(not_in_manual "$text" "$name" "$said")$(not_in_help "$text" "$name" "$said")
  [[ -z $missing ]] || { echo "of brimfs $name its --help or the manual lacks $missing"; exit 1; }
done < <("$brimfs" completion commands)

# --- mount.brimfs(8)

flags_of_mount_manual() {
  sed -nE -e 's/^\.It Fl ([a-zA-Z]) , -([a-z]+)/-\1\n--\2/p' -e 's/^\.It Fl ([a-zA-Z])( Ar .*)?$/-\1/p' "$mount_manual"
}
mount_help=$(exec -a mount.brimfs "$brimfs" --help)
(($(flags_of_help "$mount_help" | wc -l) > 8)) || { echo 'finds no flags of mount.brimfs'; exit 1; }
diff --label --help --label manual <(flags_of_help "$mount_help" | sort) <(flags_of_mount_manual | sort) ||
  { echo 'mount.brimfs --help and its manual differ.'; exit 1; }

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

if command -v mandoc > /dev/null; then mandoc -T lint -W warning "$manual" "$mount_manual" "$conf_manual" "$@"; fi
