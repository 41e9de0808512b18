#!/bin/bash
# semantics_test.sh MANUAL TESTS: every promise of brimfs-semantics(7) names tests, and each of them is one
# of those below the directory TESTS. First it shows that it can fail.
set -euo pipefail
manual=$1 tests=$2

promises() { awk '/^\.It/ { n++ } /^\.Pq Li/ { held[n] = 1 } END { for (i = 1; i <= n; i++) if (!held[i]) print i }' <<< "$1"; }
named() { sed -n 's/^\.Pq Li //p' <<< "$1" | tr -d ' ' | tr ',' '\n'; }
missing() {
  named "$1" | while IFS=. read -r suite name; do
    grep -rqE --include='*.cc' "\($suite,[[:space:]]*$name\)" "$tests" || echo "$suite.$name"
  done
}

text=$(< "$manual")
[[ -n $(promises "$text"$'\n.It\nA promise.') ]] || { echo 'blind to a promise without a test'; exit 1; }
[[ $(missing "$text"$'\n.Pq Li NoSuchTest.AtAll') == *NoSuchTest.AtAll* ]] || { echo 'blind to a test that is not there'; exit 1; }
(($(named "$text" | wc -l) > 20)) || { echo 'finds no tests'; exit 1; }

[[ -z $(promises "$text") ]] || { echo "promises without a test, counted from the first: $(promises "$text")"; exit 1; }
[[ -z $(missing "$text") ]] || { echo "there are no such tests: $(missing "$text")"; exit 1; }
