#!/usr/bin/env bash
# Draining: no new connections, persistence or not; the old ones go on and are counted; at the deadline both ends of silent
# connections get a RST that their stacks believe. The mark outlives server and director. `--rst-on-expire`: the same when idle connections expire, and when a
# server is removed. Services without it stay silent.
here=$(realpath "$(dirname "$0")")
. "$(dirname "$0")/lib.sh"
topology
address ds eth1 192.168.1.183/24
for rs in rs1 rs2; do
  ip netns exec $rs python3 "$here/hold.py" serve 80 >"hold-$rs.log" 2>&1 &
done
ready() { grep -q ready hold-rs1.log && grep -q ready hold-rs2.log; }
wait_until 10 ready
start_director
vip=192.168.1.183
on ds ipvsadm -A -t $vip:80 -s rr -p 300
on ds ipvsadm -a -t $vip:80 -r 192.168.56.183:80 -m -w 5
on ds ipvsadm -a -t $vip:80 -r 192.168.56.184:80 -m -w 0

# hold LOG COUNT: opens connections and holds them.
hold() {
  ip netns exec client python3 "$here/hold.py" open $vip 80 "$2" >"$1" 2>&1 &
  wait_until 20 grep -q open "$1"
}
count() { grep -c "^end $1" "$2" || true; }
has_ended() { (($(count "$1" "$3") == $2)); }
# What ipvsadm lists of a server: weight, active, inactive.
listed() { on ds ipvsadm -Ln | awk -v server="$1:80" '$2 == server { print $4, $5, $6 }'; }

hold first.log 12
same "all at rs1" "5 12 0" "$(listed 192.168.56.183)"
on ds ipvsadm -e -t $vip:80 -r 192.168.56.184:80 -m -w 3
ip netns exec ds tunvs events --last 100 >events.log 2>&1 &
events=$!
ip netns exec ds tunvs drain $vip:80 192.168.56.183:80 --deadline 8s >drain.log 2>&1 &
drain=$!
wait_until 5 grep -q "connections left" drain.log
same "listed as quiesced" "0 12 0" "$(listed 192.168.56.183)"
contains "what would be restored" "-r 192.168.56.183:80 -m -w 5" "$(on ds ipvsadm -Sn)"
hold second.log 3
same "new ones elsewhere, though persistent" "3 3 0" "$(listed 192.168.56.184)"
same "none was cut before the deadline" 0 "$(count reset first.log)"
wait "$drain"
contains "what drain says" "192.168.56.183:80: 12 connections left, 12 of them active" "$(cat drain.log)"
contains "what drain says in the end" "192.168.56.183:80 is drained" "$(cat drain.log)"
wait_until 5 has_ended reset 12 first.log
wait_until 5 has_ended reset 12 hold-rs1.log
same "the other server's connections go on" 0 "$(count . second.log)"
wait_until 5 grep -q '"event":"server_drained".*"reset":12' events.log
contains "the beginning" '"event":"server_draining"' "$(cat events.log)"
kill "$events"

# The mark outlives the director, however it ends, and servers that come later.
again() {
  start_director "$@"
  on ds ipvsadm -A -t $vip:80 -s rr -p 300
  on ds ipvsadm -a -t $vip:80 -r 192.168.56.183:80 -m -w 5
  on ds ipvsadm -a -t $vip:80 -r 192.168.56.184:80 -m -w 3
}
stop_director
again
same "drained after a stop" "0 0 0" "$(listed 192.168.56.183)"
same "the other one is not" "3 0 0" "$(listed 192.168.56.184)"
on ds tunvs drain $vip:80 192.168.56.184:80 --deadline 1s
# Tables are written a moment after they change.
wait_until 5 grep -q 192.168.56.184 "$TUNVS_SOCKET.tables"
kill -9 "$director"
wait "$director" 2>/dev/null || true
start_director
same "drained after a kill" "0 0 0 0 0 0" "$(listed 192.168.56.183) $(listed 192.168.56.184)"
on ds tunvs undrain $vip:80 192.168.56.184:80
stop_director
printf '[[service]]\naddress = "%s:80"\nserver = [{ address = "192.168.56.183:80", forward = "masq", weight = 5 }, { address = "192.168.56.184:80", forward = "masq", weight = 3 }]\n' \
  $vip >drain.toml
start_director --config drain.toml
same "drained from a file" "0 0 0 3 0 0" "$(listed 192.168.56.183) $(listed 192.168.56.184)"
stop_director
again

# The mark outlives the server, and ends by undrain.
on ds ipvsadm -d -t $vip:80 -r 192.168.56.183:80
on ds ipvsadm -a -t $vip:80 -r 192.168.56.183:80 -m -w 5
same "still drained" "0 0 0" "$(listed 192.168.56.183)"
on ds tunvs undrain $vip:80 192.168.56.183:80
same "in use again" "5 0 0" "$(listed 192.168.56.183)"
refused on ds tunvs drain $vip:80 192.168.56.99:80
contains "a server that is not there" "no real server 192.168.56.99:80" "$output"
refused on ds tunvs undrain $vip:81 192.168.56.183:80

# --rst-on-expire: shown by -S, by nothing else; idle connections are told of their end.
on ds ipvsadm -E -t $vip:80 -s rr --rst-on-expire
contains "saved" "-A -t $vip:80 -s rr --rst-on-expire" "$(on ds ipvsadm -Sn)"
[[ $(on ds ipvsadm -Ln) != *rst* ]] || fail "the listing is not ipvsadm's any more"
on ds ipvsadm -D -t $vip:80
on ds ipvsadm -A -t $vip:80 -s rr --rst-on-expire
on ds ipvsadm -a -t $vip:80 -r 192.168.56.184:80 -m
before=$(count reset hold-rs2.log)
on ds ipvsadm --set 4 0 0
hold third.log 5
wait_until 20 has_ended reset 5 third.log
wait_until 5 has_ended reset $((before + 5)) hold-rs2.log
on ds ipvsadm --set 900 0 0
before=$(count reset hold-rs2.log)
hold fourth.log 4
on ds ipvsadm -d -t $vip:80 -r 192.168.56.184:80
wait_until 5 has_ended reset 4 fourth.log
wait_until 5 has_ended reset $((before + 4)) hold-rs2.log
stop_director
