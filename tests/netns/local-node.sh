#!/usr/bin/env bash
# The director is a real server itself: masqueraded, by direct routing and through a "tunnel", beside a real one, and
# for clients on the director.
. "$(dirname "$0")/lib.sh"
topology
for name in rs1 ds; do web "$name"; done
head -c 100000000 /dev/urandom >"$work/blob"
cp "$work/blob" "$work/web-ds/html/files/down"
address ds eth1 192.168.1.183/32 fd00:1::183/128
before=$(snapshot ds)
start_director
on ds ipvsadm-restore <<'RULES'
-A -t 192.168.1.183:80 -s rr
-a -t 192.168.1.183:80 -r 192.168.56.183:80 -m
-A -t [fd00:1::183]:80 -s rr
-a -t [fd00:1::183]:80 -r [fd00:56::183]:80 -m
RULES
# As which of its addresses the director serves makes no difference.
for method in -m -g -i; do
  for own in 56 1; do
    on ds ipvsadm -a -t 192.168.1.183:80 -r "192.168.$own.181:80" "$method"
    on ds ipvsadm -a -t '[fd00:1::183]:80' -r "[fd00:$own::181]:80" "$method"
    for vip in 192.168.1.183 '[fd00:1::183]'; do
      same "$vip, $own, $method" "ds rs1" "$(answers client 2 "http://$vip" | tr ' ' '\n' | sort | paste -sd ' ')"
    done
    on ds ipvsadm -d -t 192.168.1.183:80 -r "192.168.$own.181:80"
    on ds ipvsadm -d -t '[fd00:1::183]:80' -r "[fd00:$own::181]:80"
  done
done
# 100 MB each way, with the director alone.
for method in -m -g; do
  on ds ipvsadm -C
  on ds ipvsadm -A -t 192.168.1.183:80
  on ds ipvsadm -a -t 192.168.1.183:80 -r 192.168.1.181:80 "$method"
  on ds ipvsadm -A -t '[fd00:1::183]:80'
  on ds ipvsadm -a -t '[fd00:1::183]:80' -r '[fd00:1::181]:80' "$method"
  for vip in 192.168.1.183 '[fd00:1::183]'; do
    upload client "http://$vip" "$work/blob" ds
    download client "http://$vip" "$work/blob"
    same "a client on the director, $vip, $method" ds "$(get ds "http://$vip")"
  done
done
stop_director
same "the host" "$before" "$(snapshot ds)"
