#!/usr/bin/env bash
# --masquerade: connections that real servers open outwards leave with the director's address, without netfilter: TCP,
# UDP, echo, errors, IPv4 and IPv6, long datagrams, a hundred at once; services, the host's own connections and hosts
# of the subnet among themselves go on as without it.
#
#   outer ------------- eth1  ds  eth2 ------- rs1, rs2   (lib.sh's topology; client is the outer host)
#     |
#   router's other side: far 10.9.0.2, fd09::2, behind client as a router
. "$(dirname "$0")/lib.sh"
topology
host far
cable client eth1 far eth0
address client eth1 10.9.0.1/24 fd09::1/64
address far eth0 10.9.0.2/24 fd09::2/64
on client sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
ip -n far route add 192.168.1.0/24 via 10.9.0.1
ip -n far -6 route add fd00:1::/64 via fd09::1
ip -n ds route add default via 192.168.1.10
ip -n ds -6 route add default via fd00:1::10
# Nobody outside knows a way to the real servers.
refused on rs1 curl -sS --max-time 3 http://10.9.0.2
on ds sysctl -qw net.ipv4.ip_local_port_range="30000 40000"
web far
web rs1
web rs2
tcp_greeter far 9000 far
tcp_greeter rs1 9000 rs1
tcp_greeter ds 20000 ds
udp_echo far 5353
udp_echo rs2 5353
head -c 20000000 /dev/urandom >"$work/blob"
cp "$work/blob" "$work/web-far/html/files/down"
before=$(snapshot ds)

start_director --masquerade 192.168.56.0/24 --masquerade fd00:56::/64
same "reserved ports" 16384-32767 "$(on ds sysctl -n net.ipv4.ip_local_reserved_ports)"

# Everything that reaches the far link from the director must have its address.
ip netns exec far tcpdump -qlnni eth0 'ip or (ip6 and not (icmp6 and ip6[40] >= 133))' >"$work/far.dump" 2>"$work/far.tcpdump" &
dump=$!
wait_until 10 grep -q listening "$work/far.tcpdump"

# seen_by HOST FROM ADDRESS: the address that the greeter there sees.
seen_by() {
  local said
  said=$(tcp_hear "$2" "$3" 9000)
  echo "${said#* }" | sed 's/^::ffff://'
}

# way HOST ADDRESS: who complains of datagrams of one hop, of two, and so on, as traceroute shows it.
way() {
  on "$1" python3 - "$2" <<'PY'
import select, socket, struct, sys
addr = sys.argv[1]
v6 = ":" in addr
level, ttl, recverr = (socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, 25) if v6 else (socket.IPPROTO_IP, socket.IP_TTL, 11)
found = []
for hops in range(1, 9):
    s = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(level, ttl, hops)
    s.setsockopt(level, recverr, 1)
    s.connect((addr, 33434 + hops))
    s.send(b"x" * 32)
    if not select.select([], [], [s], 5)[2] and not select.select([s], [], [], 0)[0]:
        found.append("*")
        continue
    _, ancillary, _, _ = s.recvmsg(512, 512, socket.MSG_ERRQUEUE)
    error = ancillary[0][2]
    offender = error[24:40] if v6 else error[20:24]
    found.append(socket.inet_ntop(socket.AF_INET6 if v6 else socket.AF_INET, offender))
    if found[-1] == addr:
        break
print(*found)
PY
}

# hop_of_echo HOST FAMILY HOPS ADDRESS: who complains of an echo request of so many hops.
hop_of_echo() {
  on "$1" ping "-$2" -n -c 1 -W 5 -t "$3" "$4" | sed -n 's/^From \(.*\) icmp_seq.*exceeded.*/\1/p; s/^From \(.*\): icmp_seq.*Hop limit.*/\1/p' || true
}

long=$(printf 'x%.0s' {1..5000})
for family in 4 6; do
  if ((family == 4)); then
    far=10.9.0.2 open='' close='' own=192.168.1.181 net=192.168.56.18
  else
    far=fd09::2 open=[ close=] own=fd00:1::181 net=fd00:56::18
  fi
  same "a page, IPv$family" far "$(get rs1 "http://$open$far$close")"
  same "the source, IPv$family" "$own" "$(seen_by far rs2 "$far")"
  upload rs1 "http://$open$far$close" "$work/blob" far
  download rs2 "http://$open$far$close" "$work/blob"
  same "a datagram, IPv$family" "far hello" "$(udp_ask rs1 "$far" 5353 hello)"
  same "a long datagram, IPv$family" "far $long" "$(udp_ask rs2 "$far" 5353 "$long")"
  same "a closed port, IPv$family" ECONNREFUSED "$(tcp_try rs1 "$far" 7)"
  same "a datagram to a closed port, IPv$family" ECONNREFUSED "$(udp_ask rs1 "$far" 7 hello)"
  for rs in rs1 rs2; do on $rs ping -$family -qc 3 -i 0.2 -W 20 "$far" >/dev/null; done
  on rs1 ping -$family -qc 1 -s 4000 -W 20 "$far" >/dev/null
  # Each hop complains, and it is the asker who hears.
  if ((family == 4)); then expected="192.168.56.181 192.168.1.10 10.9.0.2"; else expected="fd00:56::181 fd00:1::10 fd09::2"; fi
  same "the way, IPv$family" "$expected" "$(way rs1 "$far")"
  same "a hop that an echo does not pass, IPv$family" "${expected#* }" "$(hop_of_echo rs2 $family 2 "$far") $far"
  # Hosts of the subnet, and the director itself, see who calls.
  same "a neighbour, IPv$family" "${net}4" "$(seen_by rs1 rs2 "${net}3")"
done

# A smaller MTU beyond the director is learnt.
ip -n client link set eth1 mtu 1300
ip -n far link set eth0 mtu 1300
for url in http://10.9.0.2 'http://[fd09::2]'; do upload rs1 "$url" "$work/blob" far; done
ip -n client link set eth1 mtu 1500
ip -n far link set eth0 mtu 1500

# A hundred at once, the host's own connections meanwhile.
on rs1 python3 - 10.9.0.2 fd09::2 <<'PY'
import socket, sys
held = []
for addr in sys.argv[1:]:
    for _ in range(50):
        held.append(socket.create_connection((addr, 80), timeout=20))
for number, s in enumerate(held):
    s.sendall(b"GET /?%d HTTP/1.0\r\n\r\n" % number)
for s in held:
    text = b""
    while part := s.recv(4096): text += part
    assert text.endswith(b"far\n"), text
PY
same "the host's own connection" far "$(get ds http://10.9.0.2)"
same "the host's own datagram" "far own" "$(udp_ask ds 10.9.0.2 5353 own 12345)"
same "a datagram of the host from a claimed port" "far own" "$(udp_ask ds 10.9.0.2 5353 own 20001)"
on ds ping -qc 1 -W 20 10.9.0.2 >/dev/null
on ds ping -6 -qc 1 -W 20 fd09::2 >/dev/null
same "a server on the host at a claimed port" "ds ::ffff:10.9.0.2" "$(tcp_hear far 192.168.1.181 20000)"
same "long own datagrams" "far $long" "$(udp_ask ds 10.9.0.2 5353 "$long")"

# None of IPVS's connections, but shown.
same "ipvsadm's list" 2 "$(on ds ipvsadm -Lnc | wc -l)"
same "the proc file" "" "$(on ds tunvs proc net/ip_vs_conn | grep '10\.9\.' || true)"
shown=$(on ds tunvs connections)
contains "a datagram's connection" "UDP  UDP         192.168.56." "$shown"
contains "an echo" "ICMP ECHO        192.168.56.18" "$shown"
contains "the way" " Outward " "$shown"
contains "the status" "masqueraded" "$(on ds tunvs status)"

# Services come first, with their servers' answers, and the servers call out all the same.
two_servers_at() { on ds ipvsadm -A "$1" "$2" -s rr && two_servers "$1" "$2" "$3"; }
two_servers_at -t 192.168.1.183:80 80
two_servers_at -u 192.168.1.183:53 5353
ip -n ds addr add 192.168.1.183/24 dev eth1
same "answers of the service" "rs2 rs1" "$(answers client 2 http://192.168.1.183)"
same "a server that is a client" far "$(get rs1 http://10.9.0.2)"
same "a datagram to the service" "rs2 hello" "$(udp_ask client 192.168.1.183 53 hello)"
contains "a server calls its own service" rs "$(get rs1 http://192.168.1.183)"
# What a client asks a real server past the services is answered by that server.
ip -n client route add 192.168.56.0/24 via 192.168.1.181
same "a server, asked directly" rs1 "$(get client http://192.168.56.183)"
ip -n client -6 route add fd00:56::/64 via fd00:1::181
for addr in 192.168.56.184 fd00:56::184; do
  for number in 1 2; do same "a datagram to a server, directly" "rs2 hello" "$(udp_ask client $addr 5353 hello)"; done
  same "a long one" "rs2 $long" "$(udp_ask client $addr 5353 "$long")"
  on client ping -qc 1 -W 20 $addr >/dev/null
done
[[ $(on ds ipvsadm -Lnc) != *:5353*5353*5353* ]] || fail "what is let in is none of IPVS's"
on ds ipvsadm -C
ip -n ds addr del 192.168.1.183/24 dev eth1

kill -INT "$dump"
wait "$dump" || true
[[ -s $work/far.dump ]] || fail "tcpdump saw nothing"
leaks=$(grep -E '192\.168\.56\.|fd00:56:' "$work/far.dump" || true)
same "packets with a real server's address" "" "$leaks"
contains "packets with the director's" "IP 192.168.1.181." "$(cat "$work/far.dump")"
stop_director
nothing_left
same "the host" "$before" "$(snapshot ds)"

# Two ports only: the third is refused at once.
start_director --masquerade 192.168.56.0/24 --laddr-ports 20000-20001
for number in 1 2; do same "datagram $number" "far hello" "$(udp_ask rs1 10.9.0.2 5353 hello)"; done
same "the third datagram" ECONNREFUSED "$(udp_ask rs1 10.9.0.2 5353 hello)"
contains "counters" "drop_no_local_port 1" "$(on ds tunvs counters | tr -s ' ')"
stop_director
same "the host" "$before" "$(snapshot ds)"
