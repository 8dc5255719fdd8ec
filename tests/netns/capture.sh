#!/usr/bin/env bash
# Captures show packets as they came and as they left, other tools read them, and neither a full disk nor a reader
# that stops reading harms the traffic.
. "$(dirname "$0")/lib.sh"

topology
web rs1
start_director
on ds ipvsadm -A -t 192.168.1.183:80 -s rr
on ds ipvsadm -a -t 192.168.1.183:80 -r 192.168.56.183:80 -m
request() { on client curl -s --max-time 30 http://192.168.1.183; }
# pcapng files begin with this.
begun() { [[ $(head -c 4 "$1" 2>/dev/null | od -An -tx1 | tr -d ' ') == 0a0d0d0a ]]; }

# Ten packets of a connection: the handshake, a request, an answer, the end, and their acknowledgements.
ip netns exec ds tunvs capture tcp 192.168.1.183:80 -w some.pcapng -c 8 2>some.log &
capture=$!
wait_until 10 begun some.pcapng
same "an answer" rs1 "$(request)"
wait_until 10 ended_process "$capture"
contains "what was captured" "8 packets captured, 0 lost" "$(cat some.log)"
text=$(tcpdump -n -r some.pcapng 2>tcpdump.log) || fail "tcpdump cannot read it: $(cat tcpdump.log)"
same "packets before and after" 16 "$(wc -l <<<"$text")"
contains "as it came" "> 192.168.1.183.80: Flags [S]" "$text"
contains "as it left" "> 192.168.56.183.80: Flags [S]" "$text"
contains "an answer as it came" "192.168.56.183.80 > 192.168.1.10" "$text"
contains "an answer as it left" "192.168.1.183.80 > 192.168.1.10" "$text"
# Checksums of what left are right: tcpdump checks those of whole packets.
[[ $(tcpdump -n -vv -r some.pcapng 'tcp[tcpflags] & tcp-syn != 0' 2>/dev/null) != *"bad cksum"* ]] || fail "a bad checksum"

# As text, for some seconds; what does not fit the filter is not there.
ip netns exec ds tunvs capture :80 --seconds 2 >text.log 2>text.err &
capture=$!
ip netns exec ds tunvs capture udp --seconds 2 >udp.log 2>udp.err &
other=$!
wait_until 10 grep -q capturing text.err
wait_until 10 grep -q capturing udp.err
request >/dev/null
wait_until 10 ended_process "$capture"
wait_until 10 ended_process "$other"
# The last packets of an earlier request may come first.
line=$(grep -m 1 "client TCP 192.168.1.10:" text.log) || fail "no packet of the client in: $(head -3 text.log)"
contains "after rewriting" "> 192.168.56.183:80" "$line"
contains "no udp" "0 packets captured, 0 lost" "$(cat udp.err)"

# It goes on when another process takes over.
ip netns exec ds tunvs capture -w moved.pcapng 2>moved.log &
capture=$!
wait_until 10 begun moved.pcapng
on ds tunvs upgrade
is_seen() { on client curl -s --max-time 30 http://192.168.1.183/moved && grep -q /moved moved.pcapng; }
wait_until 10 is_seen
kill "$capture"
wait "$capture" || true

# A full disk.
mkdir full
mount -t tmpfs -o size=64k tmpfs full
ip netns exec ds tunvs capture -w full/all.pcapng 2>full.log &
capture=$!
wait_until 10 begun full/all.pcapng
for _ in $(seq 100); do request >/dev/null; done
wait_until 20 ended_process "$capture"
code=0
wait "$capture" || code=$?
same "exit status on a full disk" 1 "$code"
contains "a full disk" "cannot write full/all.pcapng, the capture ends here: No space left on device" "$(cat full.log)"
same "an answer" rs1 "$(request)"

# A reader that does not read.
ip netns exec ds tunvs capture -w deaf.pcapng 2>deaf.log &
capture=$!
wait_until 10 begun deaf.pcapng
kill -STOP "$capture"
passed() { on ds tunvs counters | sed -n 's/^pass //p'; }
# On a busy machine most of a flood is lost before the director.
flooded() {
  on client python3 - <<'PY'
import socket
datagram = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in range(10000):
    try:
        datagram.sendto(b"x" * 1000, ("192.168.1.183", 80))
    except OSError:
        pass
PY
  (($(passed) > 25000))
}
wait_until 120 flooded
same "an answer" rs1 "$(request)"
kill -CONT "$capture"
# What it lost is told with what comes next.
reads_on() { on client curl -s --max-time 30 http://192.168.1.183/reads-on && grep -q reads-on deaf.pcapng; }
wait_until 10 reads_on
stop_director
wait_until 20 ended_process "$capture"
lost=$(sed -n 's/.* captured, \([0-9]*\) lost/\1/p' deaf.log)
((lost > 0)) || fail "nothing was lost: $(cat deaf.log)"
tcpdump -n -r deaf.pcapng 2>/dev/null | tail -1 | grep -q . || fail "the file is not whole"

refused on ds tunvs capture nonsense
contains "a wrong filter" "is no filter" "$output"
nothing_left
