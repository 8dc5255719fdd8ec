#!/usr/bin/env bash
# `ip rule del goto N`, by iproute2 6.1.0-3 (Debian 12) and the kernel (seen with Linux 6.18; root, in a network namespace of its own).
#
# `ip rule del lookup N` deletes the first rule that leads into table N.
# Seen: the kernel does not compare where a rule jumps to. `ip rule del goto 400` deletes the first rule that jumps anywhere, without a
# word, also where no rule jumps to 400; and of two jumps that differ in their target only, the second is refused as existing already.
# Who names a preference in front of which there is no other rule deletes the right one.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq iproute2=6.1.0-3 >/dev/null 2>&1
dpkg -x ./iproute2_*.deb root
cat >look.sh <<'SH'
PATH=$PWD/root/bin:$PATH
rules() { echo "$1: exit $?;" $(ip rule | sed -nE 's/^([1-9][0-9]{2}):\tfrom all ([^[]*[^[ ]).*/\1 \2,/p'); }
ip rule add pref 100 lookup 7
ip rule add pref 200 lookup 8
ip rule del lookup 8
rules 'del lookup 8'
ip rule del lookup 7
ip rule add pref 100 goto 300
ip rule add pref 200 goto 400
rules 'two jumps'
ip rule del goto 400
rules 'del goto 400'
ip rule del goto 999
rules 'del goto 999'
ip rule add pref 100 goto 300
ip rule add pref 100 goto 400 2>/dev/null
rules 'add another of the same preference'
SH
unshare --net bash look.sh | tee seen
diff seen - <<'SEEN'
del lookup 8: exit 0; 100 lookup 7,
two jumps: exit 0; 100 goto 300, 200 goto 400,
del goto 400: exit 0; 200 goto 400,
del goto 999: exit 0;
add another of the same preference: exit 2; 100 goto 300,
SEEN
echo "as found"
