#!/usr/bin/env bash
# The scenario of the kernel's own test of IPVS (tools/testing/selftests/net/netfilter/ipvs.sh), written anew: three
# hosts, and one upload by direct routing, masquerading and a tunnel, for IPv4 and IPv6.
#
#   ns0 br0 ---------------- veth10 ns1 veth12 ---------------- veth21 ns2
#   10.0.0.2   |            10.0.0.1    172.16.0.1            172.16.0.2 |
#   fd00:a::2  |            fd00:a::1   fd00:b::1             fd00:b::2  |
#              +--------- veth20 of ns2, 10.0.0.3, fd00:a::3: the answers' way past the director
tests=$(realpath "$(dirname "$0")")
. "$tests/lib.sh"
director_host=ns1
host ns0 ns1 ns2
cable ns0 veth01 ns1 veth10
cable ns1 veth12 ns2 veth21
cable ns0 veth02 ns2 veth20
ip -n ns0 link add br0 type bridge
ip -n ns0 link set br0 up
for port in veth01 veth02; do ip -n ns0 link set "$port" master br0; done
address ns0 br0 10.0.0.2/24 fd00:a::2/64
address ns1 veth10 10.0.0.1/24 fd00:a::1/64
address ns1 veth12 172.16.0.1/24 fd00:b::1/64
address ns2 veth21 172.16.0.2/24 fd00:b::2/64
address ns2 veth20 10.0.0.3/24 fd00:a::3/64
for name in ns0 ns2; do
  on "$name" sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0
done
ip -n ns0 route add 207.175.44.110/32 via 10.0.0.1
ip -n ns0 route add fd00:c::110/128 via fd00:a::1
head -c 16000000 /dev/urandom >"$work/sent"

# upload_to VIP: the server must get what the client sends.
upload_to() {
  ip netns exec ns2 python3 -c '
import socket, sys
s = socket.create_server(("::", 8080), family=socket.AF_INET6, dualstack_ipv6=True)
print("ready", flush=True)
c, _ = s.accept()
with open(sys.argv[1], "wb") as out:
    while data := c.recv(1 << 16): out.write(data)
c.sendall(b"thanks")
' "$work/received" >"$work/server.ready" 2>"$work/server.log" &
  local server=$!
  wait_until 5 test -s "$work/server.ready"
  same "the answer from $1" thanks "$(on ns0 timeout 30 python3 -c '
import socket, sys
s = socket.create_connection((sys.argv[1], 8080))
s.sendall(open(sys.argv[2], "rb").read())
s.shutdown(socket.SHUT_WR)
print(s.recv(100).decode())
' "$1" "$work/sent")"
  wait "$server"
  cmp "$work/sent" "$work/received" || fail "the upload to $1 differs"
  rm "$work/server.ready" "$work/received"
}

# upload_by OPTION: one upload by this forwarding method, for each family.
upload_by() {
  on ns1 ipvsadm -C
  on ns1 ipvsadm -A -t 207.175.44.110:8080 -s rr
  on ns1 ipvsadm -a -t 207.175.44.110:8080 -r 172.16.0.2:8080 "$1"
  on ns1 ipvsadm -A -t '[fd00:c::110]:8080' -s rr
  on ns1 ipvsadm -a -t '[fd00:c::110]:8080' -r '[fd00:b::2]:8080' "$1"
  upload_to 207.175.44.110
  upload_to fd00:c::110
}

start_director
ip -n ns2 route add 10.0.0.2/32 via 172.16.0.1
ip -n ns2 route add fd00:a::2/128 via fd00:b::1
upload_by -m
ip -n ns2 route del 10.0.0.2/32
ip -n ns2 route del fd00:a::2/128

address ns2 lo 207.175.44.110/32 fd00:c::110/128
upload_by -g

wire ns1 veth12
ip netns exec ns2 "$tests/decapsulate.py" "$work/came" >"$work/tunl.ready" 2>"$work/tunl.log" &
wait_until 5 test -s "$work/tunl.ready"
upload_by -i
same "what came through tunnels" ipip "$(<"$work/came")"
stop_director
nothing_left ns1
