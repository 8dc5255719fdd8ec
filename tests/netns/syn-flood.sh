#!/usr/bin/env bash
# Keep-alive clients beside a flood of SYNs from addresses that are nobody's: how many of their requests are answered a second, and how
# many by plain routing beside the same flood, in turns in one run; no connection that was there before is lost. The figures come last, as a
# row of the table of `make test-hostile`.
#   SPAN: seconds of each measurement (2). TURNS: of each (1). RATE: SYNs a second (10,000). GOAL: the least share of plain routing, in
#   hundredths (20, as a debug build on a busy machine has it; `make test-hostile` wants 70 of a release build).
here=$(realpath "$(dirname "$0")")
. "$(dirname "$0")/lib.sh"
span=${SPAN:-2} turns=${TURNS:-1} rate=${RATE:-10000} goal=${GOAL:-20} vip=192.168.1.183 real=192.168.56.183
topology
web rs1
ip -n client route add 192.168.56.0/24 via 192.168.1.181
# Answers to the flood's sources have a way, and end there.
ip -n ds route add 198.18.0.0/15 via 192.168.1.10
ip -n client route add blackhole 198.18.0.0/15
on ds sysctl -qw net.ipv4.ip_forward=1

link=$(on ds cat /sys/class/net/eth1/address)
sent() { on client cat /sys/class/net/eth0/statistics/tx_packets; }
# beside_flood ADDRESS: requests a second of keep-alive clients, all of the time beside the flood, into $requests; packets a second of
# both into $packets.
beside_flood() {
  local before began said flooding
  ip netns exec client python3 "$here/syn-flood.py" eth0 "$link" "$1" 80 "$rate" $((span + 60)) >/dev/null 2>"$work/syn-flood.log" &
  flooding=$!
  before=$(sent)
  is_flooded() { (($(sent) > before + rate / 10)); }
  wait_until 20 is_flooded
  before=$(sent) began=$EPOCHREALTIME
  said=$(on client wrk -t 2 -c 32 -d "${span}s" --latency "http://$1/")
  packets=$(awk -v n=$(($(sent) - before)) -v a="$began" -v b="$EPOCHREALTIME" 'BEGIN { printf "%d", n / (b - a) }')
  kill $flooding
  wait $flooding || true
  requests=$(awk '/^Requests\/sec/ { print int($2) }' <<<"$said")
  p99=$(awk '$1 == "99%" { print $2 }' <<<"$said")
}

start_director
for port in 7 80; do
  on ds ipvsadm -A -t $vip:$port -s rr
  on ds ipvsadm -a -t $vip:$port -r $real:$port -m
done
same "the service" rs1 "$(get client http://$vip)"
ip netns exec rs1 python3 "$here/hold.py" serve 7 >"$work/served" 2>"$work/hold-serve.log" &
wait_until 10 grep -q ready "$work/served"
ip netns exec client python3 "$here/hold.py" open $vip 7 200 >"$work/held" 2>"$work/hold-open.log" &
wait_until 20 grep -q open "$work/held"

memory() { awk '/^VmRSS/ { print int($2 / 1024) }' "/proc/$director/status"; }
memory_before=$(memory) plain=0 directed=0 flooded=0
for ((turn = 0; turn < turns; turn++)); do
  beside_flood $real
  plain=$((plain + requests))
  beside_flood $vip
  directed=$((directed + requests)) flooded=$((flooded + packets))
done
same "connections that ended in the floods" open "$(<"$work/held")"
share=$((directed * 100 / plain))
memory_after=$(memory)
crowded=$(on ds tunvs counters | awk '$1 == "drop_crowded" { print $2 }')
stop_director
nothing_left
echo "| $((flooded / turns)) packets/s, $rate of them SYNs of nobody; keep-alive clients; $crowded SYNs gave way | $((directed / turns)) requests/s, $share % of plain routing | $p99 | $memory_before MB, then $memory_after MB |"
((share >= goal)) || late "$share % of plain routing, $goal % is the goal"
