#!/usr/bin/env bash
# Several queues: the datagrams of each flow stay in order, both directions meet the same connection, more than one
# queue works, and streams come over whole.
here=$(realpath "$(dirname "$0")")
. "$(dirname "$0")/lib.sh"
topology
web rs1
head -c 20000000 /dev/urandom >"$work/web-rs1/html/files/down"
udp_echo rs1 5353
address ds eth1 192.168.1.183/24
# By the queues alone: past the director a flow would show them nothing after some packets.
start_director --queues 4 --no-fast-path
on ds ipvsadm -A -u 192.168.1.183:53 -s rr
on ds ipvsadm -a -u 192.168.1.183:53 -r 192.168.56.183:5353 -m
on ds ipvsadm -A -t 192.168.1.183:80 -s rr
on ds ipvsadm -a -t 192.168.1.183:80 -r 192.168.56.183 -m

# 50 windows of 8 datagrams of each flow: all come back, in order.
same "flows in order" "16 flows, 6400 datagrams" "$(on client python3 "$here/order.py" ask 192.168.1.183 53 41000 16 50)"
same "connections" 16 "$(on ds ipvsadm -L -n -c | grep -c '^UDP')"
same "packets, both ways" "6400 6400" \
  "$(on ds ipvsadm -L -n --stats --exact -u 192.168.1.183:53 | awk '/^UDP/ { print $4, $5 }')"
busy() { on ds tunvs status --json | python3 -c '
import json, sys
queues = json.load(sys.stdin)["queues"]
assert len(queues) == 8, queues
print(sum(q["packets"] > 0 for q in queues if q["name"].startswith("tunvs-vip")))'; }
(($(busy) > 1)) || fail "one queue did all the work"

pids=()
for n in 1 2 3 4; do
  download client http://192.168.1.183 "$work/web-rs1/html/files/down" &
  pids+=($!)
done
for pid in "${pids[@]}"; do wait "$pid"; done
stop_director

start_director --queues auto
processors=$(nproc)
same "queues" $((processors < 8 ? processors : 8)) "$(on ds tunvs status --json | grep -o '"tunvs-vip/[0-9]*"' | wc -l)"
stop_director
nothing_left
