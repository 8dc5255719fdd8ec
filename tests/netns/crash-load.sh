#!/usr/bin/env bash
# A director that is killed again and again under load, and started again as a supervisor does: no connection is reset, and none
# waits for longer than the restart and one retransmission. crash-load.sh [KILLS [CONNECTIONS [PAUSE]]] (3, 400 and 1): with very many
# connections a restart takes longer, and a longer pause between kills keeps two of them from meeting the same segment. All together
# say a thousand lines a second at most, which is what the two programs in Python can do beside all else.
if [[ $# == 0 ]]; then set -- "${KILLS:-3}" "${CONNECTIONS:-400}"; fi
here=$(realpath "$(dirname "$0")")
. "$(dirname "$0")/lib.sh"
kills=$1 connections=$2 pause=${3:-1}
topology
vip=192.168.1.200 vip6=fd00:1::200
for rs in rs1 rs2; do
  web $rs
  echo_server $rs
done
start_director
for service in "-t $vip:7" "-t [$vip6]:7"; do
  on ds ipvsadm -A $service -s rr
  two_servers $service 7
done
on ds ipvsadm -A -t $vip:8 -s rr -p 300
on ds ipvsadm -a -t $vip:8 -r 192.168.56.183:7 --fullnat
on ds ipvsadm -a -t $vip:8 -r 192.168.56.184:7 --fullnat
on ds ipvsadm -A -t $vip:80 -s rr
two_servers -t $vip:80 80

# Each kind of connection has a third of them; they go on until all kills are over.
seconds=$((kills * (pause + 2) + 4)) each=$((connections / 3)) loads=()
every=$(awk -v n="$connections" 'BEGIN { every = n / 1000; print every < 0.4 ? 0.1 : every }')
kind() {
  ip netns exec client python3 "$here/crash-load.py" load "$2" "$3" $each $seconds 3 "$every" >"$work/load-$1" 2>"$work/load-$1.log" &
  loads+=($!)
}
kind masq $vip 7
kind v6 $vip6 7
kind fullnat $vip 8
begun() { [[ $(cat "$work"/load-{masq,v6,fullnat}) == $'begun\nbegun\nbegun' ]]; }
wait_until 30 begun
ip netns exec client wrk -t 1 -c 20 -d "$((kills * (pause + 2)))" --timeout 10s "http://$vip/" >"$work/wrk" 2>&1 &
loads+=($!)

longest_restart=0
for ((number = 1; number <= kills; number++)); do
  # The last connections of wrk have been written by then, and all of the others.
  sleep "$pause"
  kill -9 "$director"
  killed=$(date +%s%3N)
  wait "$director" || true
  start_director
  took=$(($(date +%s%3N) - killed))
  ((took <= longest_restart)) || longest_restart=$took
done
wait "${loads[@]}"
restored=$(grep -c "took over the connections of the director before" director-ds.log)
same "how often connections were taken over" "$kills" "$restored"
stop_director

python3 - "$work" "$longest_restart" "$connections" "$kills" <<'PY'
import json, re, sys
work, restart, connections, kills = sys.argv[1], int(sys.argv[2]) / 1000, sys.argv[3], sys.argv[4]
total = {}
for kind in ("masq", "v6", "fullnat"):
    found = json.loads(open(f"{work}/load-{kind}").read().splitlines()[-1])
    for key, value in found.items():
        total[key] = max(total.get(key, 0), value) if key == "longest" else total.get(key, 0) + value
wrk = open(f"{work}/wrk").read()
errors = re.search(r"Socket errors: .*", wrk)
requests = re.search(r"(\d+) requests in", wrk)
# A segment that was lost is sent again after 200 ms, 600 ms and so on: at last once more as late as the restart took.
limit = 2 * restart + 0.5
print(f"{kills} kills, {connections} connections: {total['reset']} reset, {total['closed']} closed, {total['stalled']} stalled; "
      f"the longest wait {total['longest']} s, the longest restart {restart} s; "
      f"wrk: {requests and requests[1]} requests, {errors[0] if errors else 'no errors'}")
lost = sum(value for key, value in total.items() if key not in ("connections", "longest"))
if lost: sys.exit(f"lost {lost}: {total}")
open(f"{work}/waited", "w").write("" if total["longest"] <= limit else f"{total['longest']} s, {limit:.3f} s at most")
PY
[[ ! -s waited ]] || late "a connection waited for $(<waited)"
