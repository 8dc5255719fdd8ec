#!/usr/bin/env bash
# Whatever happens is an event: commands, reloads, thresholds and drops; a reader that stops reading holds nobody up.
. "$(dirname "$0")/lib.sh"

topology
web rs1
cat >lvs.toml <<'TOML'
[[service]]
address = "192.168.1.183:80"
scheduler = "rr"
TOML
start_director --config lvs.toml --drop-alarm 20
ip netns exec ds tunvs events --last 100 >events.jsonl &
reader=$!
ip netns exec ds tunvs events --last 1 >deaf.jsonl &
deaf=$!
wait_until 10 grep -q '"started"' events.jsonl
wait_until 10 test -s deaf.jsonl
kill -STOP "$deaf"

# names: the events so far, in order, without those of the start.
names() { sed -n 's/.*"event":"\([a-z_]*\)".*/\1/p' events.jsonl | tail -n +3 | xargs; }
told() { [[ $(names) == "$1" ]]; }
events=""
# expect NAME...: these come next, and nothing else.
expect() {
  events=$(echo $events "$@")
  wait_until 15 told "$events"
}
same "events of the start" "service_added started" "$(sed -n 's/.*"event":"\([a-z_]*\)".*/\1/p' events.jsonl | head -2 | xargs)"

on ds ipvsadm -a -t 192.168.1.183:80 -r 192.168.56.183 -m -x 2 -y 1
on ds ipvsadm -e -t 192.168.1.183:80 -r 192.168.56.183 -m -x 2 -y 1 -w 3
refused on ds ipvsadm -a -t 192.168.1.183:80 -r 192.168.56.183 -m
expect server_added server_edited

# Two connections are the threshold.
on client curl -s --max-time 30 http://192.168.1.183 http://192.168.1.183 >/dev/null
on client curl -s --max-time 30 http://192.168.1.183 >/dev/null
expect server_overloaded
on ds ipvsadm -e -t 192.168.1.183:80 -r 192.168.56.183 -m -x 0
expect server_edited server_returned

cat >lvs.toml <<'TOML'
[[service]]
address = "192.168.1.183:80"
scheduler = "wrr"
[[service]]
address = "192.168.1.184:80"
TOML
kill -HUP "$director"
wait_until 10 grep -q '"reloaded"' events.jsonl
echo "nonsense" >lvs.toml
kill -HUP "$director"
wait_until 10 grep -q '"reload_failed"' events.jsonl
events=$(names)
contains "a reload" "service_edited" "$events"

# Drops over the threshold, and their end.
on ds ipvsadm -A -t 192.168.1.184:81 -s rr
expect service_added
on client python3 - <<'PY'
import socket, struct, time
# TCP segments whose header says that it is longer than they are.
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
segment = struct.pack("!HHIIBBHHH", 1234, 80, 1, 0, 0xf0, 2, 1024, 0, 0)
for _ in range(200):
    raw.sendto(segment, ("192.168.1.183", 0))
    time.sleep(0.001)
PY
expect drops_began
expect drops_ended

# A reader that does not read: everything else goes on, and it is told what it lost.
for _ in 1 2 3; do
  for port in $(seq 1000 3000); do echo "-A -t 192.168.1.185:$port -s rr"; done | on ds ipvsadm -R
  on ds ipvsadm -C
done
same "a listing while a reader is deaf" 3 "$(on ds ipvsadm -L -n | wc -l)"
kill -CONT "$deaf"
wait_until 10 grep -q '"lost"' deaf.jsonl

contains "the kept events" service_removed "$(on ds tunvs events --no-follow --only service_removed --count 1)"
contains "as text" "TCP 192.168.1.185:" "$(on ds tunvs events --no-follow --format text | tail -1)"
refused on ds tunvs events --only server_upp
contains "a wrong name" "server_upp" "$output"
# Nothing more happens, but nobody reads.
on ds timeout 20 tunvs events --last 1 | head -n 1 >/dev/null
on ds timeout 20 tunvs capture --write - | head -c 1 >/dev/null

stop_director
wait "$reader"
wait "$deaf"
same "the last event" stopping "$(sed -n 's/.*"event":"\([a-z_]*\)".*/\1/p' events.jsonl | tail -1)"
python3 - <<'PY'
import json
records = [json.loads(line) for line in open("events.jsonl")]
numbers = [record["number"] for record in records if record["event"] != "lost"]
assert numbers == sorted(set(numbers)), "numbers are not in order"
lost = sum(record["events"] for record in records if record["event"] == "lost")
assert numbers[-1] == len(numbers) + lost, (numbers[-1], len(numbers), lost)
PY
nothing_left
