#!/usr/bin/env bash
# An upgrade and a restart with very many connections, told by another director's sync messages: all arrive, live ones are not harmed, and
# packets wait for little. upgrade-many.sh [CONNECTIONS] (50,000); the last line has the figures.
here=$(realpath "$(dirname "$0")")
. "$(dirname "$0")/lib.sh"
connections=${1:-50000}
topology
vip=192.168.1.200
echo_server rs1
echo_server rs2
start_director
on ds ipvsadm -A -t $vip:7 -s rr
two_servers -t $vip:7 7
on ds ipvsadm -A -t $vip:80 -s rr
two_servers -t $vip:80 80
on ds ipvsadm --start-daemon backup --mcast-interface eth2 --syncid 7

# A few messages at a time, as many as the socket's buffer holds; the next ones when those have been heard.
on rs1 python3 -c '
import socket, struct, subprocess, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("192.168.56.183"))
def heard():
    counters = subprocess.run(["tunvs", "counters"], stdout=subprocess.PIPE, check=True).stdout.split()
    return int(counters[counters.index(b"sync_heard_records") + 1])
number, count, until = 0, int(sys.argv[1]), time.monotonic() + 300
while number < count:
    for message in range(60):
        records, held = b"", min(35, count - number)
        for _ in range(held):
            ends = bytes([192, 168, 1, 100 + number // 60000, 192, 168, 1, 200, 192, 168, 56, 183 + number % 2])
            # Established, masqueraded, for an hour.
            records += struct.pack("!BBHIHHHHII", 0, 6, 36, 0, 1, 1024 + number % 60000, 80, 80, 0, 3600) + ends
            number += 1
        if held:
            s.sendto(struct.pack("!BBHBBH", 0, 7, 8 + len(records), held, 1, 0) + records, ("224.0.0.81", 8848))
    while heard() < number:
        assert time.monotonic() < until, f"{heard()} of {number} heard"
' "$connections"

begin_load $vip 100 10 60
all=$((connections + 100))
held() { on ds tunvs status --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["connections"]["tracked"])'; }
same "connections" "$all" "$(held)"

said=$(on ds tunvs upgrade)
echo "$said"
same "connections after an upgrade" "$all" "$(held)"
begun_at=$(date +%s%3N)
on ds tunvs stop --for-restart
wait "$director" || true
start_director
took=$(($(date +%s%3N) - begun_at))
same "connections after a restart" "$all" "$(held)"
end_load
same "live connections that were harmed: $(tail -n 1 "$work/load")" 0 "$lost"
# What is sent again is sent after twice the time.
awk -v most=$((2 * took + 1000)) -v waited="$longest_wait" 'BEGIN { exit waited * 1000 > most }' || late "the longest wait was $longest_wait s, a restart $took ms"
echo "$connections connections: packets waited for ${said##*waited for } in an upgrade; a restart took $took ms, the longest wait was $longest_wait s"
