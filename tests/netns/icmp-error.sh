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
stop_director
nothing_left
