#!/usr/bin/env bash
# The fast path under real traffic: what goes by it, that listings count it exactly, that no connection ends while it goes by
# it, and that a change of tables, of links or of the host takes it back. As root the kernel has to take the program.
here=$(realpath "$(dirname "$0")")
. "$(dirname "$0")/lib.sh"
topology
for rs in rs1 rs2; do
  web "$rs"
  udp_echo "$rs" 5000
  echo_server "$rs"
done
head -c 60000000 /dev/urandom >"$work/blob"
cp "$work/blob" "$work/web-rs1/html/files/down"
vips=(192.168.1.183 fd00:1::183)
client_counts "${vips[@]}"

# real_way METHOD: from here on packets go to rs1 so, of all services.
real_way() {
  local vip at
  for vip in "${vips[@]}"; do
    [[ $vip == *:* ]] && at="[$vip]" || at=$vip
    for service in "-t $at:80" "-t $at:7" "-u $at:5000"; do
      on ds ipvsadm -A $service -s rr
      [[ $vip == *:* ]] && server="[fd00:56::183]" || server=192.168.56.183
      on ds ipvsadm -a $service -r "$server:${service##*:}" "$1"
    done
  done
}
url() { [[ $1 == *:* ]] && echo "http://[$1]" || echo "http://$1"; }
# ask VIP PORT KIND PAUSE COUNT: what fast-path.py says, in the background, into `asked`.
ask() { ip netns exec client python3 "$here/fast-path.py" "$@" >asked 2>&1 & asking=$!; wait_until 5 grep -q open asked; }
all_answered() { wait "$asking"; same "$1" "answers $2" "$(grep -v open asked)"; }

for method in -m --fullnat; do
  start_director
  real_way "$method"
  wait_until 5 fast_is on True
  same "links ($method)" "eth1 eth2" "$(fast links)"
  on client nft reset counters >/dev/null
  for vip in "${vips[@]}"; do
    before=$(fast packets)
    download client "$(url "$vip")" "$work/blob"
    wait_until 5 grown $((before + 300))
    before=$(fast packets)
    upload client "$(url "$vip")" "$work/blob" rs1
    wait_until 5 grown $((before + 300))
    for kind in tcp udp; do
      before=$(fast packets)
      [[ $kind == tcp ]] && port=7 || port=5000
      ask "$vip" "$port" "$kind" 0.01 300
      all_answered "$vip $kind" 300
      wait_until 5 grown $((before + 400))
    done
    same "pages" "rs1 rs1 rs1 rs1" "$(answers client 4 "$(url "$vip")")"
  done
  listing_is_exact "$method"
  # Flows that are over leave it.
  wait_until 10 fast_is connections 0
  stop_director
  nothing_left
done

# pages_take COUNT: so many packets of a request with a connection of its own come by the director.
pages_take() {
  local before
  before=$(by_tun)
  answers client 10 http://192.168.1.183 >/dev/null
  ((($(by_tun) - before) / 10 == $1))
}
states_are() { [[ $(on ds ipvsadm -Lnc | awk '/^TCP/ { print $3 }' | sort | uniq -c | xargs) == "$*" ]]; }
# Of such a connection the director sees the SYN alone. States are those of the packets all the same.
start_director
real_way -m
wait_until 5 fast_is on True
on client nft reset counters >/dev/null
answers client 40 http://192.168.1.183 >/dev/null
wait_until 5 states_are 40 TIME_WAIT
listing_is_exact "short connections"
wait_until 5 pages_take 1
wait_until 5 fast_is connections 0
stop_director

# Super-packets that are longer than an IP header can say (BIG TCP): all by it, or all by the director, else some would overtake
# others. None that the host refuses: before Linux 7 it counts eight bytes too many for each segment of IPv6.
start_director
real_way -m
wait_until 5 fast_is on True
for link in client:eth0 ds:eth1 ds:eth2 rs1:eth0; do super_packets "$link" 185000; done
for vip in "${vips[@]}"; do
  before=$(by_tun)
  upload client "$(url "$vip")" "$work/blob" rs1
  [[ $vip == *:* ]] || (($(by_tun) - before < 1000)) || fail "$(($(by_tun) - before)) packets of BIG TCP to $vip by the director"
done
same "super-packets that the host refused" 0 "$(on ds awk '$1 == "Ip6FragFails" { print $2 }' /proc/net/snmp6)"
for link in client:eth0 ds:eth1 ds:eth2 rs1:eth0; do super_packets "$link" 65536; done
stop_director

# A flow of two seconds' timeout that is kept alive by the fast path alone, and the flow log's account of it.
start_director --flow-log "$work/flows.jsonl"
real_way -m
wait_until 5 fast_is on True
on ds ipvsadm --set 2 2 2
on client nft reset counters >/dev/null
ask 192.168.1.183 5000 udp 0.1 80
wait_until 5 fast_is connections 1
all_answered "a flow that only the fast path sees" 80
wait_until 10 test -s "$work/flows.jsonl"
same "the account of the flow log" "1 $(counted out) $(counted in)" "$(python3 -c '
import json, sys
flows = [json.loads(line) for line in open(sys.argv[1])]
flow = flows[0]
print(len(flows), flow["in_packets"], flow["in_bytes"], flow["out_packets"], flow["out_bytes"])' "$work/flows.jsonl")"

# A server that is deleted in the middle: from then on its packets are dropped, as without the fast path.
on ds ipvsadm --set 900 120 300
ask 192.168.1.183 7 tcp 0.02 100000
wait_until 5 fast_is connections 1
on ds ipvsadm -d -t 192.168.1.183:7 -r 192.168.56.183:7
same "connections of a deleted server" 0 "$(fast connections)"
wait_until 30 grep -q lost asked
on ds ipvsadm -a -t 192.168.1.183:7 -r 192.168.56.183:7 -m

# A capture sees all packets, and afterwards they go by it again.
ask 192.168.1.183 5000 udp 0.02 100000
wait_until 5 fast_is connections 1
on ds timeout 60 tunvs capture udp -c 40 >captured 2>captured.log
(($(wc -l <captured) >= 40)) || fail "a capture of 40 packets saw $(wc -l <captured) lines: $(<captured.log)"
wait_until 10 fast_is connections 1

# An upgrade: the programs stay where they are, and after a few packets the flow goes by them again.
by_director=$(by_tun)
on ds tunvs upgrade
same "links after an upgrade" "eth1 eth2" "$(fast links)"
before=$(fast packets)
wait_until 20 grown $((before + 100))
(($(by_tun) - by_director < 50)) || fail "$(($(by_tun) - by_director)) packets by the director after an upgrade"
[[ $(<"$work/director-ds.log") != *"no fast path from here"* ]] || fail "a link took no program"

# A link that goes and comes again, and another program at its entrance.
ip -n ds link add late type veth peer name late-end
wait_until 5 fast_is links "eth1 eth2"
ip -n ds link set late up
ip -n ds link set late-end up
wait_until 5 fast_is links "eth1 eth2 late late-end"
ip -n ds link del late
wait_until 5 fast_is links "eth1 eth2"
ip netns exec ds python3 "$here/tcx.py" eth1 >tcx 2>&1 &
other=$!
wait_until 5 grep -q attached tcx
before=$(fast packets)
wait_until 10 grown $((before + 20))
kill "$asking" "$other"
stop_director
nothing_left

# A firewall that drops what tracking takes for invalid, and connections that go to and fro between both ways.
on ds nft -f - <<'NFT'
table inet wall {
  counter invalid {}
  chain forward { type filter hook forward priority 0; ct state invalid counter name invalid drop; ct state established accept; }
}
NFT
for method in -m --fullnat; do
  start_director
  real_way "$method"
  wait_until 5 fast_is on True
  before=$(fast packets)
  ask 192.168.1.183 7 tcp 0.01 600 5
  all_answered "a connection that is tracked ($method)" 600
  grown $((before + 500)) || fail "it went by the director"
  # Tracking is to see the whole handshake.
  [[ $method == --fullnat ]] || wait_until 5 pages_take 3
  contains "tracking" "packets 0 bytes 0" "$(on ds nft list counter inet wall invalid)"
  stop_director
done
same "tracking at the end" 0 "$(on ds cat /proc/sys/net/netfilter/nf_conntrack_tcp_be_liberal)"
on ds nft delete table inet wall

# Switched off, and a table for one connection alone.
start_director --no-fast-path
real_way -m
same "whether it is on" "False switched off" "$(fast on) $(fast why_off)"
download client http://192.168.1.183 "$work/blob"
same "packets of a fast path that is off" 0 "$(fast packets)"
stop_director
printf '[director]\nfast_path_conns = 1\n' >one.toml
start_director --config one.toml
real_way -m
wait_until 5 fast_is on True
ask 192.168.1.183 5000 udp 0.02 400
wait_until 5 fast_is connections 1
download client http://192.168.1.183 "$work/blob"
(($(fast full) > 0)) || fail "a table for one took more"
all_answered "the one that was first" 400
stop_director
nothing_left

# Odd packets on connections that live end none of them, whichever way they go, and are counted as they were sent.
on client nft -f - <<'NFT'
table inet quiet {
  chain in { type filter hook prerouting priority -500; tcp sport 7 drop; udp sport 5000 drop; }
}
NFT
mac=$(on ds cat /sys/class/net/eth1/address)
# counted_in PORT: packets and bytes of clients by the listing.
counted_in() { on ds ipvsadm -Ln --stats --exact | awk -v port=":$1" '/^(TCP|UDP)/ && $2 ~ port "$" && $3 > 0 { print $4, $6 }'; }
counted_as() { [[ "$(counted_in 7) $(counted_in 5000)" == "$1" ]]; }
for way in "" --no-fast-path; do
  for vip in "${vips[@]}"; do
    start_director $way
    real_way -m
    [[ $way ]] || wait_until 5 fast_is links "eth1 eth2"
    [[ $vip == *:* ]] && own=fd00:1::10 || own=192.168.1.10
    on client ping -qc 1 -W 20 "$vip" >/dev/null
    sent=$(on client python3 "$here/odd-packets.py" "$vip" "$own" "$mac")
    wait_until 5 counted_as "$sent"
    [[ $way ]] || (($(fast packets) > 0)) || fail "no packet to $vip went by the fast path"
    stop_director
  done
done
