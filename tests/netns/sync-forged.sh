#!/usr/bin/env bash
# Sync messages that somebody else on the link has made up: the director claims no address for their sake, announces none,
# answers ARP for none and routes into its TUNs the answers of 64 servers at most, that connections to its services name. Nor does it mind what is no director on the channel. The service goes on.
. "$(dirname "$0")/lib.sh"
topology
web rs1
web rs2
start_director --sync-channel
on ds ipvsadm -A -t 192.168.1.183:80 -s rr
two_servers -t 192.168.1.183:80 80
on ds ipvsadm --start-daemon backup --mcast-interface eth2 --syncid 7
same "the service" "rs2 rs1" "$(answers client 2 http://192.168.1.183)"

host_of() {
  local family
  for family in -4 -6; do
    ip -n ds "$family" rule
    ip -n ds "$family" route show table all
  done | grep -v '10\.8\.' | sort
}
before=$(host_of)

# 200 messages of 20 connections each, from clients and to servers all over both links, and of one that is the client.
on rs1 python3 -c '
import socket, struct
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("192.168.56.183"))
for message in range(200):
    records = b""
    for record in range(20):
        number = message * 20 + record
        ends = bytes([10, 9, number >> 8, number & 255]) + bytes([192, 168, 1, number % 254 + 1])
        ends += bytes([192, 168, 56, number % 254 + 1]) if number % 2 else bytes([10, 8, number >> 8, number & 255])
        records += struct.pack("!BBHIHHHHII", 0, 6, 36, 0, 1, 4096 + number, 80, 80, 0, 900) + ends
    s.sendto(struct.pack("!BBHBBH", 0, 7, 8 + len(records), 20, 1, 0) + records, ("224.0.0.81", 8848))
'
heard() { (($(on ds tunvs counters | awk '$1 == "sync_heard_records" { print $2 }') >= 2000)); }
wait_until 20 heard
# A change of the tables makes the host follow them.
on ds ipvsadm -A -t 192.168.1.183:81 -s rr
on ds ipvsadm -D -t 192.168.1.183:81
same "what is routed and claimed" "$before" "$(host_of)"
servers=$(on ds ip -4 rule | grep -c 'from 10\.8\.' || true)
((servers <= 64)) || fail "the answers of $servers servers are routed that nobody has declared"
forget_neighbours client
on client ping -qc 1 -W 1 192.168.1.99 >/dev/null && fail "somebody answers for 192.168.1.99"
[[ -z $(ip -n client neigh show 192.168.1.99 nud reachable) ]] || fail "ARP for 192.168.1.99 was answered"

# The channel between directors: bytes that are no greeting, directors that are none, and connections that say nothing.
on rs1 python3 -c '
import os, socket, struct
to = ("192.168.56.181", 8849)
idle = [socket.create_connection(to) for _ in range(40)]
for number in range(100):
    with socket.create_connection(to) as one:
        one.sendall(os.urandom(200))
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for number in range(1000):
    s.sendto(os.urandom(22), to)
    s.sendto(struct.pack("<8sHQBHB", b"LVShello", 2, number * 2**54, 7, 9, 0), to)
'
channel() { on ds tunvs sync status --json | python3 -c 'import json, sys; print(eval(sys.argv[1], {}, json.load(sys.stdin)["channel"]))' "$1"; }
bad_greetings() { [[ $(channel 'refused.get("version", 0) >= 100') == True ]]; }
wait_until 20 bad_greetings
same "directors on the channel" "[]" "$(channel peers)"
contains "the refused" "refused" "$(on ds tunvs sync status)"
same "the service after it" "rs2 rs1" "$(answers client 2 http://192.168.1.183)"
stop_director
nothing_left
