#!/usr/bin/env bash
# Path MTU discovery through the director, where both ends' own devices stay at 1500: a narrow link of its own to the
# client; one behind it on the way to servers in tunnels, of which routers complain to the director; and one between clients
# and servers that answer past the director.
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

# user 10.1.0.10 --- gate ---+--- lb eth1 192.168.1.181, VIPs .183; eth2 192.168.56.181 --- hop --- far eth1 10.9.0.2
#      fd00:c::10            +--- far eth0 192.168.1.191                                      .3 .4, fd00:9::2 3 4
# Requests in tunnels go by way of hop, answers straight to gate.
host user gate lb hop far
cable user eth0 gate eth0
switch segment gate:eth1 lb:eth1 far:eth0
cable lb eth2 hop eth0
cable hop eth1 far eth1
address user eth0 10.1.0.10/24 fd00:c::10/64
address gate eth0 10.1.0.1/24 fd00:c::1/64
address gate eth1 192.168.1.1/24 fd00:1::1/64
address lb eth1 192.168.1.181/24 192.168.1.183/32 fd00:1::181/64 fd00:1::183/128
address lb eth2 192.168.56.181/24 fd00:56::181/64
address hop eth0 192.168.56.1/24 fd00:56::1/64
address hop eth1 10.9.0.1/24 fd00:9::1/64
address far eth0 192.168.1.191/24 fd00:1::191/64
address far eth1 10.9.0.2/24 10.9.0.3/24 10.9.0.4/24 fd00:9::2/64 fd00:9::3/64 fd00:9::4/64
for router in gate hop; do
  on $router sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 \
    net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0
done
for name in lb far; do
  ip -n $name route add default via 192.168.1.1
  ip -n $name -6 route add default via fd00:1::1
done
ip -n user route add default via 10.1.0.1
ip -n user -6 route add default via fd00:c::1
ip -n lb route add 10.9.0.0/24 via 192.168.56.1
ip -n lb -6 route add fd00:9::/64 via fd00:56::1
ip -n far route add 192.168.56.0/24 via 10.9.0.1
ip -n far -6 route add fd00:56::/64 via fd00:9::1
wire lb eth2
web far
cp "$work/web-rs1/html/files/blob" "$work/web-far/html/files/down"
head -c 1000000 "$work/web-rs1/html/files/blob" >"$work/mega"
ip netns exec far tunvs real-server --socket "$work/far.sock" --vip 192.168.1.183 --vip fd00:1::183 \
  --mode dr,ipip,gre,gue --port 5555 >"$work/real-server-far.log" 2>&1 &
far=$!
wait_until 20 tunvs counters --socket "$work/far.sock"
director_host=lb
start_director

# through VIP RIP OPTION...: the service's one server.
through() {
  local vip=$1 rip=$2
  shift 2
  on lb ipvsadm -D -t "$vip:80" 2>/dev/null || true
  on lb ipvsadm -A -t "$vip:80" -s rr
  on lb ipvsadm -a -t "$vip:80" -r "$rip:80" "$@"
  ip -n user route flush cache
  ip -n user -6 route flush cache
}
# known VIP: what the client has learned of the way.
known() {
  local way
  way=$(ip -n user route get "$(tr -d '[]' <<<"$1")")
  [[ $way =~ mtu\ ([0-9]+) ]] && echo "${BASH_REMATCH[1]}"
}

# IPv6 takes at least 1280 bytes of every way; where that is less than fits, outer packets are cut.
while read -r narrow v4 v6 rip options; do
  ip -n hop link set eth1 mtu "$narrow"
  for vip in 192.168.1.183 '[fd00:1::183]'; do
    # shellcheck disable=SC2086
    through "$vip" "$rip" -i $options
    upload user "http://$vip" "$work/mega" far
    expected=$v4
    [[ $vip != *:* ]] || expected=$v6
    same "what fits into $rip $options behind $narrow for $vip" "$expected" "$(known "$vip")"
  done
done <<'ROWS'
1300 1280 1280 10.9.0.2
1300 1276 1280 10.9.0.3 --tun-type gre
1300 1268 1280 10.9.0.4 --tun-type gue --tun-port 5555
1400 1360 1360 [fd00:9::2]
1400 1356 1356 [fd00:9::3] --tun-type gre
1400 1348 1348 [fd00:9::4] --tun-type gue --tun-port 5555
1280 1260 1280 10.9.0.2
1280 1240 1280 [fd00:9::2]
1280 1236 1280 [fd00:9::3] --tun-type gre
1280 1228 1280 [fd00:9::4] --tun-type gue --tun-port 5555
ROWS

# Errors of other kinds reach the client: no way to the server's network any more.
ip -n hop route del 10.9.0.0/24
ip -n hop route add unreachable 10.9.0.0/24
through 192.168.1.183 10.9.0.2 -i
same "a server that cannot be reached" EHOSTUNREACH "$(tcp_try user 192.168.1.183 80)"

# Direct routing: routers on the clients' side complain to the virtual address.
ip -n gate link set eth0 mtu 1300
for vip in 192.168.1.183 '[fd00:1::183]'; do
  rip=192.168.1.191
  [[ $vip != *:* ]] || rip='[fd00:1::191]'
  through "$vip" "$rip" -g
  ip -n far route flush cache
  ip -n far -6 route flush cache
  same "a download from $vip by direct routing" "$sum" \
    "$(on user curl -gsS --max-time 10 "http://$vip/files/down" | sha256sum)"
  contains "what the server of $vip knows of the way" "mtu 1300" \
    "$(ip -n far route get "$([[ $vip == *:* ]] && echo fd00:c::10 || echo 10.1.0.10)" from "$(tr -d '[]' <<<"$vip")")"
done
stop_director
nothing_left lb
kill -TERM "$far"
wait_until 10 ended_process "$far"
