#!/bin/bash
# completion_test.sh BRIMFS COMPLETION: what bash completes of a command line of brimfs.
set -uo pipefail
brimfs=$1
source "$2"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
mkdir directory
touch file 'token.txt'
brimfs() { :; }
failed=0

# completes LINE: what a TAB at its end offers, sorted, on one line.
completes() {
  COMP_LINE=$1 COMP_POINT=${#1} COMPREPLY=()
  COMP_LINE=${COMP_LINE/#brimfs/$brimfs} COMP_POINT=${#COMP_LINE}
  _brimfs
  printf '%s\n' ${COMPREPLY[@]+"${COMPREPLY[@]}"} | sort | paste -sd ' '
}

expect() { # LINE COMPLETIONS
  local offered
  offered=$(completes "$1")
  [[ $offered == "$2" ]] || { echo "'$1' offers '$offered', not '$2'"; failed=1; }
}

offers() { # LINE WORD
  [[ " $(completes "$1") " == *" $2 "* ]] || { echo "'$1' does not offer '$2' but '$(completes "$1")'"; failed=1; }
}

COMP_WORDBREAKS=$' \t\n"\'><=;|&(:'
expect 'brimfs chec' 'check'
expect 'brimfs --he' '--help'
offers 'brimfs ' 'ls'
offers 'brimfs ' 'directory'
expect 'brimfs cache ' 'directory'
expect 'brimfs cache --' '--help --json'
expect 'brimfs map --' '--help'
expect 'brimfs help stat' 'status'
expect 'brimfs completion op' 'options'
expect 'brimfs /srv /mnt -o addressing=' 'auto path virtual'
offers 'brimfs ls -' '-R'
expect 'brimfs ls --j' '--json'
expect 'brimfs get /srv/x f' 'file'
expect 'brimfs /srv /mnt -o drive' 'driver='
expect 'brimfs /srv /mnt -o driver=' 'memory mmap'
expect 'brimfs /srv /mnt -o driver=me' 'memory'
expect 'brimfs /srv /mnt -o intr,driver=mm' 'mmap'
expect 'brimfs /srv /mnt -o driver=mmap,passthrough=o' 'off'
expect 'brimfs ls /srv -o driver=mmap,memor' 'mmap,memory='
expect 'brimfs /srv /mnt -o credentials=to' 'token.txt'
expect 'brimfs /srv /mnt -o cache=' 'directory/'
expect 'brimfs /srv /mnt -o config=no' 'none'
expect 'brimfs /srv /mnt -o hard,har' ''
COMP_WORDBREAKS=$' \t\n'
expect 'brimfs /srv /mnt -o driver=me' 'driver=memory'

# Every row of the tables.
options=0
while IFS=$'\t' read -r name argument _; do
  ((++options))
  offers "brimfs /srv /mnt -o $name" "$name${argument:+=}"
done < <("$brimfs" completion options)
((options > 40)) || { echo "only $options options"; failed=1; }
commands=0
while IFS=$'\t' read -r name arguments _; do
  ((++commands))
  offers "brimfs $name" "$name"
  [[ $arguments != *--json* ]] || expect "brimfs $name --json" '--json'
done < <("$brimfs" completion commands)
((commands >= 5)) || { echo "only $commands commands"; failed=1; }
[[ $(complete -p brimfs) == *'-F _brimfs'* ]] || { echo 'brimfs is not completed'; failed=1; }
exit "$failed"
