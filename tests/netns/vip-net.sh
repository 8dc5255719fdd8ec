#!/usr/bin/env bash
# Whole subnets routed into the TUNs from the start: services in them need no further plumbing, and what no service
# claims is the host's business. Client has routes to the VIP networks and to the real servers' via ds.
. "$(dirname "$0")/lib.sh"
topology
web rs1
web rs2
ip -n client route add 10.99.0.0/24 via 192.168.1.181
ip -n client -6 route add fd00:99::/64 via fd00:1::181
ip -n client route add 192.168.56.0/24 via 192.168.1.181
ip -n client -6 route add fd00:56::/64 via fd00:1::181
before=$(snapshot ds)
start_director --vip-net 10.99.0.0/24 --vip-net fd00:99::/64 --rs-net 192.168.56.0/24 --rs-net fd00:56::/64
rules_and_routes() { ip -n ds rule; ip -n ds -6 rule; ip -n ds route show table all; ip -n ds -6 route show table all; }
from_the_start=$(rules_and_routes)

for last in 1 2 3; do
  on ds ipvsadm -A -t "10.99.0.$last:80" -s rr
  two_servers -t "10.99.0.$last:80" 80
done
on ds ipvsadm -A -t '[fd00:99::1]:80' -s rr
two_servers -t '[fd00:99::1]:80' 80
for last in 1 2 3; do
  same "answers of 10.99.0.$last" "rs2 rs1 rs2" "$(answers client 3 "http://10.99.0.$last")"
done
same "answers over IPv6" "rs2 rs1 rs2" "$(answers client 3 'http://[fd00:99::1]')"
same "rules and routes with services" "$from_the_start" "$(rules_and_routes)"

# An address of the network without a service is refused by the host: not swallowed, and in no circle.
same "an unused address" ECONNREFUSED "$(tcp_try client 10.99.0.77 80)"
# Real servers in the network keep their own traffic.
on rs1 ping -qc 2 -i 0.2 -W 20 192.168.1.10
on rs1 ping -qc 2 -i 0.2 -W 20 fd00:1::10
same "a health check" rs1 "$(get ds http://192.168.56.183)"

stop_director
same "the host" "$before" "$(snapshot ds)"
