#!/usr/bin/env bash
# A service that has no server to give: ICMP port unreachable, so that the client is refused at once. Also when all
# weights are 0, and from the moment the last server is taken out.
. "$(dirname "$0")/lib.sh"
topology
web rs1
start_director
address ds eth1 192.168.1.183/24

refused_at_once() { same "port $1" ECONNREFUSED "$(tcp_try client 192.168.1.183 "$1")"; }

on ds ipvsadm -A -t 192.168.1.183:80 -s wlc
on ds ipvsadm -A -u 192.168.1.183:53 -s rr
refused_at_once 80
same "UDP" ECONNREFUSED "$(udp_ask client 192.168.1.183 53 hello)"

on ds ipvsadm -a -t 192.168.1.183:80 -r 192.168.56.183 -m -w 0
refused_at_once 80
on ds ipvsadm -e -t 192.168.1.183:80 -r 192.168.56.183 -m -w 1
same "with a weight" rs1 "$(get client http://192.168.1.183)"
on ds ipvsadm -d -t 192.168.1.183:80 -r 192.168.56.183
refused_at_once 80
stop_director
nothing_left
