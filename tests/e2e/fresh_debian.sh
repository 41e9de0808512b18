# shellcheck shell=bash
# fresh_debian.sh: a fresh Debian 12 of its own, for the tests of the package. Sourced.
#
# It lives in namespaces, whose end takes every process and every mount with it. The system is made once
# and kept in a directory, with the archives of the packages that were installed in it.

skip() { echo "skipped: $1" && exit 77; }
fail() {
  {
    echo "FAILED: $1"
    [[ ! -s ${log:-} ]] || tail -n 40 "$log"
  } >&2
  exit 1
}
# What it prints is shown only if it fails.
step() { "$@" > "$log" 2>&1 || fail "$*"; }
# Ten seconds, for what another process does in its own time.
eventually() {
  local tries
  for ((tries = 200; tries > 0; tries--)); do
    ! "$@" > /dev/null 2>&1 || return 0
    sleep 0.05
  done
  return 1
}

# needs TOOL...: skips where the test cannot run.
needs() {
  local tool
  ((EUID == 0)) || skip 'needs root'
  [[ -c /dev/fuse ]] || skip 'needs /dev/fuse'
  for tool in debootstrap unshare apt-get curl "$@"; do
    command -v "$tool" > /dev/null || skip "$tool is not installed"
  done
}

# in_namespaces CACHE "$@": goes on as the same script in mounts and processes of its own. CACHE is locked.
in_namespaces() {
  local cache=$1
  shift
  [[ -z ${BRIMFS_IN_NAMESPACES:-} ]] || { mount -t proc proc /proc && return; }
  mkdir -p "$cache/archives/partial"
  exec 9> "$cache/lock"
  flock 9
  BRIMFS_IN_NAMESPACES=1 exec unshare --mount --pid --fork --kill-child --propagation private "$0" "$@"
}

in_root() {
  env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C DEBIAN_FRONTEND=noninteractive chroot "$root" "$@"
}
apt_get() {
  in_root apt-get -q -y --no-install-recommends -o APT::Keep-Downloaded-Packages=true \
    -o APT::Sandbox::User=root -o DPkg::Options::=--force-unsafe-io "$@"
}
# install PACKAGE...: the lists of the kept system may name files that are gone.
install() { apt_get install "$@" > "$log" 2>&1 || { step apt_get update && step apt_get install "$@"; }; }

# make_root CACHE: a fresh system in the directory $root; what steps say is in $log.
make_root() {
  local cache=$1 suite=bookworm mirror
  # Where this machine has Debian from.
  mirror=$(apt-get indextargets --format '$(CREATED_BY) $(RELEASE) $(COMPONENT) $(REPO_URI)' |
    awk -v suite="$suite" '$1 == "Packages" && $2 == suite && $3 == "main" { print $4; exit }')
  [[ -n $mirror ]] || skip "apt knows no mirror of Debian $suite"
  root=$(mktemp -d)
  log=$root.log
  trap 'umount -l "$root"; rmdir "$root"; rm -f "$log"' EXIT
  mount -t tmpfs -o mode=755 tmpfs "$root"
  if [[ ! -s $cache/$suite.tar ]]; then
    curl -sfIL -o /dev/null "${mirror%/}/dists/$suite/Release" || skip "$mirror does not answer"
    echo "making a fresh Debian $suite"
    step debootstrap --variant=minbase "$suite" "$root" "$mirror"
    tar -C "$root" --exclude='./var/cache/apt/archives/*.deb' -cf "$cache/$suite.new" .
    mv "$cache/$suite.new" "$cache/$suite.tar"
  else
    tar -C "$root" -xf "$cache/$suite.tar"
  fi
  cp /etc/resolv.conf "$root/etc/"
  apt-config dump | grep -E '^Acquire::[^ ]*(Proxy|Verify-Peer|CAInfo)[^ ]* ' > "$root/etc/apt/apt.conf.d/90host" || true
  printf '#!/bin/sh\nexit 101\n' > "$root/usr/sbin/policy-rc.d"
  chmod 755 "$root/usr/sbin/policy-rc.d"
  mount --bind "$cache/archives" "$root/var/cache/apt/archives"
  mount -t proc proc "$root/proc"
}

# served LOG COMMAND...: starts a test origin, whose address is in $url and whose process is $served.
served() {
  local said=$1
  shift
  "$@" > "$said" 2>&1 &
  served=$!
  eventually grep -q '^http://' "$said" || fail "does not start: $*"
  url=$(head -n 1 "$said")
  url=${url%/}/
}
