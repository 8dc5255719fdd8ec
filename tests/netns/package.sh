#!/usr/bin/env bash
# The Debian package on a machine that systemd runs: installs in place of ipvsadm, starts confined by its unit, comes
# back after a kill, reloads, gives its connections to a newer package and to the older one again, stops without a trace, and is
# purged without one.
root=$(realpath "$(dirname "$0")/../..")
. "$(dirname "$0")/lib.sh"

COMPRESSION=none "$root/scripts/build-deb" "$TUNVS_BIN" "$work/package" >/dev/null
package=$(echo "$work"/package/*.deb)

# The machine: this one's files, with a layer of memory on top, and nothing else of it.
machine=$work/machine
mkdir "$machine"{,-layer}
mount -t tmpfs -o size=1g tmpfs "$machine-layer"
mkdir "$machine-layer"/{upper,inner}
mount -t overlay overlay -o "lowerdir=/,upperdir=$machine-layer/upper,workdir=$machine-layer/inner" "$machine"
mount -t proc proc "$machine/proc"
mount --rbind /sys "$machine/sys"
mount --make-rslave "$machine/sys"
mount -t tmpfs tmpfs "$machine/dev"
for name in null zero random urandom tty full net/tun; do
  mkdir -p "$machine/dev/$(dirname "$name")"
  touch "$machine/dev/$name"
  mount --bind "/dev/$name" "$machine/dev/$name"
done
ln -s /proc/self/fd "$machine/dev/fd"
mkdir "$machine"/dev/{pts,shm}
touch "$work/console" "$machine/dev/console"
mount --bind "$work/console" "$machine/dev/console"
for folder in run tmp var/tmp; do mount -t tmpfs tmpfs "$machine/$folder"; done
cp "$package" "$machine/srv/tunvs.deb"
dpkg-deb -R "$package" newer
sed -i 's/^Version: .*/Version: 99-1/' newer/DEBIAN/control
dpkg-deb -Znone -b newer "$machine/srv/newer.deb" >/dev/null
# Of its services only ours: no unit may touch what machines share.
rm -rf "$machine"/etc/systemd/system/*.wants "$machine/usr/sbin/policy-rc.d"
for unit in systemd-sysctl systemd-modules-load systemd-udevd systemd-udev-trigger systemd-networkd systemd-resolved \
  systemd-timesyncd systemd-remount-fs systemd-logind systemd-random-seed console-getty getty@ apt-daily ldirectord ipvsadm; do
  ln -sf /dev/null "$machine/etc/systemd/system/$unit.service"
done
for unit in dev-hugepages dev-mqueue sys-fs-fuse-connections sys-kernel-debug sys-kernel-tracing sys-kernel-config; do
  ln -sf /dev/null "$machine/etc/systemd/system/$unit.mount"
done

# systemd wants control groups; it gets a branch of its own in each hierarchy that it uses.
groups=()
while read -r _ _ _ top mounted _; do
  [[ $top == / && $mounted == /sys/* ]] || continue
  group=$mounted/tunvs-test-$$-$RANDOM
  mkdir "$group"
  groups+=("$group")
done < <(grep -E ' - cgroup2 | - cgroup .*name=systemd' /proc/self/mountinfo)
((${#groups[@]})) || fail "no control groups here to run systemd in"

remove_groups() {
  local group
  kill -KILL "$booted" 2>/dev/null || true
  wait "$booted" 2>/dev/null || true
  for group in "${groups[@]}"; do
    wait_until 10 remove_group "$group"
  done
}
remove_group() { find "$1" -depth -type d -exec rmdir {} +; }
trap 'code=$?; remove_groups; ended $code' EXIT

(
  for group in "${groups[@]}"; do echo "$BASHPID" >"$group/cgroup.procs"; done
  exec unshare --net --mount --pid --cgroup --ipc --uts --fork --kill-child bash -c '
    mount -t tmpfs tmpfs "$1/sys/fs/cgroup"
    for hierarchy in "${@:2}"; do
      type=cgroup options=none,name=systemd
      [[ -e $hierarchy/cgroup.controllers ]] && type=cgroup2 options=rw
      mkdir -p "$1$(dirname "$hierarchy")"
      mount -t $type -o $options cgroup "$1$(dirname "$hierarchy")"
    done
    mount -t proc proc "$1/proc"
    exec env -i container=tunvs-test PATH=/usr/sbin:/usr/bin:/sbin:/bin \
      chroot "$1" /lib/systemd/systemd --system --unit=basic.target --log-target=console --show-status=0' \
    - "$machine" "${groups[@]}"
) >"$work/systemd.log" 2>&1 &
booted=$!

# inside COMMAND...: on that machine.
inside() {
  [[ -n ${init-} ]] || init=$(pgrep -P "$booted" systemd)
  nsenter -t "$init" -a -r -w env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
}
is_booted() { [[ $(inside systemctl is-system-running) == @(running|degraded) ]]; }
wait_until 30 is_booted
inside ip link set lo up
files() { (cd "$machine-layer/upper" && find etc usr lib -not -path '*/systemd/system/*' -not -type c 2>/dev/null | sort) }

# --- installs, in place of ipvsadm where that is
inside dpkg -i /srv/tunvs.deb >"$work/dpkg.log" 2>&1 || fail "$(cat "$work/dpkg.log")"
contains "the package's state" "install ok installed" "$(inside dpkg-query -W -f '${Status}' tunvs)"
same "the unit" "active enabled" "$(inside systemctl is-active tunvs) $(inside systemctl is-enabled tunvs)"
inside journalctl -b -o cat --no-pager >"$work/journal.log" || true
same "what systemd-networkd is told" "ManageForeignRoutes=no ManageForeignRoutingPolicyRules=no" \
  "$(inside grep -h ^Manage /usr/lib/systemd/networkd.conf.d/50-tunvs.conf | xargs)"
inside systemd-analyze verify tunvs.service >"$work/verify.log" 2>&1 || fail "$(cat "$work/verify.log")"
exposure=$(inside systemd-analyze security tunvs --no-pager | tail -1)
contains "its exposure" OK "$exposure"

# --- works, with no more than it needs
contains "the listing" "IP Virtual Server version" "$(inside ipvsadm -L -n)"
# Where the plugin of munin looks for it.
contains "the same by its whole path" "IP Virtual Server version" "$(inside /sbin/ipvsadm -L -n)"
inside ip addr add 192.168.1.183/32 dev lo
inside ip addr add 192.168.1.191/32 dev lo
inside ipvsadm -A -t 192.168.1.183:80 -s rr
inside ipvsadm -a -t 192.168.1.183:80 -r 192.168.1.191:8080 -m
inside python3 -m http.server 8080 --bind 192.168.1.191 --directory /etc/tunvs >"$work/server.log" 2>&1 &
is_served() { [[ $(inside curl -sS --max-time 2 http://192.168.1.183/tunvs.toml) == "$(<"$machine/etc/tunvs/tunvs.toml")" ]]; }
wait_until 10 is_served
pid_of() { inside systemctl show -P MainPID tunvs; }
capabilities() { inside sed -n 's/^Cap\(Eff\|Bnd\):\t0*//p' "/proc/$(pid_of)/status" | xargs; }
# Bits 10, 12 and 13: NET_BIND_SERVICE, NET_ADMIN, NET_RAW. Bit 39, BPF, was for the start.
same "its capabilities" "3400 8000003400" "$(capabilities)"

# --- reads its configuration again
printf '[[service]]\naddress = "192.168.1.184:80"\n' >>"$machine/etc/tunvs/tunvs.toml"
inside systemctl reload tunvs
declared() { [[ $(inside ipvsadm -S -n) == *192.168.1.184:80* ]]; }
wait_until 10 declared

# --- comes back after a kill
killed=$(pid_of)
inside kill -KILL "$killed"
came_back() { [[ $(pid_of) != @(0|"$killed") ]] && inside ipvsadm -L -n; }
wait_until 15 came_back

# --- another version takes over, with the connections
inside ipvsadm -A -t 192.168.1.183:7 -s rr
inside ipvsadm -a -t 192.168.1.183:7 -r 192.168.1.191:7 -m
inside python3 -c '
import socket
server = socket.create_server(("192.168.1.191", 7))
print("listens", flush=True)
conn, _ = server.accept()
while word := conn.recv(100): conn.sendall(word)' >"$work/echo.log" 2>&1 &
wait_until 10 grep -q listens "$work/echo.log"
mkfifo words
inside python3 -u -c '
import socket, sys
conn = socket.create_connection(("192.168.1.183", 7), timeout=20)
for word in sys.stdin:
    conn.sendall(word.encode())
    print(conn.recv(100).decode(), end="", flush=True)' <words >"$work/words.log" 2>&1 &
exec {says}>words
# answered WORD: by the connection that was opened first.
answered() {
  echo "$1" >&$says
  wait_until 10 grep -qx "$1" "$work/words.log"
}
conns_of() { inside ipvsadm -Ln --stats --exact | awk '$2 == "192.168.1.183:7" { print $3 }'; }
answered before
for other in newer tunvs; do
  # Not systemd's: that is the first one, which waits for the others.
  old=$(director_pid inside)
  inside dpkg -i "/srv/$other.deb" >"$work/dpkg.log" 2>&1 || fail "$(cat "$work/dpkg.log")"
  contains "what dpkg shows" "has taken over" "$(<"$work/dpkg.log")"
  [[ $(director_pid inside) != "$old" ]] || fail "$other.deb did not take over"
  same "the unit" active "$(inside systemctl is-active tunvs)"
  answered "by $other"
  same "connections that were counted" 1 "$(conns_of)"
done
exec {says}>&-

# --- stops, and goes
inside systemctl stop tunvs
[[ $(inside ip -o link) != *tunvs* ]] || fail "a TUN is left"
same "the first rule" $'0:\tfrom all lookup local' "$(inside ip rule | head -1)"
inside systemctl start tunvs
inside dpkg --purge --force-depends tunvs >"$work/dpkg.log" 2>&1 || fail "$(cat "$work/dpkg.log")"
[[ $(inside ip -o link) != *tunvs* ]] || fail "removing the package leaves a TUN"
same "files that the purge leaves" "" "$(files | grep -i tunvs || true)"
same "units that the purge leaves" "" "$(find "$machine"/{etc,lib,run}/systemd/system -name '*tunvs*' 2>/dev/null)"
