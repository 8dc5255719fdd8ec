#!/usr/bin/env bash
# A masqueraded server, and a host of its subnet, call the virtual address: the answer comes back through the
# director. With --no-hairpin it does not, as with the kernel.
. "$(dirname "$0")/lib.sh"
topology
for rs in rs1 rs2; do
  web "$rs"
  udp_echo "$rs" 5353
  tcp_greeter "$rs" 9000 "$rs"
done
host neighbour
ip -n switch link add portn type veth peer name eth0 netns neighbour
ip -n switch link set portn master bridge up
ip -n neighbour link set eth0 up
address neighbour eth0 192.168.56.7/24 fd00:56::7/64
ip -n neighbour route add default via 192.168.56.181
ip -n neighbour -6 route add default via fd00:56::181
address ds eth1 192.168.1.183/24 fd00:1::183/64
head -c 100000000 /dev/urandom >"$work/blob"
for rs in rs1 rs2; do cp "$work/blob" "$work/web-$rs/html/files/down"; done

services() {
  local vip
  for vip in 192.168.1.183 '[fd00:1::183]'; do
    on ds ipvsadm -A -t "$vip:80" -s rr
    two_servers -t "$vip:80" 80
    on ds ipvsadm -A -t "$vip:9000" -s rr
    two_servers -t "$vip:9000" 9000
    on ds ipvsadm -A -u "$vip:53" -s rr
    two_servers -u "$vip:53" 5353
  done
}

start_director
services
for name in rs1 neighbour rs2; do
  same "IPv4 from $name" "rs2 rs1 rs2 rs1" "$(answers "$name" 4 http://192.168.1.183)"
  same "IPv6 from $name" "rs2 rs1 rs2 rs1" "$(answers "$name" 4 'http://[fd00:1::183]')"
  same "UDP from $name" "rs2 hello" "$(udp_ask "$name" 192.168.1.183 53 hello)"
  same "UDP from $name" "rs1 hello" "$(udp_ask "$name" 192.168.1.183 53 hello)"
  same "UDP over IPv6 from $name" "rs2 hello" "$(udp_ask "$name" fd00:1::183 53 hello)"
  same "UDP over IPv6 from $name" "rs1 hello" "$(udp_ask "$name" fd00:1::183 53 hello)"
done
upload neighbour http://192.168.1.183 "$work/blob" rs1 rs2
download rs1 'http://[fd00:1::183]' "$work/blob"
same "the source that a neighbour has" "rs2 ::ffff:192.168.56.181" "$(tcp_hear neighbour 192.168.1.183 9000)"
same "the source of all others" "rs1 ::ffff:192.168.1.10" "$(tcp_hear client 192.168.1.183 9000)"
contains "the listing" "Masq" "$(on ds ipvsadm -Ln -t 192.168.1.183:80)"
contains "the client's line" "192.168.56.7:" "$(on ds ipvsadm -Lcn)"
stop_director

# The server's answer goes straight to the neighbour, who knows nothing of it.
start_director --no-hairpin
services
refused on neighbour curl -sS --max-time 2 http://192.168.1.183
same "all others" "rs1 rs2" "$(answers client 2 http://192.168.1.183)"
stop_director
nothing_left
