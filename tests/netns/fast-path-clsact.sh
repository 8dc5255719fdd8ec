#!/usr/bin/env bash
# The fast path as a filter of clsact, as kernels without TCX have it: what goes by it is counted exactly, filters of others stay,
# one that is taken away comes back, a kill leaves nothing that goes on for long, and a stop leaves nothing, nor does a clean-up, whatever
# the links are called by then.
here=$(realpath "$(dirname "$0")")
. "$(dirname "$0")/lib.sh"
topology
web rs1
echo_server rs1
head -c 60000000 /dev/urandom >"$work/blob"
cp "$work/blob" "$work/web-rs1/html/files/down"
vip=192.168.1.183
printf '[director]\nfast_path_hook = "clsact"\n' >director.toml

start() {
  start_director --config director.toml
  on ds ipvsadm -A -t $vip:80 -s rr
  on ds ipvsadm -a -t $vip:80 -r 192.168.56.183:80 -m
  on ds ipvsadm -A -t $vip:7 -s rr
  on ds ipvsadm -a -t $vip:7 -r 192.168.56.183:7 -m
  wait_until 5 fast_is links "eth1 eth2"
}
# filters LINK: those at its entrance, without what differs from run to run.
filters() { on ds tc filter show dev "$1" ingress | grep -o 'pref [0-9]* [a-z0-9]*' | sort -u | xargs; }
ours="pref 65151 bpf"
filters_are() { [[ $(filters "$1") == "$2" ]]; }
# program LINK: number of the program there.
program() { on ds tc filter show dev "$1" ingress pref 65151 | sed -nE 's/.* id ([0-9]+).*/\1/p' | head -n 1; }
client_counts $vip

# other_filter LINK: a filter of somebody else, which takes no packet.
other_filter() { on ds tc filter add dev "$1" ingress pref 10 protocol all bpf bytecode '1,6 0 0 0' flowid 1:1; }
on ds tc qdisc add dev eth2 clsact
other_filter eth2
theirs=$(filters eth2)
start
same "filter where nobody had one" "$ours" "$(filters eth1)"
same "filter behind those of others" "$theirs $ours" "$(filters eth2)"

before=$(by_tun) packets=$(fast packets)
download client "http://$vip" "$work/blob"
upload client "http://$vip" "$work/blob" rs1
wait_until 5 grown $((packets + 600))
((($(by_tun) - before) < 100)) || fail "$(($(by_tun) - before)) packets came by the TUN"
listing_is_exact "bulk"

# What another program takes away comes back with the next change.
on ds tc qdisc del dev eth1 clsact
on ds ipvsadm -a -t $vip:80 -r 192.168.56.184:80 -m
on ds ipvsadm -d -t $vip:80 -r 192.168.56.184:80
wait_until 5 filters_are eth1 "$ours"
wait_until 5 fast_is links "eth1 eth2"

# A link keeps the filter with another name, and loses it in a bridge.
ip -n ds link set eth2 name back
wait_until 5 fast_is links "back eth1"
ip -n ds link add br0 type bridge
ip -n ds link set back master br0
wait_until 5 fast_is links eth1
same "filters of a port of a bridge" "$theirs" "$(filters back)"
ip -n ds link del br0
ip -n ds link set back name eth2
wait_until 5 fast_is links "eth1 eth2"

# After a kill the filter stays, soon without effect, and the next director puts its own in its place: a connection goes on.
ip netns exec client python3 "$here/fast-path.py" $vip 7 tcp 0.02 0 >asked 2>&1 &
asking=$!
wait_until 5 grep -q open asked
goes_by() { local before; before=$(fast packets); wait_until 10 grown $((before + 20)); }
goes_by
number=$(program eth1)
kill -9 "$director"
wait "$director" || true
same "program of a killed director" "$number" "$(program eth1)"
start_director --config director.toml
other_program() { [[ $(program eth1) != "$number" ]]; }
wait_until 5 other_program
wait_until 5 fast_is links "eth1 eth2"
goes_by

# An upgrade keeps the program.
number=$(program eth1)
on ds tunvs upgrade >/dev/null
same "program after the upgrade" "$number" "$(program eth1)"
goes_by
kill -TERM "$asking"
wait "$asking"
same "answers through kill and upgrade" "all answered" "$(grep -v open asked)"

stop_director
nothing_left
same "at the entrance where nobody had anything" "" "$(on ds tc qdisc show dev eth1 ingress; filters eth1)"
same "filters of others" "$theirs" "$(filters eth2)"

# A filter that came to stand beside ours keeps its place.
start
other_filter eth1
stop_director
same "filters that came later" "$theirs" "$(filters eth1)"

# What stands in the place of clsact by then is somebody else's.
on ds tc qdisc del dev eth1 clsact
start
on ds tc qdisc del dev eth1 clsact
on ds tc qdisc add dev eth1 ingress
stop_director
contains "what another program has made" "qdisc ingress" "$(on ds tc qdisc show dev eth1 ingress)"
on ds tc qdisc del dev eth1 ingress

# A killed director's link is found by its number.
before=$(snapshot ds)
start
kill -9 "$director"
wait "$director" || true
ip -n ds link set eth1 name front
same "filter of a link with another name" "$ours" "$(filters front)"
on ds tunvs cleanup
nothing_left
same "at the entrance of a link with another name" "" "$(on ds tc qdisc show dev front ingress; filters front)"
ip -n ds link set front name eth1
same "the host after the clean-up" "$before" "$(snapshot ds)"
