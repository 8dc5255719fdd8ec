#!/usr/bin/env bash
# Persistence engine sip with real datagrams: a call stays with its server whoever sends, packets without a Call-ID
# go nowhere and are counted, and a server that calls out does so from the virtual address.
. "$(dirname "$0")/lib.sh"
topology
for rs in rs1 rs2; do
  on $rs python3 -c '
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 5060))
print("ready", flush=True)
while True:
    text, peer = s.recvfrom(65535)
    if b"X-Ring: " in text:
        port = int(text.split(b"X-Ring: ")[1].split()[0])
        s.sendto(b"INVITE sip:you SIP/2.0\r\nCall-ID: ring@" + sys.argv[1].encode() + b"\r\n\r\n", (peer[0], port))
    s.sendto(sys.argv[1].encode(), peer)
' $rs >"$work/sip-$rs.ready" 2>"$work/sip-$rs.log" &
  wait_until 5 test -s "$work/sip-$rs.ready"
done
start_director
address ds eth1 192.168.1.183/32
on ds ipvsadm -A -u 192.168.1.183:5060 -s rr -p 60 --pe sip
two_servers -u 192.168.1.183:5060 5060

# call SOURCE-PORT HEADERS: which server answers.
call() { udp_ask client 192.168.1.183 5060 "INVITE sip:x SIP/2.0"$'\r\n'"$2"$'\r\n\r\n' "$1"; }
heard=()
for message in '6001 Call-ID: a1@here' '6002 Call-ID: b2@here' '6003 Call-ID: a1@here' '6004 i: b2@here' '6005 call-id: c3@here' \
  '6006 Call-ID: a1@here'; do
  heard+=("$(call "${message%% *}" "${message#* }")")
done
same "servers of the calls" "rs2 rs1 rs2 rs1 rs2 rs2" "${heard[*]}"

listed=$(on ds ipvsadm -L -c -n --persistent-conn)
for id in a1 b2 c3; do contains "connections" "sip                $id@here" "$listed"; done

refused_before=$(on ds tunvs counters | awk '$1 == "drop_no_call_id" { print $2 }')
same "without a Call-ID" timeout "$(call 6010 'Via: nobody')"
refused_after=$(on ds tunvs counters | awk '$1 == "drop_no_call_id" { print $2 }')
same "datagrams without a Call-ID" 1 "$((refused_after - refused_before))"

# The server of call d4 rings the client at a port of its own.
same "a call from the server" "192.168.1.183 5060" "$(on client python3 -c '
import socket
bell = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
bell.settimeout(30)
bell.bind(("", 6100))
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.sendto(b"INVITE sip:x SIP/2.0\r\nCall-ID: d4@here\r\nX-Ring: 6100\r\n\r\n", ("192.168.1.183", 5060))
print(*bell.recvfrom(2000)[1])')"
stop_director
nothing_left
