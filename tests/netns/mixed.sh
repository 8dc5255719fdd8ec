#!/usr/bin/env bash
# One service with a server of each kind: rs1 by direct routing, rs2 through a tunnel, rs3 masqueraded behind the
# director, and the director itself.
tests=$(realpath "$(dirname "$0")")
. "$tests/lib.sh"
one_link
wire ds eth1
host rs3
cable ds eth2 rs3 eth0
address ds eth2 192.168.56.181/24 fd00:56::181/64
address rs3 eth0 192.168.56.183/24 fd00:56::183/64
ip -n rs3 route add default via 192.168.56.181
ip -n rs3 -6 route add default via fd00:56::181
for name in rs1 rs2 rs3 ds; do web "$name"; done
ip netns exec rs2 "$tests/decapsulate.py" "$work/came" >"$work/tunl.ready" 2>"$work/tunl.log" &
wait_until 5 test -s "$work/tunl.ready"
head -c 20000000 /dev/urandom >"$work/blob"
for name in rs1 rs2 rs3 ds; do cp "$work/blob" "$work/web-$name/html/files/down"; done

start_director
on ds ipvsadm-restore <<'RULES'
-A -t 192.168.1.183:80 -s rr
-a -t 192.168.1.183:80 -r 192.168.1.191:80 -g
-a -t 192.168.1.183:80 -r 192.168.1.192:80 -i
-a -t 192.168.1.183:80 -r 192.168.56.183:80 -m
-a -t 192.168.1.183:80 -r 192.168.1.181:80 -m
-A -t [fd00:1::183]:80 -s rr
-a -t [fd00:1::183]:80 -r [fd00:1::191]:80 -g
-a -t [fd00:1::183]:80 -r [fd00:1::192]:80 -i
-a -t [fd00:1::183]:80 -r [fd00:56::183]:80 -m
-a -t [fd00:1::183]:80 -r [fd00:1::181]:80 -m
RULES
for vip in 192.168.1.183 '[fd00:1::183]'; do
  same "$vip" "ds rs1 rs2 rs3" "$(answers client 4 "http://$vip" | tr ' ' '\n' | sort | paste -sd ' ')"
  for _ in 1 2 3 4; do
    upload client "http://$vip" "$work/blob" rs1 rs2 rs3 ds
    download client "http://$vip" "$work/blob"
  done
done
stop_director
nothing_left
