#!/bin/bash
# package_test.sh BUILD PACKAGING OUT: packs the build into OUT/*.deb, compiling nothing, and looks at
# what is in it: lintian, what dpkg is told, the units.
set -euo pipefail
build=$1 packaging=$2 out=$3

skip() { echo "skipped: $1" && exit 77; }
fail() { echo "FAILED: $1" && exit 1; }
for tool in cpack dpkg-deb dpkg-shlibdeps file lintian; do
  command -v "$tool" > /dev/null || skip "$tool is not installed"
done

rm -rf "$out"
mkdir -p "$out"
# CPack's own records beside the package are not wanted.
cpack --config "$build/CPackConfig.cmake" -G DEB -B "$out" > "$out/cpack.log" 2>&1 ||
  { cat "$out/cpack.log" && fail 'cpack'; }
rm -rf "$out/_CPack_Packages"
deb=$(echo "$out"/brimfs_*.deb)

# The whole list is shown if there is an error; warnings are allowed few.
lintian --allow-root --fail-on error --display-info "$deb" > "$out/lintian.log" 2>&1 ||
  { cat "$out/lintian.log" && fail 'lintian'; }
warnings=$(grep -c '^W:' "$out/lintian.log" || true)
((warnings <= 3)) || { cat "$out/lintian.log" && fail "$warnings warnings of lintian"; }

depends=$(dpkg-deb -f "$deb" Depends)
for package in fuse3 libc6 libcurl4 libfuse3-3 libmicrohttpd12; do
  [[ $depends == *"$package"* ]] || fail "Depends has no $package: $depends"
done

files=$(dpkg-deb -c "$deb" | awk '{ print $6 }')
for file in usr/bin/brimfs sbin/mount.brimfs etc/brimfs/brimfs.conf usr/lib/tmpfiles.d/brimfs.conf \
  usr/lib/systemd/system/brimfs@.service usr/share/man/man1/brimfs.1.gz \
  usr/share/man/man8/mount.brimfs.8.gz usr/share/doc/brimfs/copyright \
  usr/share/doc/brimfs/changelog.Debian.gz usr/share/doc/brimfs/examples/mnt-data.automount; do
  grep -qxF "./$file" <<< "$files" || fail "no $file in the package"
done
[[ ! -e $packaging/completion/brimfs ]] ||
  grep -qxF ./usr/share/bash-completion/completions/brimfs <<< "$files" || fail 'no completion'
[[ $(dpkg-deb -I "$deb" conffiles) == /etc/brimfs/brimfs.conf ]] || fail 'the conffile is none'

# A unit with a mount namespace of its own hides the mount. It sees that it can find one.
hides() {
  grep -E '^(Private(Tmp|Devices|Mounts|IPC|Users)|Protect(System|Home|Kernel.*|ControlGroups|Proc)|ProcSubset|(ReadOnly|ReadWrite|Inaccessible|Exec|NoExec)Paths|Bind(ReadOnly)?Paths|TemporaryFileSystem|Root.*|MountFlags|MountImages|ExtensionImages|DynamicUser)=' "$1"
}
hides <(echo PrivateTmp=yes) > /dev/null || fail 'blind to mount namespaces'
! hides "$packaging/systemd/brimfs@.service" || fail 'the unit has a mount namespace of its own'

if command -v systemd-analyze > /dev/null; then
  units=$(mktemp -d)
  trap 'rm -rf "$units"' EXIT
  verify() { SYSTEMD_UNIT_PATH=$units: systemd-analyze verify --man=no "$@" 2>&1 | grep -F "$units" || true; }
  # An instance is a link to the template; the program need not be installed here.
  program=$(command -v true)
  for unit in brimfs@.service mnt-data.mount mnt-data.automount; do
    sed "s|/usr/bin/brimfs|$program|" "$packaging/systemd/$unit" > "$units/$unit"
  done
  said=$(verify "$units/brimfs@mnt-data.service" "$units/mnt-data.mount" "$units/mnt-data.automount")
  [[ -z $said ]] || fail "systemd-analyze: $said"
  sed -i 's/^Restart=/Restart=whenever-/' "$units/brimfs@.service"
  [[ $(verify "$units/brimfs@mnt-data.service") == *restart* ]] || fail 'systemd-analyze sees nothing'
else
  echo 'no systemd-analyze: the units are not verified'
fi
echo "$deb: $warnings warnings"
