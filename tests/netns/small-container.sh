#!/usr/bin/env bash
# A director in a control group of 64 MB under 25,000 SYN/s that nobody goes on with: its table is as large as the group allows,
# it lives, and clients are served. A group can be made where the hierarchy may be written; elsewhere this fails.
#   FLOOD_SECONDS: how long (default 15).
. "$(dirname "$0")/lib.sh"
flood_seconds=${FLOOD_SECONDS:-15} limit=$((64 << 20))
topology
web rs1
web rs2

# make_group: $group, bounded, of version 2 where that one has the memory, else of version 1. $outside: where we are.
make_group() {
  local mount own
  mount=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
  own=$(sed -n 's/^0:://p' /proc/self/cgroup)
  for outside in "$mount$own" "$mount"; do
    grep -qw memory "$outside/cgroup.subtree_control" 2>/dev/null || continue
    group=$(mktemp -d -p "$outside" tunvs-XXXXXX 2>/dev/null) && echo "$limit" >"$group/memory.max" && return
  done
  mount=$(awk '$3 == "cgroup" && $4 ~ /memory/ { print $2; exit }' /proc/mounts)
  outside=$mount$(sed -n 's/^[0-9]*:\([^:]*,\)*memory\(,[^:]*\)*://p' /proc/self/cgroup)
  group=$(mktemp -d -p "$outside" tunvs-XXXXXX) && echo "$limit" >"$group/memory.limit_in_bytes"
}
make_group || fail "no control group with a limit of memory can be made here"
remove_group() {
  local code=$?
  kill -KILL ${director-} 2>/dev/null || true
  wait 2>/dev/null || true
  rmdir "$group" || true
  ended $code
}
trap remove_group EXIT

# Not by `ip netns exec`, which hides the control groups.
bash -c 'echo $$ >"$1/cgroup.procs"; exec nsenter --net=/run/netns/ds tunvs run' - "$group" >>director-ds.log 2>&1 &
director=$!
wait_until 10 director_answers
most=$(on ds tunvs status --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["connections"]["limit"])')
((most > 100000 && most < 150000)) || fail "the table takes $most connections"
contains "the doctor" "64 MiB" "$(nsenter --net=/run/netns/ds tunvs doctor | grep memory)"
on ds ipvsadm -A -t 192.168.1.183:80 -s rr
two_servers -t 192.168.1.183:80 80
on ds tunvs sysctl drop_entry 1 >/dev/null
get client http://192.168.1.183 >/dev/null

# From addresses that have no route back: the servers' answers go nowhere.
ip netns exec client python3 -c '
import socket, struct, sys, time
device, link, seconds, rate = "eth0", sys.argv[1], float(sys.argv[2]), 25000
def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16: total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff
own = open("/sys/class/net/eth0/address").read().strip()
ether = bytes.fromhex((link + own).replace(":", "")) + b"\x08\x00"
to = bytes([192, 168, 1, 183])
def frame(number):
    source = struct.pack("!I", 0xC6120000 + number // 60000)
    tcp = struct.pack("!HHIIBBHHH", 1024 + number % 60000, 80, number, 0, 5 << 4, 2, 64240, 0, 0)
    tcp = tcp[:16] + struct.pack("!H", checksum(source + to + struct.pack("!HH", 6, 20) + tcp)) + tcp[18:]
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 40, 0, 0x4000, 64, 6, 0) + source + to
    return ether + ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:] + tcp
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind((device, 0))
started, sent = time.monotonic(), 0
while (passed := time.monotonic() - started) < seconds:
    for _ in range(min(500, int(passed * rate) - sent)):
        s.send(frame(sent))
        sent += 1
    time.sleep(0.001)
print(sent, "SYNs in", int(seconds), "s")
' "$(on ds cat /sys/class/net/eth1/address 2>/dev/null || ip -n ds -j link show eth1 | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["address"])')" "$flood_seconds" >flood.log &
flood=$!
asked=0 served=0
while kill -0 "$flood" 2>/dev/null; do
  ((++asked))
  [[ -z $(on client curl -s --max-time 10 http://192.168.1.183) ]] || ((++served))
done
wait "$flood"
used() { cat "$group/memory.peak" 2>/dev/null || cat "$group/memory.max_usage_in_bytes"; }
killed() { { cat "$group/memory.events" "$group/memory.oom_control" 2>/dev/null || true; } | awk '$1 == "oom_kill" { sum += $2 } END { print sum + 0 }'; }
echo "$(<flood.log), $served of $asked clients served, at most $(($(used) >> 10)) kB, $(on ds tunvs connections --count) connections at the end"
! ended_process "$director" || fail "the director ended"
same "kills for want of memory" 0 "$(killed)"
((asked >= 10 && served * 10 >= asked * 9)) || late "$served of $asked clients were served"
stop_director
