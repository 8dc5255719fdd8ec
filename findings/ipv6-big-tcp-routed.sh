#!/usr/bin/env bash
# IPv6 BIG TCP through a router whose links have the same MTU, by the kernel (seen with Linux 6.18; the option is gone in Linux 7) and
# iproute2 6.1.0-3 (Debian 12); root, in network namespaces of its own.
#
# Two hosts and a router let super-packets be 185,000 bytes long (`gso_max_size`, `gro_max_size`), as the documentation of BIG TCP asks. What is
# longer than 64 KB carries a hop-by-hop option with its length until it is cut. The router counts these 8 bytes for each segment
# to be, though no segment will have them: 1508 bytes do not fit 1500.
# Seen: packet too big for each full super-packet, which the sender cannot heed since 1500 is what it uses; it sends nearly all again as
# shorter ones after a loss each time. 4 MB have hundreds to thousands of segments sent again; with 64 KB none, or a few.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq iproute2=6.1.0-3 >/dev/null 2>&1
dpkg -x iproute2_*.deb root
cat >server.py <<'PY'
import socket

server = socket.create_server(("fd00:2::2", 80), family=socket.AF_INET6)
print("ready", flush=True)
while True:
    conn = server.accept()[0]
    while conn.recv(1 << 20):
        pass
    conn.close()
PY
cat >client.py <<'PY'
import socket
import sys


def of(path, name):
    return next(int(line.split()[1]) for line in open(path) if line.startswith(name))


def again():
    names, values = (line.split() for line in open("/proc/net/snmp") if line.startswith("Tcp:"))
    return int(values[names.index("RetransSegs")])


before = again()
with socket.create_connection(("fd00:2::2", 80), timeout=100) as client:
    client.sendall(bytes(4_000_000))
    client.shutdown(socket.SHUT_WR)
    client.recv(1)
print(f"{sys.argv[1]} bytes: {again() - before} segments sent again", file=sys.stderr)
print("many" if again() - before > 300 else "few", "sent again")
PY
cat >look.sh <<'SH'
mount -t tmpfs run /run
ip() { root/bin/ip "$@"; }
for host in one two; do
  ip netns add $host
  ip link add $host type veth peer name eth0 netns $host
  ip link set $host up
  ip -n $host link set lo up
  ip -n $host link set eth0 up
done
ip -6 addr add fd00:1::1/64 dev one nodad
ip -6 addr add fd00:2::1/64 dev two nodad
ip -n one -6 addr add fd00:1::2/64 dev eth0 nodad
ip -n two -6 addr add fd00:2::2/64 dev eth0 nodad
ip -n one -6 route add default via fd00:1::1
ip -n two -6 route add default via fd00:2::1
sysctl -qw net.ipv6.conf.all.forwarding=1
ip netns exec two python3 server.py >ready &
until [[ -s ready ]] || ! kill -0 $!; do sleep 0.1; done
too_big() { awk '$1 == "Icmp6OutPktTooBigs" { print $2 }' /proc/net/snmp6; }
for size in 185000 65536; do
  for link in one two; do
    ip link set $link gso_max_size $size gro_max_size $size
    ip -n $link link set eth0 gso_max_size $size gro_max_size $size
  done
  before=$(too_big)
  said=$(ip netns exec one python3 client.py $size)
  echo "$size bytes: $(($(too_big) - before)) packets too big" >&2
  (($(too_big) == before)) && echo "$size: $said, none too big" || echo "$size: $said, some too big"
done
kill %1
SH
unshare --net --mount --pid --fork --kill-child --mount-proc bash look.sh | tee seen
diff seen - <<'SEEN'
185000: many sent again, some too big
65536: few sent again, none too big
SEEN
echo "as found"
