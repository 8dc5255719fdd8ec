#!/usr/bin/env bash
# Two directors side by side, each in a network namespace with a socket of its own:
#
#   client --- eth1 ds  eth2 --- rs1
#   client2 -- eth1 ds2 eth2 --- rs3        (ds2: 192.168.1.181 and 192.168.56.181 too)
. "$(dirname "$0")/lib.sh"
topology
host client2 ds2 rs3
cable client2 eth0 ds2 eth1
cable ds2 eth2 rs3 eth0
address client2 eth0 192.168.1.10/24
address ds2 eth1 192.168.1.181/24
address ds2 eth2 192.168.56.181/24
address rs3 eth0 192.168.56.183/24
ip -n rs3 route add default via 192.168.56.181
web rs1
web rs3

start_director
first=$director first_socket=$TUNVS_SOCKET
export TUNVS_SOCKET=$work/second.sock director_host=ds2
start_director
second=$director

for socket in "$first_socket" "$TUNVS_SOCKET"; do
  TUNVS_SOCKET=$socket ipvsadm -A -t 192.168.1.183:80 -s rr
  TUNVS_SOCKET=$socket ipvsadm -a -t 192.168.1.183:80 -r 192.168.56.183 -m
done
TUNVS_SOCKET=$first_socket ipvsadm -A -t 192.168.1.183:81 -s rr
same "services of the second" 1 "$(ipvsadm -L -n | grep -c '^TCP')"
same "the first" "rs1 rs1" "$(answers client 2 http://192.168.1.183)"
same "the second" "rs3 rs3" "$(answers client2 2 http://192.168.1.183)"

director=$second
stop_director
nothing_left ds2
same "the first, alone" rs1 "$(get client http://192.168.1.183)"
director=$first
stop_director
nothing_left ds
