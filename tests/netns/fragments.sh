#!/usr/bin/env bash
# Datagrams in fragments through NAT, IPv4 and IPv6: large ones there and back, pieces in order and in reverse, and
# pieces that never become whole.
. "$(dirname "$0")/lib.sh"
topology
udp_echo rs1 5353
udp_echo rs2 5353
start_director
address ds eth1 192.168.1.183/32 fd00:1::183/128
on ds ipvsadm -A -u 192.168.1.183:53 -s rr
two_servers -u 192.168.1.183:53 5353
on ds ipvsadm -A -u '[fd00:1::183]:53' -s rr
two_servers -u '[fd00:1::183]:53' 5353

for vip in 192.168.1.183 fd00:1::183; do
  for len in 1500 8000 40000; do
    text=$(head -c "$len" /dev/zero | tr '\0' x)
    got=$(udp_ask client "$vip" 53 "$text" 40001)
    same "$len bytes by $vip" "rs2 $text" "$got"
  done
done

# in_pieces ADDRESS ORDER: the answer to 5000 bytes that the client itself cuts and sends in that order of pieces.
in_pieces() {
  on client python3 -c '
import socket, struct, sys
dst, order = sys.argv[1], [int(n) for n in sys.argv[2].split(",")]
six = ":" in dst
family = socket.AF_INET6 if six else socket.AF_INET
src, port = ("fd00:1::10" if six else "192.168.1.10"), 40002
pack = lambda a: socket.inet_pton(family, a)
bell = socket.socket(family, socket.SOCK_DGRAM)
bell.settimeout(6)
bell.bind((src, port))
data = bytes(33 + n % 90 for n in range(5000))
def total(b):
    b += b"\0" * (len(b) % 2)
    s = sum(struct.unpack("!%dH" % (len(b) // 2), b))
    while s >> 16: s = (s & 0xffff) + (s >> 16)
    return s ^ 0xffff
head = struct.pack("!HHHH", port, 53, 8 + len(data), 0)
pseudo = pack(src) + pack(dst) + (struct.pack("!II", 8 + len(data), 17) if six else struct.pack("!BBH", 0, 17, 8 + len(data)))
whole = head[:6] + struct.pack("!H", total(pseudo + head + data) or 0xffff) + data
size, pieces = 1232, []
for at in range(0, len(whole), size):
    part, more = whole[at:at + size], at + size < len(whole)
    if six:
        ip = struct.pack("!IHBB", 6 << 28, 8 + len(part), 44, 64) + pack(src) + pack(dst) + struct.pack("!BBHI", 17, 0, at | more, 77)
    else:
        ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(part), 77, more << 13 | at // 8, 64, 17, 0) + pack(src) + pack(dst)
    pieces.append(ip + part)
raw = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW)
for n in order:
    raw.sendto(pieces[n], (dst, 0))
try:
    answer = bell.recv(65535)
    print(answer.split(b" ")[0].decode(), "whole" if answer.split(b" ", 1)[1] == data else "broken")
except socket.timeout:
    print("timeout")
' "$1" "$2"
}
for vip in 192.168.1.183 fd00:1::183; do
  same "pieces in order by $vip" "rs1 whole" "$(in_pieces "$vip" 0,1,2,3,4)"
  same "pieces in reverse by $vip" "rs1 whole" "$(in_pieces "$vip" 4,3,2,1,0)"
  same "pieces mixed by $vip" "rs1 whole" "$(in_pieces "$vip" 2,4,0,3,1)"
  same "a piece missing by $vip" timeout "$(in_pieces "$vip" 4,3,1,0)"
done
stop_director
nothing_left
