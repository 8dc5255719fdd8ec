#!/usr/bin/env bash
# Drained connections of direct routing and tunnels: the director sees the client's packets alone, and still tells both ends.
here=$(realpath "$(dirname "$0")")
. "$(dirname "$0")/lib.sh"
one_link
ip netns exec rs1 python3 "$here/hold.py" serve 80 >hold.log 2>&1 &
wait_until 10 grep -q ready hold.log
start_director
vip=192.168.1.183
on ds ipvsadm -A -t $vip:80 -s rr
on ds ipvsadm -a -t $vip:80 -r 192.168.1.191:80 -g
ip netns exec client python3 "$here/hold.py" open $vip 80 6 >client.log 2>&1 &
wait_until 20 grep -q open client.log
on ds tunvs drain $vip:80 192.168.1.191:80 --deadline 3s >drain.log
contains "what drain says" "is drained" "$(cat drain.log)"
has_ended() { (($(grep -c "^end reset" "$2") == $1)); }
wait_until 5 has_ended 6 client.log
wait_until 5 has_ended 6 hold.log
stop_director
