#!/usr/bin/env bash
# ICMP errors that belong to a connection cross the director in both directions, the packet quoted in them
# translated: a closed port on the real server refuses the client, a client that is gone refuses the real server.
. "$(dirname "$0")/lib.sh"
topology
start_director
address ds eth1 192.168.1.183/24
on ds ipvsadm -A -u 192.168.1.183:53 -s rr
on ds ipvsadm -a -u 192.168.1.183:53 -r 192.168.56.183:5399 -m

ip netns exec client tcpdump -lni eth0 --immediate-mode -v icmp >icmp.txt 2>tcpdump.log &
wait_until 5 grep -q 'listening on' tcpdump.log
same "a closed port" ECONNREFUSED "$(udp_ask client 192.168.1.183 53 hello)"
wait_until 5 grep -q 'udp port 53 unreachable' icmp.txt
contains "the sender" "192.168.1.183 > 192.168.1.10: ICMP 192.168.1.183 udp port 53 unreachable" "$(cat icmp.txt)"
! grep -E '192\.168\.56\.|5399|wrong|bad cksum' icmp.txt || fail "the real server shows in the ICMP error"

# The real server answers late, when the client's port is closed; its connected socket hears of it.
on rs1 python3 -c '
import errno, socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("192.168.56.183", 5400))
s.settimeout(10)
print("ready", flush=True)
data, peer = s.recvfrom(100)
s.connect(peer)
time.sleep(0.3)
s.settimeout(3)
s.send(b"too late")
try: print(s.recv(100))
except socket.timeout: print("timeout")
except OSError as e: print(errno.errorcode[e.errno])
' >late.txt &
late=$!
wait_until 5 grep -q ready late.txt
on ds ipvsadm -A -u 192.168.1.183:54 -s rr
on ds ipvsadm -a -u 192.168.1.183:54 -r 192.168.56.183:5400 -m
on client python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.sendto(b"hello", ("192.168.1.183", 54))'
wait "$late"
same "a client that is gone" ECONNREFUSED "$(tail -n 1 late.txt)"

# Options in which hosts on the way write: one entry of the director, whose host routes each packet twice. Wrong ones are
# complained of by the virtual address.
# entries OPTION: the addresses in this option (7: record-route, 68: timestamp) of a packet to port 54 as rs1 gets it.
entries() {
  # The last one's says "ready", too.
  rm -f entries.txt
  on rs1 python3 -c '
import socket
s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x800))
s.settimeout(10)
print("ready", flush=True)
while True:
    p = s.recv(2000)
    end = (p[0] & 15) * 4
    if end > 20 and p[9] == 17: break
first, size = (3, 4) if p[20] == 7 else (4, 8)
print(*(socket.inet_ntoa(p[at:at + 4]) for at in range(20 + first, 20 + p[22] - 1, size)))
' >entries.txt &
  local reader=$!
  wait_until 5 grep -q ready entries.txt
  on client python3 -c '
import socket, sys
kind = int(sys.argv[1])
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, bytes([7, 39, 4] + [0] * 37) if kind == 7 else bytes([68, 36, 5, 1] + [0] * 32))
s.sendto(b"where", ("192.168.1.183", 54))' "$1"
  wait "$reader"
  tail -n 1 entries.txt
}
# A host records its address on the way out, and stamps with that towards the sender.
same "record-route by -m" "192.168.1.10 192.168.56.181" "$(entries 7)"
same "timestamps by -m" "192.168.1.10 192.168.1.181" "$(entries 68)"
on ds ipvsadm -D -u 192.168.1.183:54
on ds ipvsadm -A -u 192.168.1.183:54 -s rr
on ds ipvsadm -a -u 192.168.1.183:54 -r 192.168.56.183 -g
for option in 7 68; do
  same "option $option by -g" "192.168.1.10 192.168.1.183" "$(entries $option)"
done
on client python3 -c '
import socket, struct
udp = struct.pack("!HHHH", 4000, 54, 13, 0) + b"where"
head = struct.pack("!BBHHHBBH4s4s", 0x46, 0, 24 + len(udp), 7, 0, 64, 17, 0, socket.inet_aton("192.168.1.10"), socket.inet_aton("192.168.1.183"))
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
raw.sendto(head + bytes([7, 3, 2, 0]) + udp, ("192.168.1.183", 0))'
wait_until 5 grep -q 'parameter problem' icmp.txt
contains "who complains of an option" "192.168.1.183 > 192.168.1.10: ICMP parameter problem" "$(cat icmp.txt)"
stop_director
nothing_left
