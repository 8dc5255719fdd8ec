#!/usr/bin/env bash
# SYNs into tunnels ask for no longer segments than fit the tunnel, unless --no-mss-clamp says so. The way to the
# server carries 1400 bytes; what comes out of the tunnel there is looked at.
tests=$(realpath "$(dirname "$0")")
. "$tests/lib.sh"
one_link
web rs1
ip netns exec rs1 "$tests/decapsulate.py" "$work/came" >"$work/tunl.ready" 2>"$work/tunl.log" &
wait_until 5 test -s "$work/tunl.ready"
ip -n ds route add 192.168.1.191 dev eth1 mtu 1400
ip -n ds -6 route add fd00:1::191 dev eth1 mtu 1400

# mss VIP SERVER OPTION...: what the SYN of a request asks for behind the tunnel.
mss() {
  local vip=$1 rip=$2 watching
  shift 2
  : >"$work/syns.err"
  ip netns exec rs1 tcpdump -l -nni tunl 'ip[33] & 2 != 0 or ip6[53] & 2 != 0' >"$work/syns" 2>"$work/syns.err" &
  watching=$!
  wait_until 5 grep -q listening "$work/syns.err"
  on ds ipvsadm -A -t "$vip:80" -s rr
  on ds ipvsadm -a -t "$vip:80" -r "$rip:80" -i "$@"
  same "$vip" rs1 "$(get client "http://$vip")" >&2
  wait_until 5 grep -q 'mss ' "$work/syns"
  on ds ipvsadm -D -t "$vip:80"
  kill "$watching"
  wait "$watching" || true
  sed -n 's/.*mss \([0-9]*\),.*/\1/p' "$work/syns" | sort -u
}

v4=192.168.1.183 v6='[fd00:1::183]'
start_director
same "IP in IP" 1340 "$(mss "$v4" 192.168.1.191)"
same "6 in 6" 1300 "$(mss "$v6" '[fd00:1::191]')"
same "6 in 4" 1320 "$(mss "$v6" 192.168.1.191)"
same "4 in 6" 1320 "$(mss "$v4" '[fd00:1::191]')"
same "GRE" 1336 "$(mss "$v4" 192.168.1.191 --tun-type gre --tun-nocsum)"
same "GRE with checksums" 1332 "$(mss "$v4" 192.168.1.191 --tun-type gre --tun-csum)"
same "GUE" 1328 "$(mss "$v4" 192.168.1.191 --tun-type gue --tun-port 5555 --tun-nocsum)"
stop_director

start_director --no-mss-clamp
same "as it was sent" 1460 "$(mss "$v4" 192.168.1.191)"
same "as it was sent, IPv6" 1440 "$(mss "$v6" '[fd00:1::191]')"
stop_director
nothing_left
