#!/bin/bash
# package_install_test.sh PACKAGES ORIGIN CACHE: installs PACKAGES/brimfs_*.deb in a fresh Debian 12,
# mounts there by fstab what the program ORIGIN serves, upgrades, removes and purges.
#
# All of it lives in namespaces of its own, whose end takes every process and every mount with it. The
# fresh system is made once and kept in CACHE, with the archives of the packages that brimfs needs.
set -euo pipefail
packages=$1 origin=$2 cache=$3

skip() { echo "skipped: $1" && exit 77; }
fail() {
  echo "FAILED: $1"
  [[ ! -s ${log:-} ]] || tail -n 40 "$log"
  exit 1
}

((EUID == 0)) || skip 'needs root'
[[ -c /dev/fuse ]] || skip 'needs /dev/fuse'
for tool in debootstrap unshare apt-get curl; do
  command -v "$tool" > /dev/null || skip "$tool is not installed"
done
deb=$(echo "$packages"/brimfs_*.deb)
[[ -e $deb ]] || skip 'there is no package'

suite=bookworm
# Where this machine has Debian from.
mirror=$(apt-get indextargets --format '$(CREATED_BY) $(RELEASE) $(COMPONENT) $(REPO_URI)' |
  awk -v suite="$suite" '$1 == "Packages" && $2 == suite && $3 == "main" { print $4; exit }')
[[ -n $mirror ]] || skip "apt knows no mirror of Debian $suite"

if [[ ${4:-} != inside ]]; then
  mkdir -p "$cache/archives/partial"
  exec 9> "$cache/lock"
  flock 9
  exec unshare --mount --pid --fork --kill-child --propagation private "$0" "$@" inside
fi

mount -t proc proc /proc
root=$(mktemp -d)
log=$root.log
trap 'umount -l "$root"; rmdir "$root"; rm -f "$log"' EXIT
mount -t tmpfs -o mode=755 tmpfs "$root"

in_root() { env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C DEBIAN_FRONTEND=noninteractive chroot "$root" "$@"; }
step() { "$@" > "$log" 2>&1 || fail "$*"; }

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
touch "$root/dev/fuse"
mount --bind /dev/fuse "$root/dev/fuse"
cp "$deb" "$root/root/brimfs.deb"

apt_get() {
  in_root apt-get -q -y --no-install-recommends -o APT::Keep-Downloaded-Packages=true \
    -o APT::Sandbox::User=root -o DPkg::Options::=--force-unsafe-io "$@"
}
install() { apt_get "$@" install /root/brimfs.deb; }
# The lists of the kept system may name files that are gone.
install > "$log" 2>&1 || { step apt_get update && step install; }
[[ -z $(in_root dpkg --audit) ]] || fail 'dpkg --audit'
[[ $(in_root brimfs --version) == brimfs\ * ]] || fail 'brimfs --version'
[[ $(stat -c %a "$root/etc/brimfs/brimfs.conf") == 644 ]] || fail 'the mode of the conffile'

"$origin" --sample > "$root/origin.log" 2>&1 &
for ((tries = 200; tries > 0; tries--)); do
  grep -q '^http://' "$root/origin.log" && break
  sleep 0.05
done
url=$(head -n 1 "$root/origin.log")
url=${url%/}/
curl -sf "${url}README.txt" > "$root/right" || fail 'the origin does not answer'

reads_right() { # DIRECTORY
  in_root cat "$1/README.txt" 2>> "$log" | cmp -s - "$root/right" && [[ -s $root/right ]]
}
daemon() { in_root sh -c 'for p in /proc/[0-9]*; do grep -qs "^Name:.*brimfs$" $p/status && echo ${p#/proc/}; done; true'; }
unmounted() { # DIRECTORY: and its daemon has ended
  step in_root umount "$1"
  for ((tries = 200; tries > 0; tries--)); do
    [[ -n $(daemon) ]] || return 0
    sleep 0.05
  done
  fail 'the daemon does not end'
}

# By fstab; then an upgrade, which leaves the mount alone.
mkdir -p "$root/mnt/data"
printf '%s /mnt/data brimfs _netdev,nofail,allow_other 0 0\n' "$url" >> "$root/etc/fstab"
step in_root mount /mnt/data
reads_right /mnt/data || fail 'what is read is not what was served'
before=$(daemon)
step install --reinstall
[[ -n $before && $(daemon) == "$before" ]] || fail 'an upgrade ends the mount'
reads_right /mnt/data || fail 'an upgrade spoils the mount'
unmounted /mnt/data

# What the template of systemd runs, with everything in the conffile that it offers.
sed -i -E 's/^#(\[|[a-z_]+ = )/\1/' "$root/etc/brimfs/brimfs.conf"
of_unit() { sed -n "s/^$1=//p" "$root/usr/lib/systemd/system/brimfs@.service"; }
command=$(of_unit ExecStart)
command=${command//%f//mnt/data}
capabilities=$(of_unit CapabilityBoundingSet | sed 's/ *CAP_/,+/g' | tr A-Z a-z)
in_root env SOURCE="$url" OPTIONS=allow_other setpriv --no-new-privs \
  --bounding-set "-all$capabilities" sh -c "exec $command" > "$log" 2>&1 &
for ((tries = 200; tries > 0; tries--)); do
  in_root mountpoint -q /mnt/data && break
  sleep 0.05
done
reads_right /mnt/data || fail 'the line of the template mounts nothing'
! grep -E 'warning|error' "$log" || fail 'the daemon of the template misses something'
unmounted /mnt/data

# Removal leaves what was fetched and the configuration; purge takes them, and nothing else.
cached() { find "$root/var/cache/brimfs" -type f 2> /dev/null | grep -q .; }
cached || fail 'nothing was kept'
mkdir "$root/var/cache/other"
: > "$root/var/cache/other/file"
: > "$root/etc/brimfs/a-token"
step apt_get remove brimfs
[[ ! -e $root/usr/bin/brimfs && ! -L $root/sbin/mount.brimfs ]] || fail 'removal leaves the program'
cached || fail 'removal takes the cache'
[[ -e $root/etc/brimfs/brimfs.conf ]] || fail 'removal takes the configuration'
step apt_get purge brimfs
[[ ! -e $root/var/cache/brimfs ]] || fail 'purge leaves the cache'
[[ ! -e $root/etc/brimfs/brimfs.conf ]] || fail 'purge leaves the configuration'
[[ -e $root/var/cache/other/file && -e $root/etc/brimfs/a-token ]] || fail 'purge takes what is not ours'
[[ -z $(in_root sh -c 'dpkg -l brimfs 2> /dev/null | grep ^[ir]') ]] || fail 'purge leaves a trace'
echo "installed, mounted, upgraded, removed and purged in Debian $suite"
