#!/usr/bin/env bash
# A thousand addresses on a link are announced at a pace, each once, while commands go on; what is taken back before its turn is
# not announced. Removing 5,000 services takes about as long as restoring them.
. "$(dirname "$0")/lib.sh"
host ds peer
cable ds eth1 peer eth0
address ds eth1 10.7.0.1/16
address peer eth0 10.7.0.2/16
start_director

# Writes a line for each gratuitous ARP request: milliseconds, address.
ip netns exec peer python3 -u -c '
import socket, time
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0806))
s.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)
s.bind(("eth0", 0))
print("ready", flush=True)
while True:
    frame = s.recv(64)
    if frame[20:22] == b"\0\1" and frame[28:32] == frame[38:42]:
        print(int(time.monotonic() * 1000), socket.inet_ntoa(frame[28:32]), flush=True)
' >heard 2>listener.log &
listener=$!
wait_until 10 grep -q ready heard
heard() { grep -c '10\.7' heard || true; }
services() { for ((i = 0; i < $1; i++)); do echo "-A -t $2.$((i / 250 + 1)).$((i % 250 + 1)):80 -s rr"; done; }
# taken COMMAND...: milliseconds.
taken() {
  local started=${EPOCHREALTIME/./}
  "$@"
  echo $(((${EPOCHREALTIME/./} - started) / 1000))
}

services 1000 10.7 >linked
took=$(taken on ds ipvsadm-restore <linked)
echo "1,000 addresses: $took ms"
((took < 9000)) || late "adding 1,000 addresses took $took ms"
on ds timeout 3 ipvsadm -L -n >/dev/null
all_heard() { (($(heard) >= 1000)); }
wait_until 20 all_heard
same "addresses that were announced" 1000 "$(awk '/10\.7/ { print $2 }' heard | sort -u | wc -l)"
same "announcements" 1000 "$(heard)"
most=$(awk '/10\.7/ { at[NR] = $1; n = NR } END {
  for (i = 2; i <= n; i++) { while (at[i] - at[first + 2] >= 100) first++; if (i - first - 1 > most) most = i - first - 1 }
  print most }' heard)
echo "at most $most within 100 ms"
((most <= 500)) || fail "$most announcements within 100 ms"

on ds ipvsadm -C
before=$(heard)
on ds ipvsadm-restore <linked
on ds ipvsadm -C
at_clear=$(heard)
# Addresses have their turn in their order.
on ds ipvsadm -A -t 10.7.250.250:80 -s rr
wait_until 10 grep -qw 10.7.250.250 heard
same "announcements after the end of the services" $((at_clear + 1)) "$(heard)"
echo "$((at_clear - before)) of 1,000 were announced before they were taken back"
on ds ipvsadm -C

services 5000 10.9 | sed "p; s/-A \(.*\) -s rr/-a \1 -r 10.7.0.2:80 -m/" >many
restored=$(taken on ds ipvsadm-restore <many)
cleared=$(taken on ds ipvsadm -C)
echo "5,000 services: restored in $restored ms, removed in $cleared ms"
((cleared < 3 * restored)) || late "removing takes $cleared ms, restoring $restored ms"
kill "$listener"
stop_director
