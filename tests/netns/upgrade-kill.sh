#!/usr/bin/env bash
# An upgraded director that is killed: its own file of connections is there, not that of the director before, and connections go on; after a
# stop no file is left.
here=$(realpath "$(dirname "$0")")
. "$(dirname "$0")/lib.sh"
topology
vip=192.168.1.200
echo_server rs1
echo_server rs2
mkdir "$work/state"
export TUNVS_SOCKET=$work/state/sock
start_director
on ds ipvsadm -A -t $vip:7 -s rr
two_servers -t $vip:7 7
kept() { [[ -s $work/state/sock.conns ]]; }
wait_until 10 kept
first=$(stat -c %i "$work/state/sock.conns")
on ds tunvs upgrade
anew() { [[ $(stat -c %i "$work/state/sock.conns") != "$first" && ! -e $work/state/sock.conns.new ]]; }
wait_until 10 anew
successor=$(pgrep -P "$director" -f "tunvs run")
second=$(stat -c %i "$work/state/sock.conns")
# Begun after the upgrade: only the successor can have written them.
begin_load $vip 50 5 3
python3 -c 'import time; time.sleep(1)'
same "the file of the successor" "$second" "$(stat -c %i "$work/state/sock.conns")"
kill -9 "$successor"
wait "$director" || true
start_director
end_load
same "connections that were harmed: $(tail -n 1 "$work/load")" 0 "$lost"
same "how often connections were taken over" 1 "$(grep -c "took over the connections of the director before" "$work/director-ds.log")"
stop_director
nothing_left
same "files left" "" "$(find "$work/state" -name '*.conns*')"
