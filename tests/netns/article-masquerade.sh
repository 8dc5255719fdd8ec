#!/usr/bin/env bash
# The article once more, with its `iptables -t nat -A POSTROUTING -s 192.168.56.0/24 -j MASQUERADE` as an option of the
# director: the services answer as ever, and the real servers reach the outside, which knows no way to them.
. "$(dirname "$0")/lib.sh"
topology
web rs1
web rs2
web client
tcp_greeter client 9000 client
before=$(snapshot ds)

start_director
same "a real server calls out, and nobody masquerades" timeout "$(tcp_try rs1 192.168.1.10 80)"
stop_director

start_director --masquerade 192.168.56.0/24
on ds bash -e <<'TYPED'
ip addr add 192.168.1.183/24 dev eth1
ipvsadm -A -t 192.168.1.183:80 -s rr
ipvsadm -a -t 192.168.1.183:80 -r 192.168.56.183 -m
ipvsadm -a -t 192.168.1.183:80 -r 192.168.56.184 -m
TYPED
same "ten answers" "rs2 rs1 rs2 rs1 rs2 rs1 rs2 rs1 rs2 rs1" "$(answers client 10 http://192.168.1.183)"
for rs in rs1 rs2; do
  same "$rs gets a page" client "$(get $rs http://192.168.1.10)"
  same "who calls the client" "client ::ffff:192.168.1.181" "$(tcp_hear $rs 192.168.1.10 9000)"
done
same "four more answers" "rs2 rs1 rs2 rs1" "$(answers client 4 http://192.168.1.183)"
connections=$(on ds ipvsadm -Lnc)
contains "IPVS's connections" "192.168.1.183:80" "$connections"
[[ $connections != *:9000* ]] || fail "a connection outwards is none of IPVS's"

stop_director
ip -n ds addr del 192.168.1.183/24 dev eth1
same "the host" "$before" "$(snapshot ds)"
