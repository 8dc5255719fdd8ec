#!/usr/bin/env bash
# The article, typed verbatim, with real nginx and curl; the topology is lib.sh's.
. "$(dirname "$0")/lib.sh"
topology
web rs1
web rs2
before=$(snapshot ds)
start_director

on ds bash -e <<'TYPED'
ip addr add 192.168.1.183/24 dev eth1
ipvsadm -A -t 192.168.1.183:80 -s rr
ipvsadm -a -t 192.168.1.183:80 -r 192.168.56.183 -m
ipvsadm -a -t 192.168.1.183:80 -r 192.168.56.184 -m
TYPED
same "ten answers" "rs2 rs1 rs2 rs1 rs2 rs1 rs2 rs1 rs2 rs1" "$(answers client 10 http://192.168.1.183)"

# The trailing blanks are ipvsadm's.
listing="IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
TCP  192.168.1.183:80 rr
  -> 192.168.56.183:80            Masq    1      0          5         
  -> 192.168.56.184:80            Masq    1      0          5         "
lists() { [[ $(on ds ipvsadm -L -n) == "$listing" ]]; }
# The last connection's last packets may still be on their way.
wait_until 2 lists || true
on ds ipvsadm -L -n | cmp - <(printf '%s\n' "$listing")

on ds bash -e <<'TYPED'
ip addr add 192.168.1.184/24 dev eth1
ipvsadm -A -t 192.168.1.184:8099 -s wrr
ipvsadm -a -t 192.168.1.184:8099 -r 192.168.56.183:80 -m
ipvsadm -a -t 192.168.1.184:8099 -r 192.168.56.184:80 -m
TYPED
same "taking turns" "rs2 rs1 rs2 rs1" "$(answers client 4 http://192.168.1.184:8099)"

refused on client curl -sS --max-time 3 http://192.168.1.184
same "curl's exit status for port 80 of .184" 7 "$status"
same "port 80 of .184" ECONNREFUSED "$(tcp_try client 192.168.1.184 80)"

on ds ipvsadm -e -t 192.168.1.184:8099 -r 192.168.56.184:80 -m -w 2
same "after the new weight" "rs2 rs1 rs2 rs2 rs1 rs2" "$(answers client 6 http://192.168.1.184:8099)"

stop_director
ip -n ds addr del 192.168.1.183/24 dev eth1
ip -n ds addr del 192.168.1.184/24 dev eth1
same "the host" "$before" "$(snapshot ds)"
