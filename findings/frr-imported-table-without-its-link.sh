#!/usr/bin/env bash
# `ip import-table` of FRR 8.4.4-1.1~deb12u2 (Debian 12; root, in a network namespace of its own; seen with Linux 6.18).
#
# zebra takes the routes of a kernel's table of its own into its table of routes, from where routing daemons announce them. The link
# of such a route is taken away: the kernel deletes the route without a message of its own, as it does for all IPv4 routes of a link.
# Seen: of the main table zebra forgets the route. The imported one stays, selected and in the FIB by its own word, by an interface
# that it calls "unknown", until it is told of a change of that route.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq frr=8.4.4-1.1~deb12u2 libyang2=2.1.30-2 libjson-c5 libprotobuf-c1 libcap2 >/dev/null 2>&1
for package in *.deb; do dpkg -x "./$package" root; done
cat >look.sh <<'SH'
export LD_LIBRARY_PATH=$PWD/root/usr/lib/x86_64-linux-gnu:$PWD/root/usr/lib/x86_64-linux-gnu/frr:$PWD/root/lib/x86_64-linux-gnu
mount -t tmpfs tmpfs /run
mkdir -p /run/frr /run/etc
{ grep -v ^frrvty: /etc/group; echo frrvty:x:999:root; } >/run/etc/group
mount --bind /run/etc/group /etc/group
echo 'ip import-table 151' >/run/etc/zebra.conf
ip link set lo up
ip link add link0 type veth peer name link1
ip link set link1 up
ip link set link0 up
root/usr/lib/frr/zebra -d -u root -g root -f /run/etc/zebra.conf -i /run/frr/zebra.pid --vty_socket /run/frr -A 127.0.0.1 2>/dev/null
routes() { root/usr/bin/vtysh --vty_socket /run/frr --config_dir /run/etc -c 'show ip route' 2>/dev/null | sed -nE 's/, [0-9:]+$//; /192\.0\.2/p'; }
until_that() { for _ in $(seq 100); do if "$@"; then return; fi; read -rt 0.1 <> <(:) || true; done; }
there() { [[ $(routes | wc -l) == "$1" ]]; }
until_that there 0
ip route add 192.0.2.1/32 dev link0 table 151
ip route add 192.0.2.2/32 dev link0
until_that there 2
echo "with the link:"
routes
ip link del link0
until_that there 1
echo "without it: $(ip route show table 151 | wc -l) routes of the kernel's table"
routes
kill "$(cat /run/frr/zebra.pid)"
SH
unshare --net --mount bash look.sh | tee seen
diff seen - <<'SEEN'
with the link:
T[151]>* 192.0.2.1/32 [15/0] is directly connected, link0
K>* 192.0.2.2/32 [0/0] is directly connected, link0
without it: 0 routes of the kernel's table
T[151]>* 192.0.2.1/32 [15/0] is directly connected, unknown
SEEN
echo "as found"
