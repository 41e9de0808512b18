#!/bin/bash
# package_install_test.sh PACKAGES ORIGIN CACHE: installs PACKAGES/brimfs_*.deb in a fresh Debian 12,
# mounts there by fstab what the program ORIGIN serves, upgrades, removes and purges.
#
# All of it lives in the namespaces of fresh_debian.sh; the fresh system is kept in CACHE.
set -euo pipefail
packages=$1 origin=$2 cache=$3
. "$(dirname "$0")/fresh_debian.sh"

needs
deb=$(echo "$packages"/brimfs_*.deb)
[[ -e $deb ]] || skip 'there is no package'
in_namespaces "$cache" "$@"
make_root "$cache"
touch "$root/dev/fuse"
mount --bind /dev/fuse "$root/dev/fuse"

cp "$deb" "$root/root/brimfs.deb"
install /root/brimfs.deb
[[ -z $(in_root dpkg --audit) ]] || fail 'dpkg --audit'
[[ $(in_root brimfs --version) == brimfs\ * ]] || fail 'brimfs --version'
[[ $(stat -c %a "$root/etc/brimfs/brimfs.conf") == 644 ]] || fail 'the mode of the conffile'

served "$root/origin.log" "$origin" --sample
curl -sf "${url}README.txt" > "$root/right" || fail 'the origin does not answer'

reads_right() { # DIRECTORY
  in_root cat "$1/README.txt" 2>> "$log" | cmp -s - "$root/right" && [[ -s $root/right ]]
}
daemon() { in_root sh -c 'for p in /proc/[0-9]*; do grep -qs "^Name:.*brimfs$" $p/status && echo ${p#/proc/}; done; true'; }
no_daemon() { [[ -z $(daemon) ]]; }
unmounted() { # DIRECTORY: and its daemon has ended
  step in_root umount "$1"
  eventually no_daemon || fail 'the daemon does not end'
}

# By fstab; then an upgrade, which leaves the mount alone.
mkdir -p "$root/mnt/data"
printf '%s /mnt/data brimfs _netdev,nofail,allow_other 0 0\n' "$url" >> "$root/etc/fstab"
step in_root mount /mnt/data
reads_right /mnt/data || fail 'what is read is not what was served'
before=$(daemon)
step apt_get install --reinstall /root/brimfs.deb
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
eventually in_root mountpoint -q /mnt/data || fail 'the line of the template mounts nothing'
reads_right /mnt/data || fail 'the mount of the template is wrong'
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
echo "installed, mounted, upgraded, removed and purged"
