#!/usr/bin/env bash
# A director that stops for a restart leaves host, tables, connections, counters and states of checks to the next one, which goes on to the
# digit; without a next one the clean-up undoes it. A plain stop undoes everything. Files that are damaged are told of and left out.
here=$(realpath "$(dirname "$0")")
. "$(dirname "$0")/lib.sh"
topology
vip=192.168.1.200
web rs1
web rs2
echo_server rs1
echo_server rs2
before=$(snapshot ds)
mkdir "$work/state"
export TUNVS_SOCKET=$work/state/sock

refused on ds tunvs stop
contains "a stop without a director" "no director answers" "$output"

start_director
on ds ipvsadm -A -t $vip:7 -s rr
two_servers -t $vip:7 7
on ds ipvsadm -A -t $vip:80 -s wrr -p 300
two_servers -t $vip:80 80
begin_load $vip 60 8 3
served=$(answers client 1 http://$vip)
counted() { on ds ipvsadm -Ln --stats --exact -t $vip:80; }
# The last packets of a connection come after the answer: until nothing moves for some looks.
had='' same_for=0
settled() {
  local now
  now=$(counted)
  if [[ $now == "$had" ]]; then same_for=$((same_for + 1)); else had=$now same_for=0; fi
  ((same_for >= 3))
}
wait_until 20 settled
events=$(on ds tunvs events --no-follow --last 256 | grep -c .)
((events > 0)) || fail "no events, so nothing is shown of them"

# ended: waits for the director's end, with exit status 0.
ended_well() {
  local code=0
  wait_until 10 ended_process "$director"
  wait "$director" || code=$?
  same "the director's exit status" 0 "$code"
}
# goes_on HOW: the next director knows what the one before knew.
goes_on() {
  start_director
  same "counters after $1" "$had" "$(counted)"
  same "the server of a template after $1" "$served" "$(answers client 1 http://$vip)"
  same_for=0
  wait_until 20 settled
  (($(on ds tunvs events --no-follow --last 256 | grep -c .) > events)) || fail "events before $1 are gone"
}

on ds tunvs stop --for-restart
ended_well
[[ $(snapshot ds) != "$before" ]] || fail "a stop for a restart has undone the host"
goes_on "tunvs stop --for-restart"

kill -QUIT "$director"
ended_well
goes_on "SIGQUIT"

# The same by the process that was started first, while it makes room for another that has taken over: no signal is lost meanwhile.
for ((turn = 1; turn <= 8; turn++)); do
  on ds tunvs upgrade
  kill -QUIT "$director"
  ended_well
  goes_on "SIGQUIT after upgrade $turn"
done

end_load
same "connections lost: $(tail -n 1 "$work/load")" 0 "$lost"

# A history that was cut, is another's, of a later version or damaged behind its first line: told of, and begun anew.
history=$work/state/sock.history
damaged() {
  local what=$1 said=$2
  shift 2
  on ds tunvs stop --for-restart
  ended_well
  "$@"
  : >"$work/director-ds.log"
  start_director
  contains "the log after $what" "$said" "$(cat "$work/director-ds.log")"
  same "servers after $what" 4 "$(on ds ipvsadm -Sn | grep -c -- ' -r ')"
}
damaged "a cut" "cannot read the history of the director before" truncate -s 100 "$history"
damaged "a later version" "it has the version 2, and this director reads 1" sed -i '1s/"version":1/"version":2/' "$history"
damaged "rubbish" "cannot read the history of the director before" sed -i '1s/^./x/' "$history"
damaged "another owner" "cannot read the history of the director before" chown 1:1 "$history"
flip() {
  python3 - "$history" <<'PY'
import sys
path = sys.argv[1]
data = bytearray(open(path, "rb").read())
data[data.index(b"\n") + 40] ^= 0x10
open(path, "wb").write(data)
PY
}
damaged "a flipped bit" "counters of services and servers" flip
rm "$work"/state/*.bad

# A record that waits for others in a sync message is sent before.
on ds ipvsadm --start-daemon master --mcast-interface eth2 --syncid 7
on ds tunvs sysctl sync_threshold="1 50"
ip netns exec rs1 timeout 30 python3 -c '
import socket, struct
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("224.0.0.81", 8848))
s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton("224.0.0.81") + socket.inet_aton("192.168.56.183"))
print("ready", flush=True)
print(s.recv(2048)[4], flush=True)
' >"$work/heard" 2>"$work/heard.log" &
hearing=$!
ready() { grep -q ready "$work/heard"; }
wait_until 20 ready
on client curl -s http://$vip:80 >/dev/null

# Nobody follows.
on ds tunvs stop --for-restart
ended_well
wait $hearing
(($(tail -n 1 "$work/heard") >= 1)) || fail "no record was heard: $(cat "$work/heard")"
same "what cleanup says" "undone: what a kill had left on this host" "$(on ds tunvs cleanup)"
same "the host after a clean-up" "$before" "$(snapshot ds)"
same "files after a clean-up" "" "$(ls "$work/state")"

start_director
on ds ipvsadm -A -t $vip:80 -s rr
on ds tunvs stop
ended_well
same "the host after tunvs stop" "$before" "$(snapshot ds)"
same "files after tunvs stop" "" "$(ls "$work/state")"

# A stop undoes everything however soon it comes after an upgrade.
for ((turn = 1; turn <= 4; turn++)); do
  start_director
  on ds ipvsadm -A -t $vip:80 -s rr
  on ds tunvs upgrade
  stop_director
  same "the host after a stop after upgrade $turn" "$before" "$(snapshot ds)"
  same "files after it" "" "$(ls "$work/state")"
done
