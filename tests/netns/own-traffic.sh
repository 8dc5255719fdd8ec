#!/usr/bin/env bash
# Traffic between the director's host itself and its masqueraded servers and clients is as without tunvs: it comes by its link,
# broadcasts and multicasts of a server are heard, and a TTL of 1 is enough for the host's own addresses, IPv4 and IPv6.
. "$(dirname "$0")/lib.sh"
topology
web rs1
web rs2
tcp_greeter ds 179 bgp
address ds eth1 192.168.1.183/24
address ds eth1 fd00:1::183/64

# A daemon that is bound to a link, as those of DHCP are.
ip netns exec ds python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth2")
s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
s.bind(("", 7000))
print("ready", flush=True)
while True: print(s.recvfrom(1000)[0].decode(), flush=True)
' >>heard 2>&1 &
wait_until 5 grep -q ready heard

# shout HOST ADDRESS TTL: says so to all hosts there.
shout() {
  on "$1" python3 -c '
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
for option in (socket.IP_TTL, socket.IP_MULTICAST_TTL): s.setsockopt(socket.IPPROTO_IP, option, int(sys.argv[2]))
s.sendto(" ".join(sys.argv[1:3]).encode(), (sys.argv[1], 7000))
' "$2" "$3"
}
# near HOST ADDRESS: how a connection ends whose packets may take one hop.
near() {
  on "$1" python3 -c '
import errno, socket, sys
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
s = socket.socket(family, socket.SOCK_STREAM)
s.settimeout(20)
if family == socket.AF_INET6: s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, 1)
else: s.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 1)
try:
    s.connect((sys.argv[1], 179))
    print("connected")
except OSError as error: print(errno.errorcode.get(error.errno, error))
' "$2"
}
# as_ever WHAT: all that works without a director.
as_ever() {
  local addr ttl
  : >heard
  for addr in 192.168.56.255 255.255.255.255 224.0.0.1; do
    for ttl in 1 64; do
      shout rs1 "$addr" "$ttl"
      wait_until 5 grep -q "^$addr $ttl$" heard
    done
  done
  for addr in 192.168.1.181 192.168.56.181 fd00:1::181 fd00:56::181; do
    same "$1: TTL 1 from a server to $addr" connected "$(near rs1 "$addr")"
  done
  for addr in 192.168.1.181 fd00:1::181; do
    same "$1: TTL 1 from a client to $addr" connected "$(near client "$addr")"
  done
  for addr in 192.168.1.181 192.168.1.183 192.168.56.181; do
    on rs1 ping -qc 1 -W 20 -t 1 "$addr" >/dev/null
  done
  for addr in 192.168.56.183 fd00:56::183; do on ds ping -qc 1 -W 20 -I eth2 "$addr" >/dev/null; done
  same "$1: a request that is bound to the link" rs1 "$(on ds curl -sS --max-time 30 --interface eth2 http://192.168.56.183)"
}
serve() {
  local flag vip
  for flag in -t -u; do
    for vip in 192.168.1.183:80 '[fd00:1::183]:80'; do
      on ds ipvsadm -A "$flag" "$vip" -s rr
      two_servers "$flag" "$vip" 80
    done
  done
}

as_ever "without a director"
start_director
serve
as_ever "with services"
same "the service" "rs2 rs1" "$(answers client 2 http://192.168.1.183)"
stop_director
start_director --masquerade 192.168.56.0/24 --rs-net 192.168.56.0/24
serve
as_ever "with subnets"
same "the service" "rs2 rs1" "$(answers client 2 http://192.168.1.183)"
stop_director
nothing_left
