#!/usr/bin/env bash
# Slow start with rr and weights of 1: a server that comes back gets a share of new connections that grows to its half of them,
# the listed weight stays 1, and no connection fails.
. "$(dirname "$0")/lib.sh"
topology
web rs1
web rs2
cat >tunvs.toml <<'TOML'
[[service]]
address = "192.168.1.183:80"
scheduler = "rr"
slow_start = "8s"
check = { type = "tcp", interval = "200ms", jitter = 0, rise = 1, fall = 1 }
[[service.server]]
address = "192.168.56.183:80"
forward = "masq"
[[service.server]]
address = "192.168.56.184:80"
forward = "masq"
TOML
start_director --config tunvs.toml
weights() { on ds ipvsadm -Ln | awk '$1 == "->" && $2 != "RemoteAddress:Port" { print $4 }' | tr '\n' ' '; }
both() { [[ $(weights) == "1 1 " ]]; }
one() { [[ $(weights) == "1 " ]]; }
wait_until 10 both
kill "$(cat web-rs1/pid)"
wait_until 20 one
on rs1 nginx -c "$work/web-rs1/nginx.conf"
wait_until 20 both

contains "what health says" "weight 1, warming up: " "$(on ds tunvs health)"

# Calls for 12 seconds: how long it was back when each was made, and who answered.
back=$(awk '/real server up.*192.168.56.183:80/ { at = $1 } END { print at }' "$work/director-ds.log")
on client python3 - "$back" >calls.txt <<'PY'
import datetime, sys, time, urllib.request
start = datetime.datetime.fromisoformat(sys.argv[1].replace("Z", "+00:00")).timestamp()
while (at := time.time() - start) < 12:
    name = urllib.request.urlopen("http://192.168.1.183", timeout=5).read().decode().strip()
    print(f"{at:.3f} {name}")
    time.sleep(0.002)
PY
same "weights as they were declared" "1 1 " "$(weights)"
python3 - <<'PY'
calls = [line.split() for line in open("calls.txt")]
def share(first, last):
    names = [name for at, name in calls if first <= float(at) < last]
    assert len(names) > 50, (first, last, len(names))
    return names.count("rs1") / len(names)
# From the first part on that was called from its beginning: a busy machine begins late.
parts = [first for first in range(0, 8, 2) if float(calls[0][0]) < first + 0.5]
assert parts, calls[0]
for first in parts:
    wanted = (first + 1) / 8 / 2
    assert abs(share(first, first + 2) - wanted) < 0.08, (first, share(first, first + 2), wanted)
assert abs(share(8.5, 12) - 0.5) < 0.05, share(8.5, 12)
PY
[[ $(on ds tunvs health) != *warming* ]] || fail "health still says that it is warming up"
stop_director
nothing_left
