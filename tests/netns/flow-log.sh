#!/usr/bin/env bash
# The flow log under real traffic: how each connection ended, and packets and bytes that add up to the server's counters. It
# follows the file's options on reload, survives a full disk, says what is missing, and is opened anew on SIGUSR1.
here=$(realpath "$(dirname "$0")")
. "$(dirname "$0")/lib.sh"
topology
web rs1
udp_echo rs1 5000
ip netns exec rs1 python3 "$here/hold.py" serve 81 >hold-rs1.log 2>&1 &
wait_until 10 grep -q ready hold-rs1.log
mkdir disk
mount -t tmpfs -o size=64k tmpfs disk
log=$work/disk/flows.jsonl vip=192.168.1.183

# config [LINE...]: the director's file, with these lines in [flow_log].
config() {
  {
    printf '[metrics]\nlisten = "127.0.0.1:9633"\n[flow_log]\n'
    printf '%s\n' "$@"
    printf '[timeouts]\ntcp = 900\ntcp_fin = 120\nudp = 1\n[sysctl]\nexpire_nodest_conn = 1\n'
    local protocol port forward
    while read -r protocol port forward; do
      printf '[[service]]\naddress = "%s:%s"\nprotocol = "%s"\nscheduler = "rr"\n' $vip "$port" "$protocol"
      printf '[[service.server]]\naddress = "192.168.56.183:%s"\nforward = "%s"\n' "$port" "$forward"
    done <<<$'tcp 80 masq\ntcp 81 fullnat\nudp 5000 masq'
  } >tunvs.toml
}
# flows EXPRESSION: what it says of the list of lines `flows`, those of the moved file first.
flows() {
  python3 - "$1" disk/flows.1 "$log" <<'PY'
import json, os, sys
flows = [json.loads(line) for path in sys.argv[2:] if os.path.exists(path) for line in open(path)]
ends = [flow for flow in flows if flow["event"] == "end"]
print(eval(sys.argv[1]))
PY
}
is() { [[ $(flows "$1") == "$2" ]]; }
logged() { is "len([f for f in ends if f['reason'] == '$1' and f['virtual']['port'] == $2]) >= $3" True; }
metric() { on ds curl -s --max-time 30 http://127.0.0.1:9633/metrics | sed -n "s/^$1 //p"; }
hold() {
  ip netns exec client python3 "$here/hold.py" open $vip 81 "$2" >"$1" 2>&1 &
  wait_until 20 grep -q open "$1"
}

config "file = \"$log\"" 'begins = true'
start_director --config tunvs.toml

# One that the server closes, and whose port the client takes again: the first ends by it.
on client python3 - $vip <<'PY'
import errno, socket, sys, time

def connect(deadline):
    """From that port as soon as it is free: the last connection's end is still to be acknowledged."""
    while True:
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("", 40000))
        sock.settimeout(30)
        try:
            sock.connect((sys.argv[1], 80))
            return sock
        except OSError as error:
            sock.close()
            if error.errno != errno.EADDRNOTAVAIL or time.monotonic() > deadline:
                raise
            time.sleep(0.01)

for _ in range(2):
    sock = connect(time.monotonic() + 10)
    sock.sendall(b"GET / HTTP/1.0\r\n\r\n")
    text = b""
    while data := sock.recv(4096): text += data
    assert text.endswith(b"rs1\n"), text
    sock.close()
PY
wait_until 10 logged fin 80 1
same "how it went" "tcp TIME_WAIT 192.168.1.10:40000 masq rs" "$(flows "
next(f\"{f['protocol']} {f['state']} {f['client']['address']}:{f['client']['port']} {f['forwarding']} {f['real']['address'][-3:].replace('183', 'rs')}\"
     for f in ends if f['reason'] == 'fin')")"
same "it began before it ended" True "$(flows "all(f['start'] <= f['last'] <= f['end'] for f in ends)")"
same "beginnings" 2 "$(flows "len([f for f in flows if f['event'] == 'begin'])")"

# Datagrams: all that the server's counters say is in the log.
for port in 41000 41001 41002; do same "an echo" "rs1 x" "$(udp_ask client $vip 5000 x $port)"; done
wait_until 10 logged expired 5000 3
same "packets and bytes" "$(on ds ipvsadm -Ln --stats --exact | awk '/183:5000/ && /->/ { print $4, $5, $6, $7 }')" \
  "$(flows "' '.join(str(sum(f[key] for f in ends if f['virtual']['port'] == 5000)) for key in ['in_packets', 'out_packets', 'in_bytes', 'out_bytes'])")"

# FULLNAT names the local end. Reset, drained, flushed.
ip netns exec client python3 - $vip <<'PY'
import socket, struct, sys
for port in (80, 81):
    sock = socket.create_connection((sys.argv[1], port), timeout=5)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()
PY
hold first.log 3
on ds tunvs drain $vip:81 192.168.56.183:81 --deadline 1s >drain.log
wait_until 10 logged drained 81 3
on ds tunvs undrain $vip:81 192.168.56.183:81
hold second.log 2
on ds ipvsadm -d -t $vip:81 -r 192.168.56.183:81
wait_until 10 logged flushed 81 2
on ds ipvsadm -a -t $vip:81 -r 192.168.56.183:81 --fullnat
same "the local end" "fullnat 192.168.56.181" "$(flows "next(f\"{f['forwarding']} {f['local']['address']}\" for f in ends if f['virtual']['port'] == 81)")"
wait_until 20 logged rst 80 1
wait_until 20 logged rst 81 1

# Moved away and opened anew.
mv disk/flows.jsonl disk/flows.1
kill -USR1 "$director"
wait_until 5 test -e "$log"
udp_ask client $vip 5000 x 41003 >/dev/null
wait_until 10 grep -q '"reason":"expired"' "$log"

# burst FIRST LAST: a datagram from each of these ports.
burst() {
  on client python3 - $vip "$1" "$2" <<'PY'
import socket, sys
for port in range(int(sys.argv[2]), int(sys.argv[3]) + 1):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("", port))
    sock.sendto(b"x", (sys.argv[1], 5000))
    sock.close()
PY
}
# A disk that is full: traffic goes on, the message comes once, the lines are counted, and later said.
{ head -c 100000 /dev/zero >disk/filler || true; } 2>/dev/null
burst 42000 42199
lost_to_disk() { (($(metric 'tunvs_flow_log_lost_total{reason="write"}') >= 300)); }
wait_until 15 lost_to_disk
same "an answer all the while" rs1 "$(get client http://$vip)"
same "messages" "1 0" "$(grep -c 'flow log cannot be written' director-ds.log) $(grep -c 'is written again' director-ds.log || true)"
rm disk/filler
udp_ask client $vip 5000 x 43000 >/dev/null
wait_until 10 grep -q '"client":{[^}]*43000}' "$log"
# A page of metrics may be a second old.
all_told() { is "sum(f['flows'] for f in flows if f['event'] == 'lost' and f['why'] == 'write')" "$(metric 'tunvs_flow_log_lost_total{reason="write"}')"; }
wait_until 10 all_told
contains "status" "lost (write)" "$(on ds tunvs status)"

# Another rate, then standard output, then a place that cannot be had.
config "file = \"$log\"" 'rate = 5'
contains "the change" "~ flow log: $log" "$(on ds tunvs reload)"
burst 44000 44029
wait_until 10 grep -q '"why":"rate"' "$log"
config 'file = "-"'
on ds tunvs reload >/dev/null
udp_ask client $vip 5000 x 41004 >/dev/null
wait_until 10 grep -q '^{"event":"end".*41004' director-ds.log
config 'file = "/no/such/folder"'
refused on ds tunvs reload
contains "why" "cannot write the flow log to /no/such/folder" "$output"
udp_ask client $vip 5000 x 41005 >/dev/null
wait_until 10 grep -q '^{"event":"end".*41005' director-ds.log

# A pipe that nobody reads holds up nothing, not even the end.
mkfifo pipe
exec 9<>pipe
config "file = \"$work/pipe\""
on ds tunvs reload >/dev/null
burst 45000 45399
same "an answer all the while" rs1 "$(get client http://$vip)"
are_over() { [[ $(on ds tunvs connections --proto udp --count) == 0 ]]; }
wait_until 10 are_over
rm disk/flows.1 "$log"
# What the pipe did not take is written there too: on a slow machine that is more than the disk holds.
log=$work/flows.jsonl
config "file = \"$log\""
on ds tunvs reload >/dev/null
hold third.log 2
stop_director
wait_until 5 logged stopped 81 2
nothing_left
