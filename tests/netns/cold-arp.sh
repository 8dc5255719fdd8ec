#!/usr/bin/env bash
# From cold ARP and NDP caches on all hosts, again and again: a VIP on the interface, nobody's, and a routed one.
. "$(dirname "$0")/lib.sh"
topology
web rs1
web rs2
ip -n client route add 10.99.0.0/24 via 192.168.1.181
ip -n client -6 route add fd00:99::/64 via fd00:1::181
start_director
address ds eth1 192.168.1.183/24 fd00:1::183/64
vips=(192.168.1.183 192.168.1.200 10.99.0.1 '[fd00:1::183]' '[fd00:1::200]' '[fd00:99::1]')
for vip in "${vips[@]}"; do
  on ds ipvsadm -A -t "$vip:80" -s rr
  two_servers -t "$vip:80" 80
done
for round in 1 2 3; do
  for vip in "${vips[@]}"; do
    forget_neighbours client ds rs1 rs2
    same "$vip from cold caches, round $round" "rs2 rs1" \
      "$(answers client 2 "http://$vip")"
  done
done

# Real servers find their gateway from a cold cache too, and the client the director.
forget_neighbours client ds rs1 rs2
on rs1 ping -qc 1 -W 20 192.168.56.181
on rs2 ping -qc 1 -W 20 fd00:56::181
on client ping -qc 1 -W 20 192.168.1.181
stop_director
nothing_left
