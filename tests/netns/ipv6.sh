#!/usr/bin/env bash
# The article and more over IPv6: a VIP on the interface, one that is nobody's, port mapping, UDP, ICMPv6 errors,
# a client on the director, cold neighbour caches. Client has a route to the real servers via ds.
. "$(dirname "$0")/lib.sh"
topology
ip -n client -6 route add fd00:56::/64 via fd00:1::181
web rs1
web rs2
udp_echo rs1 5353
udp_echo rs2 5353
before=$(snapshot ds)
start_director

address ds eth1 fd00:1::183/64
on ds ipvsadm -A -t '[fd00:1::183]:80' -s rr
two_servers -t '[fd00:1::183]:80' 80
forget_neighbours client ds rs1 rs2
same "ten answers" "rs2 rs1 rs2 rs1 rs2 rs1 rs2 rs1 rs2 rs1" "$(answers client 10 'http://[fd00:1::183]')"

listing="IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
TCP  [fd00:1::183]:80 rr
  -> [fd00:56::183]:80            Masq    1      0          5         
  -> [fd00:56::184]:80            Masq    1      0          5         "
lists() { [[ $(on ds ipvsadm -L -n) == "$listing" ]]; }
wait_until 2 lists

# Nobody's address, a mapped port, weights.
on ds ipvsadm -A -t '[fd00:1::184]:8099' -s wrr
two_servers -t '[fd00:1::184]:8099' 80
on ds ipvsadm -e -t '[fd00:1::184]:8099' -r '[fd00:56::184]:80' -m -w 2
forget_neighbours client ds rs1 rs2
same "weighted answers" "rs2 rs1 rs2 rs2 rs1 rs2" "$(answers client 6 'http://[fd00:1::184]:8099')"

# Other ports of the VIP, and ping, are the host's.
same "a closed port" ECONNREFUSED "$(tcp_try client fd00:1::183 81)"
on client ping -qc 1 -W 20 fd00:1::183

# UDP with a mapped port, and a closed one behind it.
on ds ipvsadm -A -u '[fd00:1::183]:53' -s rr
two_servers -u '[fd00:1::183]:53' 5353
same "UDP" "rs2 hello" "$(udp_ask client fd00:1::183 53 hello)"
on ds ipvsadm -A -u '[fd00:1::183]:54' -s rr
two_servers -u '[fd00:1::183]:54' 5399
same "UDP to a closed port" ECONNREFUSED "$(udp_ask client fd00:1::183 54 hello)"

# No server at all.
on ds ipvsadm -A -t '[fd00:1::183]:90' -s rr
on ds ipvsadm -A -u '[fd00:1::183]:90' -s rr
same "a service without servers" ECONNREFUSED "$(tcp_try client fd00:1::183 90)"
same "UDP without servers" ECONNREFUSED "$(udp_ask client fd00:1::183 90 hello)"

# A client on the director, and what no service claims.
same "from the director" "rs2 rs1" "$(answers ds 2 'http://[fd00:1::183]')"
on rs1 ping -qc 1 -W 20 fd00:1::10
same "a health check" rs1 "$(get ds 'http://[fd00:56::183]')"

stop_director
ip -n ds addr del fd00:1::183/64 dev eth1
same "the host" "$before" "$(snapshot ds)"
