#!/usr/bin/env bash
# A VIP outside every subnet, routed to the director: client has routes to 10.99.0.0/24 and fd00:99::/64 via ds.
. "$(dirname "$0")/lib.sh"
topology
web rs1
web rs2
ip -n client route add 10.99.0.0/24 via 192.168.1.181
ip -n client -6 route add fd00:99::/64 via fd00:1::181
before=$(snapshot ds)
start_director

on ds ipvsadm -A -t 10.99.0.1:80 -s rr
two_servers -t 10.99.0.1:80 80
on ds ipvsadm -A -t '[fd00:99::1]:8080' -s rr
two_servers -t '[fd00:99::1]:8080' 80
forget_neighbours client ds rs1 rs2
same "answers" "rs2 rs1 rs2 rs1" "$(answers client 4 http://10.99.0.1)"
same "answers over IPv6" "rs2 rs1 rs2 rs1" "$(answers client 4 'http://[fd00:99::1]:8080')"

stop_director
same "the host" "$before" "$(snapshot ds)"
