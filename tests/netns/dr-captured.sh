#!/usr/bin/env bash
# Direct routing to a server whose address is itself led into the director: another virtual address, one of a subnet of
# virtual addresses, one that stands for clients. No packet may go round and round.
. "$(dirname "$0")/lib.sh"
one_link
web rs1
web rs2
ip -n client route add 10.50.0.0/24 via 192.168.1.181
ip -n client -6 route add fd50::/64 via fd00:1::181
before=$(snapshot ds)

# few_packets WHAT: what the TUN of virtual addresses has carried; each test makes some dozens.
few_packets() {
  local count
  count=$(on ds cat /sys/class/net/tunvs-vip/statistics/tx_packets)
  ((count < 300)) || fail "$1: $count packets went into the TUN"
}

# serve VIP SERVER [METHOD]: a service of one server.
serve() {
  on ds ipvsadm -A -t "$1:80" -s rr
  on ds ipvsadm -a -t "$1:80" -r "$2:80" "${3--g}"
}

# Another virtual address is this host as far as the host can tell: its own stack answers.
start_director
for method in -g -i; do
  serve 10.50.0.1 10.50.0.2 $method
  serve 10.50.0.2 192.168.1.191 -g
  serve '[fd50::1]' '[fd50::2]' $method
  serve '[fd50::2]' '[fd00:1::191]' -g
  same "a virtual address as a server, $method" ECONNREFUSED "$(tcp_try client 10.50.0.1 80)"
  same "a virtual address as a server, IPv6, $method" ECONNREFUSED "$(tcp_try client fd50::1 80)"
  few_packets "a virtual address as a server, $method"
  on ds ipvsadm -C
done
# Itself.
serve 10.50.0.1 10.50.0.1
serve '[fd50::1]' '[fd50::1]'
same "the virtual address as its own server" ECONNREFUSED "$(tcp_try client 10.50.0.1 80)"
same "the virtual address as its own server, IPv6" ECONNREFUSED "$(tcp_try client fd50::1 80)"
few_packets "the virtual address as its own server"
stop_director

# A subnet of virtual addresses, nobody's.
start_director --vip-net 10.50.0.0/24 --laddr-net 10.60.0.0/24
serve 10.50.0.1 10.50.0.77
same "a server in a claimed subnet" ECONNREFUSED "$(tcp_try client 10.50.0.1 80)"
few_packets "a server in a claimed subnet"
on ds ipvsadm -C
serve 10.50.0.1 10.60.0.7
same "a server that stands for clients" ECONNREFUSED "$(tcp_try client 10.50.0.1 80)"
few_packets "a server that stands for clients"
stop_director

# A subnet of virtual addresses that servers live in too, as on one link: they get their packets, found by the host
# (nobody has asked for them yet) and by frames.
for policy in '' "policy"; do
  [[ -z $policy ]] || ip -n ds rule add pref 1000 from 203.0.113.0/24 lookup main
  for option in '' --no-claim-vips; do
    start_director --vip-net 192.168.1.128/25 --vip-net fd00:1::100/120 $option
    serve 192.168.1.183 192.168.1.191
    serve '[fd00:1::183]' '[fd00:1::191]'
    forget_neighbours ds
    for number in 1 2 3; do
      same "a server in the subnet $policy $option" rs1 "$(get client http://192.168.1.183)"
      same "a server in the subnet, IPv6 $policy $option" rs1 "$(get client 'http://[fd00:1::183]')"
    done
    few_packets "a server in the subnet"
    stop_director
  done
done
ip -n ds rule del pref 1000
# A server behind a router, which sends packets to the virtual address back here: hops end it, as with IPVS.
ip -n ds route add 10.70.0.0/24 via 192.168.1.192
on rs2 sysctl -qw net.ipv4.ip_forward=1
ip -n rs2 route add 10.50.0.0/24 via 192.168.1.181
ip -n rs2 route add 10.70.0.0/24 dev lo
start_director
serve 10.50.0.1 10.70.0.9
same "a server behind a router" timeout "$(tcp_try client 10.50.0.1 80)"
few_packets "a server behind a router"
stop_director
ip -n ds route del 10.70.0.0/24
nothing_left
same "the host" "$before" "$(snapshot ds)"
