#!/bin/bash
# package_boot_test.sh PACKAGES ORIGIN CACHE MANUAL: boots a fresh Debian 12 with systemd and the package
# of PACKAGES, and mounts there what the program ORIGIN serves: by the lines of MANUAL for fstab and
# autofs, by the units of the package, and while the server is away or silent.
#
# It has processes, mounts, a network and control groups of its own (fresh_debian.sh); its loopback is not
# this machine's.
set -euo pipefail
packages=$1 origin=$2 cache=$3 manual=$4
. "$(dirname "$0")/fresh_debian.sh"

needs ip nsenter pgrep
deb=$(echo "$packages"/brimfs_*.deb)
[[ -e $deb ]] || skip 'there is no package'
[[ -c /dev/autofs ]] || skip 'needs /dev/autofs'
groups=$(findmnt -n -t cgroup2 -o TARGET | head -n 1)
[[ -n $groups ]] || skip 'needs control groups, version 2'
in_namespaces "$cache" "$@"
make_root "$cache"
group=${groups%/}$(sed -n 's/^0:://p' /proc/self/cgroup | sed 's|/$||')/brimfs-test-$(basename "$root")
mkdir "$group" || skip 'cannot make control groups'
boot=
cleaned() {
  [[ -z $boot ]] || { kill -KILL "$boot" 2> /dev/null && wait "$boot" || true; }
  umount -l "$root"
  rmdir "$root"
  rm -f "$log"
  # Whatever is left ends with its first process, though not in the same moment.
  for ((tries = 100; tries > 0; tries--)); do
    ! find "$group" -depth -type d -exec rmdir {} + 2> /dev/null || break
    sleep 0.05
  done
}
trap cleaned EXIT

cp "$deb" "$root/root/brimfs.deb"
install systemd autofs /root/brimfs.deb
# Nothing else is to have its turn, or to fail for want of a terminal.
step in_root systemctl mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer \
  e2scrub_reap.service console-getty.service getty.target systemd-logind.service

# Servers in a network of their own: one that serves, one that is silent after the heads of its answers.
in_network() { nsenter --net=/proc/$network/ns/net -- "$@"; }
unshare --net sh -c 'ip link set lo up && exec sleep infinity' &
network=$!
eventually in_network sh -c 'ip link show lo | grep -q LOWER_UP' || fail 'has no loopback'
served "$root/silent.log" in_network "$origin" --sample --fault stall:ranged@first:ever
silent=$url
served "$root/origin.log" in_network "$origin" --sample
in_network curl -sf "${url}README.txt" > "$root/right" || fail 'the origin does not answer'
away=http://127.0.0.1:1/

# example PATTERN: the manual's first line for fstab that has it, for our server.
example() {
  local line
  line=$(grep -- "^https://example.org/data/ .*$1" "$manual" | head -n 1) || fail "no example has $1"
  echo "${line/#https:\/\/example.org\/data\//$url}"
}
{
  example '_netdev,nofail'
  example 'x-systemd.automount' | sed 's|/mnt/data|/mnt/looked-at|'
  echo "$away /mnt/away brimfs _netdev,nofail 0 0"
  echo "$away /mnt/looked-at-away brimfs _netdev,noauto,x-systemd.automount 0 0"
} > "$root/etc/fstab"
# A map of autofs escapes colons.
map=$(sed -n 's|https\\e://example.org/data/$||p' "$manual")
[[ -n $map ]] || fail 'the manual has no map of autofs'
echo "$map${url//:/\\:}" > "$root/etc/auto.brimfs"
echo '/remote /etc/auto.brimfs' > "$root/etc/auto.master"

boots() {
  echo 0 > "$group/cgroup.procs" || return
  # shellcheck disable=SC2016  # expanded inside
  exec nsenter --net=/proc/$network/ns/net -- \
    unshare --mount --pid --fork --kill-child --cgroup --uts --ipc bash -euc '
      mount -t proc proc "$0/proc"
      mount --bind "$0/proc/sys" "$0/proc/sys"
      mount -o remount,bind,ro "$0/proc/sys"
      mount -t sysfs -o ro sysfs "$0/sys"
      mount -t cgroup2 cgroup2 "$0/sys/fs/cgroup"
      mount -t tmpfs -o mode=755 tmpfs "$0/dev"
      for device in null zero full random urandom tty fuse autofs; do
        touch "$0/dev/$device"
        mount --bind "/dev/$device" "$0/dev/$device"
      done
      : > "$0/dev/console"
      ln -s /proc/self/fd "$0/dev/fd"
      mount -t tmpfs -o mode=755 tmpfs "$0/run"
      cd "$0"
      pivot_root . mnt
      exec chroot . sh -c "umount -l /mnt && exec env -i container=test /lib/systemd/systemd"' "$root"
}
umount "$root/proc" "$root/var/cache/apt/archives"
boots > "$log" 2>&1 &
boot=$!
systemd() { pgrep -P "$boot" -x systemd; }
eventually systemd || fail 'does not boot'
systemd=$(systemd)

inside() {
  nsenter -t "$systemd" --mount --pid --cgroup --net --uts --ipc --root --wd=/ -- \
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C "$@"
}
right() { inside cat "$1/README.txt" 2>> "$log" | cmp -s - "$root/right" && [[ -s $root/right ]]; }
# Without a look at it, which an automounter would count.
mounted() { inside grep -qF " $1 fuse.brimfs " /proc/mounts; }
free() { ! mounted "$1"; }
of() { inside systemctl show --value -p "$2" "$1"; }
is() { [[ $(of "$1" "$2") == "$3" ]]; }
journal() { inside journalctl -o cat "$@"; }
says() { [[ $(journal -u "$1") == *"$2"* ]]; }

# The machine comes up though one of its servers is away, and says what is.
eventually is multi-user.target ActiveState active || fail "does not come up: $(journal | tail)"
eventually right /mnt/data || fail "fstab's mount is wrong: $(journal -u mnt-data.mount)"
right /mnt/looked-at || fail 'the mount by x-systemd.automount is wrong'
right /remote/data || fail "the mount by autofs is wrong: $(journal -u autofs)"
eventually is mnt-away.mount Result exit-code || fail 'a mount without its server does not fail'
says mnt-away.mount "$away: Failed to connect" || fail "fails without a reason: $(journal -u mnt-away.mount)"
! inside ls /mnt/looked-at-away >> "$log" 2>&1 || fail 'an automount without its server is there'
[[ $(inside stat -c '%a %U' /run/brimfs) == '711 root' ]] || fail 'the mode of /run/brimfs'
[[ $(inside brimfs status) == *"$url on /mnt/data"* ]] || fail 'status does not see a mount of fstab'
step inside systemctl stop mnt-data.mount mnt-looked\\x2dat.automount autofs.service
free /mnt/data || fail 'stop does not unmount'
is mnt-data.mount Result success || fail "a mount that ends badly: $(journal -u mnt-data.mount)"

# The template of the service: up when the mount answers, for everybody; and again when it is killed.
service=brimfs@mnt-data.service
configure() { printf 'SOURCE=%s\nOPTIONS=%s\n' "$1" "${2:-allow_other,metadata_ttl=1h}" > "/proc/$systemd/root/etc/brimfs/mnt-data.env"; }
mkdir -p "/proc/$systemd/root/etc/systemd/system/$service.d"
printf '[Service]\nRestartSec=100ms\n' > "/proc/$systemd/root/etc/systemd/system/$service.d/soon.conf"
step inside systemctl daemon-reload
configure "$url"
step inside systemctl start "$service"
right /mnt/data || fail 'the mount of the template is wrong'
is "$service" StatusText "$url is mounted on /mnt/data" || fail "says $(of "$service" StatusText)"
[[ -n $(journal -u "$service" BRIMFS_MOUNT=/mnt/data) ]] || fail 'the journal has no field for the mount'
! says "$service" warning || fail "misses something: $(journal -u "$service")"
killed=$(of "$service" MainPID)
step inside systemctl kill -s KILL "$service"
restarted() { [[ $(of "$service" MainPID) != "$killed" ]] && is "$service" ActiveState active; }
eventually restarted || fail 'is not started again'
right /mnt/data || fail 'what is mounted again is wrong'
step inside systemctl stop "$service"
free /mnt/data || fail 'stop leaves the mount'
is "$service" Result success || fail "ends with $(of "$service" Result)"

# What is wrong is not tried again; a server that is away is, until it is there.
configure "$url" alow_other
! inside systemctl start "$service" >> "$log" 2>&1 || fail 'a wrong option starts'
is "$service" ActiveState failed || fail 'a wrong option is tried again'
says "$service" "did you mean 'allow_other'" || fail 'a wrong option is not named'
configure http://127.0.0.1:8080/
! inside systemctl start "$service" >> "$log" 2>&1 || fail 'a server that is away starts'
served "$root/late.log" in_network "$origin" --sample --port 8080
eventually right /mnt/data || fail "does not come back: $(journal -u "$service")"
step inside systemctl stop "$service"

# The sample units: mounted when somebody looks, unmounted when nobody does.
units=/proc/$systemd/root/etc/systemd/system
samples=/proc/$systemd/root/usr/share/doc/brimfs/examples
sed "s|^What=.*|What=$url|" "$samples/mnt-data.mount" > "$units/mnt-data.mount"
sed 's|^TimeoutIdleSec=.*|TimeoutIdleSec=1s|' "$samples/mnt-data.automount" > "$units/mnt-data.automount"
step inside systemctl daemon-reload
step inside systemctl enable --now mnt-data.automount
free /mnt/data || fail 'is mounted before anybody looks'
right /mnt/data || fail 'the sample units mount nothing'
eventually free /mnt/data || fail 'stays mounted though nobody looks'
right /mnt/data || fail 'is not mounted a second time'
step inside systemctl disable --now mnt-data.automount

# It goes down with readers that wait for a silent server.
step inside mkdir -p /mnt/silent
step inside mount -t brimfs "$silent" /mnt/silent -o allow_other
step inside systemd-run --unit=reader cat /mnt/silent/large.bin
waits() { inside brimfs status --json /mnt/silent | grep -Eq '"in_flight": *[1-9]'; }
eventually waits || fail "nobody waits: $(inside brimfs status --json /mnt/silent)"
step inside systemctl --no-block poweroff
down() { ! kill -0 "$boot"; }
eventually down || eventually down || fail 'hangs on its way down'
echo 'booted, mounted by fstab, automounters and units, outlived its servers, and went down'
