#!/usr/bin/env bash
# A client on the director itself reaches VIPs of all kinds: on its interface, on lo, and nobody's.
. "$(dirname "$0")/lib.sh"
topology
web rs1
web rs2
udp_echo rs1 5353
udp_echo rs2 5353
start_director

address ds eth1 192.168.1.183/24
address ds lo 192.168.1.184/32
for vip in 192.168.1.183 192.168.1.184 192.168.1.185 10.99.0.1; do
  on ds ipvsadm -A -t "$vip:80" -s rr
  two_servers -t "$vip:80" 80
  same "$vip from the director" "rs2 rs1 rs2 rs1" "$(answers ds 4 "http://$vip")"
done
same "a remote client" "rs2 rs1" "$(answers client 2 http://192.168.1.184)"

on ds ipvsadm -A -u 192.168.1.183:53 -s rr
two_servers -u 192.168.1.183:53 5353
same "UDP from the director" "rs2 hello" "$(udp_ask ds 192.168.1.183 53 hello)"

# A megabyte is more than one super-packet.
head -c 1000000 /dev/urandom >"$work/web-rs1/html/files/blob"
cp "$work/web-rs1/html/files/blob" "$work/web-rs2/html/files/blob"
same "a download" "$(sha256sum <"$work/web-rs1/html/files/blob")" \
  "$(on ds curl -sS --max-time 10 http://192.168.1.183/files/blob | sha256sum)"
stop_director
nothing_left
