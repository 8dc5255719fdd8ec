#!/usr/bin/env bash
# What no service or connection claims passes unharmed: a real server's own traffic, the host's health checks, a
# client that talks to a real server past the VIP, other ports and protocols of the VIP. Client has a route to the
# real servers' network via ds. What real servers send to the director's own addresses comes by its link, as without tunvs.
. "$(dirname "$0")/lib.sh"
topology
web rs1
web rs2
ip -n client route add 192.168.56.0/24 via 192.168.1.181
tcp_greeter client 2222 client
tcp_greeter ds 2222 ds
udp_echo client 5000
udp_echo rs1 5001
start_director
address ds eth1 192.168.1.183/24
on ds ipvsadm -A -t 192.168.1.183:80 -s rr
two_servers -t 192.168.1.183:80 80
same "the service" "rs2 rs1" "$(answers client 2 http://192.168.1.183)"

# A real server pings and "sshes" the client and the director, seen with its own address.
on rs1 ping -qc 2 -i 0.2 -W 20 192.168.1.10
on rs1 ping -qc 2 -i 0.2 -W 20 192.168.56.181
on rs1 ping -qc 2 -i 0.2 -W 20 192.168.1.181
on rs1 ping -qc 2 -i 0.2 -W 20 -s 4000 192.168.1.10
same "rs1 to the client" "client ::ffff:192.168.56.183" "$(tcp_hear rs1 192.168.1.10 2222)"
same "rs1 to the director" "ds ::ffff:192.168.56.183" "$(tcp_hear rs1 192.168.56.181 2222)"
same "rs1 to the client over UDP" "client hello" "$(udp_ask rs1 192.168.1.10 5000 hello)"

# The host's health checks, and its own traffic to the client.
same "a health check" rs1 "$(get ds http://192.168.56.183)"
on ds ping -qc 1 -W 20 192.168.56.184
same "the director to the client" "client ::ffff:192.168.1.181" "$(tcp_hear ds 192.168.1.10 2222)"

# Past the VIP: the real server's answer must keep its own address.
same "the client to rs1 itself" rs1 "$(get client http://192.168.56.183)"
same "the client to rs1 itself over UDP" "rs1 hello" "$(udp_ask client 192.168.56.183 5001 hello)"
on client ping -qc 1 -W 20 192.168.56.183

# Other ports and protocols of the VIP.
same "another port of the VIP" "ds ::ffff:192.168.1.10" "$(tcp_hear client 192.168.1.183 2222)"
same "a closed port of the VIP" ECONNREFUSED "$(tcp_try client 192.168.1.183 81)"
same "a closed UDP port of the VIP" ECONNREFUSED "$(udp_ask client 192.168.1.183 53 hello)"
on client ping -qc 2 -i 0.2 -W 20 192.168.1.183
on client ping -qc 2 -i 0.2 -W 20 -s 4000 192.168.1.183
# ICMP goes past the TUNs: who counts hops finds the virtual address one hop away, as with IPVS (`traceroute -I`).
on client ping -qc 1 -t 1 -W 20 192.168.1.183

# --- the host's own sockets towards a real server, bound to the link
on ds ipvsadm -A -t '[fd00:1::183]:80' -s rr
two_servers -t '[fd00:1::183]:80' 80
same "the IPv6 service" "rs2 rs1" "$(answers client 2 'http://[fd00:1::183]')"
same "a client here" "rs2 rs1" "$(answers ds 2 http://192.168.1.183)"
for rs in 192.168.56.183 fd00:56::183; do
  on ds ping -qc 2 -i 0.2 -W 20 -I eth2 "$rs"
  on ds ping -qc 2 -i 0.2 -W 20 -s 4000 -I eth2 "$rs"
done
same "a check by the link" rs1 "$(on ds curl -sS --max-time 30 --interface eth2 http://192.168.56.183)"
same "a check by the link, IPv6" rs1 "$(on ds curl -gsS --max-time 30 --interface eth2 'http://[fd00:56::183]')"

# hears BIND-TO-DEVICE: one datagram to port 6767, and the link that it came by, as the kernel tells (IP_PKTINFO).
hears() {
  : >"$work/heard"
  ip netns exec ds python3 -c '
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IP, 8, 1)
if sys.argv[1]: s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, sys.argv[1].encode())
s.bind(("", 6767))
s.settimeout(60)
print("ready", flush=True)
data, told, _, _ = s.recvmsg(100, 100)
print(data.decode(), socket.if_indextoname(int.from_bytes(told[0][2][:4], sys.byteorder)), flush=True)
' "$1" >"$work/heard" 2>"$work/heard.log" &
  wait_until 5 grep -q ready "$work/heard"
}
# tells ADDRESS [SOURCE-PORT]: rs1 sends that datagram.
tells() {
  on rs1 python3 -c '
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
s.bind(("", int(sys.argv[2])))
s.sendto(b"hello", (sys.argv[1], 6767))' "$1" "${2:-0}"
}
for to in 192.168.56.181 192.168.56.255 255.255.255.255; do
  for device in '' eth2; do
    hears "$device"
    tells "$to" 80
    wait_until 5 grep -q 'hello eth2' "$work/heard"
  done
done

# A firewall that takes what comes by the servers' link; a neighbour that speaks with one hop, as eBGP does.
on ds nft -f - <<'NFT'
table inet filter {
  chain input {
    type filter hook input priority 0; policy accept;
    iifname "eth2" accept
    tcp dport 2222 drop
  }
}
NFT
one_hop() {
  on "$1" python3 -c '
import socket, sys
is_v6 = ":" in sys.argv[1]
s = socket.socket(socket.AF_INET6 if is_v6 else socket.AF_INET)
s.settimeout(30)
s.setsockopt(*((socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS) if is_v6 else (socket.IPPROTO_IP, socket.IP_TTL)), 1)
s.connect((sys.argv[1], 2222))
print(s.recv(100).decode().split()[0])' "$2"
}
for to in 192.168.56.181 fd00:56::181; do same "one hop to $to" ds "$(one_hop rs1 $to)"; done
on ds nft flush ruleset
on client ping -qc 1 -W 20 -t 1 192.168.1.183

stop_director
nothing_left
