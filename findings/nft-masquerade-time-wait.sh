#!/usr/bin/env bash
# Short connections of two hosts behind one masquerading router with few ports, by nftables 1.0.6-2+deb12u2 (Debian 12) and the kernel's NAT
# (seen with Linux 6.18; root, in network namespaces of its own).
#
# The server ends each connection first, so its end waits in TIME_WAIT and remembers sequence numbers and time stamps of the host.
# Seen: once most ports are taken, NAT takes over those of connections that it has seen closing and gives them to whoever comes. Where the
# SYN looks older than what the server remembers (another host counts in its own way) the server answers with a bare ACK, the host
# resets, and its SYN has to come again: about 120 of 256, most in 10 ms, about 10 in a second. While ports are free none has to.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq nftables=1.0.6-2+deb12u2 libnftables1=1.0.6-2+deb12u2 libnftnl11=1.2.4-2 >/dev/null 2>&1
for package in ./*.deb; do dpkg -x "$package" root; done
cat >server.py <<'PY'
import socket

server = socket.create_server(("192.0.2.2", 80), backlog=64)
print("ready", flush=True)
while True:
    server.accept()[0].close()
PY
cat >client.py <<'PY'
import socket
import sys
import time


def again():
    names, values = (line.split() for line in open("/proc/net/snmp") if line.startswith("Tcp:"))
    return int(values[names.index("RetransSegs")])


slow, before = 0, again()
for _ in range(int(sys.argv[2])):
    with socket.socket() as client:
        client.settimeout(10)
        client.bind((sys.argv[1], 0))
        start = time.monotonic()
        client.connect(("192.0.2.2", 80))
        slow += time.monotonic() - start > 0.5
        assert client.recv(1) == b""
print(f"{sys.argv[1]}: {again() - before} segments sent again, {slow} connects slow", file=sys.stderr)
print("some" if slow else "none", "slow,", "many" if again() - before > 20 else "few", "sent again")
PY
cat >look.sh <<'SH'
mount -t tmpfs run /run
nft() { LD_LIBRARY_PATH=$(dirname "$(find "$PWD/root" -name 'libnftables.so.1')") root/usr/sbin/nft "$@"; }
for host in one two server; do
  ip netns add $host
  ip link add $host type veth peer name eth0 netns $host
  ip link set $host up
  ip -n $host link set lo up
  ip -n $host link set eth0 up
done
ip addr add 10.0.1.1/24 dev one
ip addr add 10.0.2.1/24 dev two
ip addr add 192.0.2.1/24 dev server
ip -n one addr add 10.0.1.2/24 dev eth0
ip -n two addr add 10.0.2.2/24 dev eth0
ip -n server addr add 192.0.2.2/24 dev eth0
ip -n one route add default via 10.0.1.1
ip -n two route add default via 10.0.2.1
echo 1 >/proc/sys/net/ipv4/ip_forward
ip netns exec server python3 server.py >ready &
until [[ -s ready ]] || ! kill -0 $!; do sleep 0.1; done
nft add table ip nat
nft 'add chain ip nat out { type nat hook postrouting priority 100; }'
nft 'add rule ip nat out oifname server ip protocol tcp masquerade to :40000-40127'
echo "ports free: $(ip netns exec one python3 client.py 10.0.1.2 64)"
ip netns exec one python3 client.py 10.0.1.2 64 >/dev/null
echo "ports taken: $(ip netns exec two python3 client.py 10.0.2.2 256)"
kill %1
SH
unshare --net --mount --pid --fork --kill-child --mount-proc bash look.sh | tee seen
diff seen - <<'SEEN'
ports free: none slow, few sent again
ports taken: some slow, many sent again
SEEN
echo "as found"
