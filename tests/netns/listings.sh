#!/usr/bin/env bash
# Listings of a long table cost no memory: two at once, of each kind, leave the director and the tool as small as they were,
# and four readers that have stopped reading hold up nobody.
#   CONNS: how many connections there are (default 100000).
. "$(dirname "$0")/lib.sh"
conns=${CONNS:-100000}
host ds peer
cable ds eth1 peer eth0
address ds eth1 192.168.56.181/24
address peer eth0 192.168.56.183/24
start_director --proc-dir "$work/proc"
on ds ipvsadm --start-daemon backup --mcast-interface eth1 --syncid 7

# As another director would tell of them, again where a busy machine has not heard all.
tell() {
  on peer python3 -c '
import socket, struct, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("192.168.56.183"))
count, each = int(sys.argv[1]), 36
for start in range(0, count, each):
    records = b""
    numbers = range(start, min(start + each, count))
    for number in numbers:
        ends = struct.pack("!I", 0x0a000000 + number // 50000) + bytes([192, 168, 1, 183, 192, 168, 57, 1])
        records += struct.pack("!BBHIHHHHII", 0, 6, 36, 0, 1, 1024 + number % 50000, 80, 80, 0, 3600) + ends
    s.sendto(struct.pack("!BBHBBH", 0, 7, 8 + len(records), len(numbers), 1, 0) + records, ("224.0.0.81", 8848))
    time.sleep(0.003)
' "$conns"
}
all_there() { (($(on ds tunvs connections --count) == conns)); }
for round in 1 2 3 4 5 6; do
  tell
  ! all_there || break
done
wait_until 30 all_there

# listed NAME COMMAND...: runs it twice at once. Neither it nor the director may take 16 MB for a reader.
listed() {
  local name=$1 before peak tool
  shift
  before=$(resident VmRSS)
  echo 5 >"/proc/$director/clear_refs"
  tool=$(on ds python3 -c '
import os, sys
def start(number):
    out = os.open("%s.%d" % (sys.argv[1], number), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    return os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, out, 1)])
ended = [os.wait4(pid, 0) for pid in [start(1), start(2)]]
assert all(status == 0 for _, status, _ in ended), ended
print(max(usage.ru_maxrss for _, _, usage in ended))
' "$work/$name" "$@")
  peak=$(resident VmHWM)
  echo "$name: the director had $before kB and at most $peak kB, the tool $tool kB"
  ((peak - before <= 2 * 16384)) || fail "$name: two readers cost the director $((peak - before)) kB"
  ((tool <= 32768)) || fail "$name: the tool took $tool kB"
}
listed list ipvsadm -Lnc
listed json ipvsadm -Lnc --json
listed connections tunvs connections
listed proc tunvs proc net/ip_vs_conn
listed proc_sync tunvs proc net/ip_vs_conn_sync
for name in list.1 list.2 json.1 connections.1 proc.1 proc_sync.1; do
  same "connections in $name" "$conns" "$(grep -c 'ESTABLISHED' "$name")"
done
ends_of() { awk 'NR > 2 { print $4 }' "$1"; }
same "both lists" "$(ends_of list.1 | md5sum)" "$(ends_of list.2 | md5sum)"
same "the order of JSON" "$(ends_of list.1 | md5sum)" "$(python3 -c '
import json
for conn in json.load(open("json.1"))["connections"]: print("%(address)s:%(port)d" % conn["client"])' | md5sum)"
all_in_file() { (($(wc -l <"$work/proc/net/ip_vs_conn") == conns + 1)); }
wait_until 60 all_in_file

# Four that do not read. The tables answer, and so does a list to somebody else.
mkfifo stuck
slow=()
for number in 1 2 3 4; do
  ip netns exec ds ipvsadm -Lnc >stuck 2>"$work/slow-$number.txt" &
  slow+=($!)
done
exec 7<stuck
head -c 1 <&7 >/dev/null
before=$(resident VmRSS)
on ds timeout 5 ipvsadm -Ln >/dev/null
on ds timeout 240 ipvsadm -Lnc >fifth
same "connections of the fifth reader" "$((conns + 2))" "$(wc -l <fifth)"
(($(resident VmRSS) - before <= 4 * 16384)) || fail "stopped readers cost the director $(($(resident VmRSS) - before)) kB"
for process in "${slow[@]}"; do kill -KILL "$process"; wait "$process" 2>/dev/null || true; done
exec 7<&-
stop_director
