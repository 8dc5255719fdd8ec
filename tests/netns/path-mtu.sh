#!/usr/bin/env bash
# Path MTU discovery through the director: its way to the client carries 1300 bytes only, the real server starts
# with 1500 and has to hear of it. Both ends' own devices stay at 1500.
. "$(dirname "$0")/lib.sh"
topology
web rs1
head -c 2000000 /dev/urandom >"$work/web-rs1/html/files/blob"
sum=$(sha256sum <"$work/web-rs1/html/files/blob")
ip -n ds link set eth1 mtu 1300
start_director
address ds eth1 192.168.1.183/24 fd00:1::183/64
on ds ipvsadm -A -t 192.168.1.183:80 -s rr
on ds ipvsadm -a -t 192.168.1.183:80 -r 192.168.56.183 -m
on ds ipvsadm -A -t '[fd00:1::183]:80' -s rr
on ds ipvsadm -a -t '[fd00:1::183]:80' -r '[fd00:56::183]:80' -m
for vip in 192.168.1.183 '[fd00:1::183]'; do
  same "a download from $vip" "$sum" "$(on client curl -gsS --max-time 10 "http://$vip/files/blob" | sha256sum)"
done
stop_director
nothing_left
