#!/usr/bin/env bash
# Busy flows of datagrams stay in order while they come into the fast path, one way and with answers, by one queue and by several; and they
# come in soon.
here=$(realpath "$(dirname "$0")")
. "$(dirname "$0")/lib.sh"
topology
udp_echo rs1 5353
address ds eth1 192.168.1.183/24
service() {
  on ds ipvsadm -A -u "192.168.1.183:$1" -s rr
  on ds ipvsadm -a -u "192.168.1.183:$1" -r "192.168.56.183:$2" -m
}
# order ARGUMENT...: `said` is what order.py says; `longest` the longest time in ms that it took.
order() {
  local began=${EPOCHREALTIME/./} took
  on client python3 "$here/order.py" "$@" >said 2>&1 || true
  took=$(((${EPOCHREALTIME/./} - began) / 1000))
  ((took < longest)) || longest=$took
}
# unordered WHAT: where it took a second, flows may have come in although a queue was not found empty.
unordered() {
  ((longest < 1000)) || late "$1, within $longest ms"
  fail "$1"
}
is_received() { grep -q "$1" received; }

for queues in 1 4; do
  longest=0
  start_director --queues "$queues"
  service 53 5353
  service 9 9000
  wait_until 5 fast_is on True
  rm -f received
  ip netns exec rs1 python3 "$here/order.py" receive 9000 >received 2>&1 &
  receiver=$!
  wait_until 5 is_received ready
  # A flow alone: a packet each millisecond, nine of them by the director, and those that come until it is in.
  before=$(by_tun)
  order send 192.168.1.183 9 42000 1 400 0.001
  (($(by_tun) - before < 200)) || late "a flow of 400 packets came in after $(($(by_tun) - before))"

  for round in {1..8}; do
    first=$((41000 + 16 * round))
    order send 192.168.1.183 9 $first 16 60 0.001
    order ask 192.168.1.183 53 $first 16 5
    [[ $(<said) == "16 flows, 640 datagrams" ]] || unordered "answers ($queues queues, round $round): $(<said)"
  done
  kill "$receiver"
  wait "$receiver" || true
  is_received "^129 flows, .* 0 late" || unordered "datagrams of one way ($queues queues): $(<received)"
  (($(fast packets) > 2000)) || fail "only $(fast packets) of 10240 packets went by the fast path"
  stop_director
  nothing_left
done
