#!/usr/bin/env bash
# A VIP that is nobody's address: the director answers ARP and NDP for it, announces it, and stops when the
# service goes. The topology is lib.sh's; the VIPs are 192.168.1.200 and fd00:1::200.
. "$(dirname "$0")/lib.sh"
topology
web rs1
web rs2
before=$(snapshot ds)

ip netns exec client tcpdump -lni eth0 -w arp.pcap --immediate-mode -U arp or icmp6 2>tcpdump.log &
listener=$!
wait_until 5 grep -q 'listening on' tcpdump.log

start_director
on ds ipvsadm -A -t 192.168.1.200:80 -s rr
two_servers -t 192.168.1.200:80 80
on ds ipvsadm -A -t '[fd00:1::200]:80' -s rr
two_servers -t '[fd00:1::200]:80' 80
announced() {
  local seen
  seen=$(tcpdump -nr arp.pcap 2>/dev/null)
  grep -Eq 'ARP.*(Announcement|Reply|who-has) 192\.168\.1\.200' <<<"$seen" && grep -q 'neighbor advertisement, tgt is fd00:1::200' <<<"$seen"
}
wait_until 5 announced
kill "$listener"

forget_neighbours client ds rs1 rs2
same "answers" "rs2 rs1 rs2 rs1" "$(answers client 4 http://192.168.1.200)"
same "answers over IPv6" "rs2 rs1 rs2 rs1" "$(answers client 4 'http://[fd00:1::200]')"

# The director's own addresses still work, and nobody else's is answered for.
on client ping -qc 1 -W 20 192.168.1.181
on client ping -qc 1 -W 20 fd00:1::181
refused on client ping -qc 1 -W 1 192.168.1.201

on ds ipvsadm -C
no_proxy() { [[ -z $(ip -n ds neigh show proxy; ip -n ds -6 neigh show proxy) ]]; }
wait_until 5 no_proxy
forget_neighbours client
refused on client curl -sS --max-time 3 http://192.168.1.200
stop_director
same "the host" "$before" "$(snapshot ds)"
