#!/usr/bin/env bash
# Hosts that are not as they came: policy rules and tables of their own, `lookup local` elsewhere, settings made for
# single interfaces, strict reverse path filters, proxy neighbours. The director works among them, gives everything
# back, also after a kill, puts its rules back when another program removes them, and refuses what has no room.
. "$(dirname "$0")/lib.sh"
topology
web rs1
web rs2
web client
ip -n client route add 192.168.56.0/24 via 192.168.1.181
ip -n client -6 route add fd00:56::/64 via fd00:1::181

# --- a host with a history
ip -n ds rule add pref 50 fwmark 7 lookup 200
ip -n ds rule add pref 100 from 192.168.56.0/24 lookup 100
ip -n ds -6 rule add pref 100 from fd00:56::/64 lookup 100
ip -n ds route add 192.168.1.0/24 dev eth1 table 100
ip -n ds -6 route add fd00:1::/64 dev eth1 table 100
ip -n ds route add blackhole 10.66.0.0/16 table 7600
ip -n ds neigh add proxy 192.168.1.250 dev eth1
ip -n ds -6 neigh add proxy fd00:1::200 dev eth1
on ds sysctl -qw net.ipv4.conf.all.accept_redirects=0 net.ipv4.conf.eth2.forwarding=1 net.ipv6.conf.eth2.forwarding=1 \
  net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.default.rp_filter=1 net.ipv6.conf.eth1.accept_ra=1
before=$(snapshot ds)

serve() {
  start_director "$@"
  services_at 192.168.1.200 '[fd00:1::200]'
  serves
}
serves() {
  forget_neighbours client ds rs1 rs2
  same "IPv4" "rs2 rs1" "$(answers client 2 http://192.168.1.200)"
  same "IPv6" "rs2 rs1" "$(answers client 2 'http://[fd00:1::200]')"
  same "a server's own traffic" client "$(get rs1 http://192.168.1.10)"
}

serve
contains "the table next to the host's" "lookup 7601" "$(ip -n ds rule)"
stop_director
same "the host after a stop" "$before" "$(snapshot ds)"

serve
kill -9 "$director"
wait "$director" || true
on ds tunvs cleanup
same "the host after a kill and a clean-up" "$before" "$(snapshot ds)"

# --- another program removes all rules that are not its own
serve
rules=$(ip -n ds rule; ip -n ds -6 rule)
for family in -4 -6; do
  # Those that are put right meanwhile stay.
  for pref in $(ip -n ds "$family" rule | awk -F: '$1 <= 5 { print $1 }'); do
    ip -n ds "$family" rule del pref "$pref" 2>/dev/null || true
  done
done
are_back() { [[ $(ip -n ds rule; ip -n ds -6 rule) == "$rules" ]]; }
wait_until 5 are_back
serves
for family in -4 -6; do ip -n ds "$family" rule add pref 0 lookup local; done
wait_until 5 are_back
serves
stop_director
same "the host after rules were removed" "$before" "$(snapshot ds)"

# --- hosts live in the virtual subnet, and interfaces check where packets come from
serve --vip-net 192.168.1.0/24 --rs-net 192.168.56.0/24
same "a host of the virtual subnet, from the director" client "$(get ds http://192.168.1.10)"
on client ping -qc 1 -W 20 192.168.1.181
stop_director
same "the host after a shared subnet" "$before" "$(snapshot ds)"

# --- an interface that answers ARP only for addresses of its own
for arp_ignore in 1 2; do
  on ds sysctl -qw net.ipv4.conf.eth1.arp_ignore=$arp_ignore
  strict=$(snapshot ds)
  serve
  stop_director
  same "the host with arp_ignore $arp_ignore" "$strict" "$(snapshot ds)"
done
on ds sysctl -qw net.ipv4.conf.eth1.arp_ignore=0

# --- `lookup local` further down, behind a rule of another program
for family in -4 -6; do
  ip -n ds "$family" rule add pref 40 lookup local
  ip -n ds "$family" rule del pref 0
  ip -n ds "$family" rule add pref 9 fwmark 0x200 lookup 201
done
moved=$(snapshot ds)
serve
rules=$(ip -n ds rule)
same "the first rule is the other program's" $'9:\tfrom all fwmark 0x200 lookup 201' "${rules%%$'\n'*}"
stop_director
same "the host with lookup local at 40" "$moved" "$(snapshot ds)"

# --- no room
for family in -4 -6; do
  ip -n ds "$family" rule add pref 38 fwmark 0x400 lookup 202
  ip -n ds "$family" rule add pref 43 fwmark 0x300 lookup 203
done
cramped=$(snapshot ds)
start_director
refused on ds ipvsadm -A -t 192.168.1.200:80 -s rr
contains "why the service is refused" "rule \`pref 43 from all fwmark 0x300 lookup 203" "$output"
same "the services" "" "$(on ds ipvsadm -Sn)"
stop_director
same "the host without room" "$cramped" "$(snapshot ds)"
printf -- '-A -t 192.168.1.200:80 -s rr\n' >one.rules
refused on ds tunvs run --config one.rules
contains "why a start is refused" "leaves no room between it and" "$output"
same "the host after a start that was refused" "$cramped" "$(snapshot ds)"
