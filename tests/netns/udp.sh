#!/usr/bin/env bash
# UDP through a service with a mapped port: answers come from the VIP, one flow stays with one server, new flows
# take turns.
. "$(dirname "$0")/lib.sh"
topology
udp_echo rs1 5353
udp_echo rs2 5353
start_director
address ds eth1 192.168.1.183/24
on ds ipvsadm -A -u 192.168.1.183:53 -s rr
two_servers -u 192.168.1.183:53 5353

seen=()
for port in 40001 40002 40003 40004 40001 40001; do
  seen+=("$(udp_ask client 192.168.1.183 53 hello "$port")")
done
same "flows" "rs2 hello rs1 hello rs2 hello rs1 hello rs2 hello rs2 hello" "${seen[*]}"

counts() { on ds ipvsadm -L -n | awk '/->.*Masq/ { print $5, $6 }' | paste -sd' '; }
same "active and inactive connections" "0 2 0 2" "$(counts)"

big=$(printf '%1400s' | tr ' ' x)
same "1400 bytes" "rs2 $big" "$(udp_ask client 192.168.1.183 53 "$big" 40001)"
# In six pieces there, and six back.
big=$(printf '%8000s' | tr ' ' x)
same "8000 bytes" "rs2 $big" "$(udp_ask client 192.168.1.183 53 "$big" 40001)"

# A hundred datagrams at once come back, each once.
same "a burst" 100 "$(on client python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(20)
s.connect(("192.168.1.183", 53))
for i in range(100): s.send(b"%d" % i)
print(len({s.recv(100) for i in range(100)}))')"
stop_director
nothing_left
