#!/usr/bin/env bash
# Real servers without a tunnel module, prepared by `tunvs real-server`: each mode, over and with both families, 100 MB
# both ways; what is not invited is dropped and counted; a stop and a clean-up after a kill leave the host as it was.
tests=$(realpath "$(dirname "$0")")
. "$tests/lib.sh"
one_link
# What one_link prepared is what is to be shown here.
for rs in rs1 rs2; do
  on $rs sysctl -qw net.ipv4.conf.all.arp_ignore=0 net.ipv4.conf.all.arp_announce=0
  ip -n $rs addr del 192.168.1.183/32 dev lo
  ip -n $rs addr del fd00:1::183/128 dev lo
  on $rs sysctl -qw net.ipv4.conf.all.rp_filter=1
done
before=$(snapshot rs1)
vips=(--vip 192.168.1.183 --vip fd00:1::183)
directors=(--director 192.168.1.181 --director fd00:1::181)

# prepare HOST OPTION...: starts a real server there and waits until it is ready. Its process: ${servers[HOST]}.
declare -A servers
prepare() {
  local name=$1
  shift
  ip netns exec "$name" tunvs real-server --socket "$work/$name.sock" "$@" >>"$work/real-server-$name.log" 2>&1 &
  servers[$name]=$!
  wait_until 20 answering "$name"
}
answering() {
  ! ended_process "${servers[$1]}" || fail "the real server on $1 ended"
  tunvs counters --socket "$work/$1.sock"
}

# retire HOST: SIGTERM; it must exit with 0 in time.
retire() {
  kill -TERM "${servers[$1]}"
  wait_until 20 ended_process "${servers[$1]}"
  wait "${servers[$1]}" || fail "the real server on $1 ended with $?"
}

# counted HOST NAME
counted() { tunvs counters --socket "$work/$1.sock" | sed -n "s/^$2 //p"; }
at_least() { (($(counted "$1" "$2") >= $3)); }

all=("${vips[@]}" --mode "dr,ipip,gre,gue" --port 5555)
planned=$(on rs1 tunvs real-server --dry-run "${all[@]}")
for part in "ip addr add 192.168.1.183/32 dev lo" "ipproto 4 lookup" "ipproto 47 lookup" "ipproto udp dport 5555 lookup" \
  "sysctl -w net.ipv4.conf.all.arp_ignore=1" "ip -6 addr add fd00:1::183/128 dev lo"; do
  contains "the plan" "$part" "$planned"
done
same "the host after a dry run" "$before" "$(snapshot rs1)"

for rs in rs1 rs2; do
  web $rs
  prepare $rs "${all[@]}" "${directors[@]}"
done
# Each of its threads keeps the one capability that following the host, and undoing it all, needs.
capabilities() { sed -n 's/^Cap\(Prm\|Eff\|Bnd\):\t0*//p' "/proc/$1"/task/*/status | sort -u; }
same "the capabilities of a real server" 1000 "$(capabilities "${servers[rs1]}")"
# Nobody but the director answers for the virtual address.
forget_neighbours client
same "who has the virtual address" "$(ip -n ds -br link show eth1 | awk '{ print $3 }')" "$(on client python3 -c '
import socket, struct
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x806))
s.bind(("eth0", 0)); s.settimeout(1)
me = s.getsockname()[4]
s.send(b"\xff" * 6 + me + b"\x08\x06" + struct.pack("!HHBBH", 1, 0x800, 6, 4, 1) + me
       + socket.inet_aton("192.168.1.10") + b"\0" * 6 + socket.inet_aton("192.168.1.183"))
found = set()
try:
    while True:
        frame = s.recv(100)
        if frame[20:22] == b"\0\2" and frame[28:32] == socket.inet_aton("192.168.1.183"): found.add(frame[22:28].hex(":"))
except socket.timeout: print(*sorted(found))
')"

start_director
head -c 100000000 /dev/urandom >"$work/blob"
head -c 300000 "$work/blob" >"$work/small"
for rs in rs1 rs2; do cp "$work/blob" "$work/web-$rs/html/files/down"; done

# through VIP SERVER-PREFIX OPTION...: the service's servers are rs1 and rs2 by this way.
through() {
  local vip=$1 prefix=$2 number rip kind
  shift 2
  for kind in -t -u; do
    on ds ipvsadm -D "$kind" "$vip:80" 2>/dev/null || true
    on ds ipvsadm -A "$kind" "$vip:80" -s rr
    for number in 1 2; do
      rip=$prefix$number
      [[ $rip != *:* ]] || rip="[$rip]"
      on ds ipvsadm -a "$kind" "$vip:80" -r "$rip:80" "$@"
    done
  done
}

# datagram VIP SIZE: echoed by the server under the virtual address, outer fragments or not.
for rs in rs1 rs2; do
  for vip in 192.168.1.183 fd00:1::183; do
    ip netns exec $rs python3 -c '
import socket, sys
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
s.bind((sys.argv[1], 80))
print("ready", flush=True)
while True:
    data, peer = s.recvfrom(65535)
    s.sendto(data, peer)
' "$vip" >"$work/echo-$rs-$vip.ready" 2>"$work/echo-$rs-$vip.log" &
    wait_until 10 test -s "$work/echo-$rs-$vip.ready"
  done
done
datagram() {
  on client python3 -c '
import os, socket, sys
vip, size, port = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
s = socket.socket(socket.AF_INET6 if ":" in vip else socket.AF_INET, socket.SOCK_DGRAM)
# May be cut on the way: IP_MTU_DISCOVER is 10 or 23.
s.setsockopt(*((socket.IPPROTO_IPV6, 23, 0) if ":" in vip else (socket.IPPROTO_IP, 10, 0)))
s.bind(("", port))
s.settimeout(2)
data = os.urandom(size)
for attempt in range(4):
    s.sendto(data, (vip, 80))
    try:
        if s.recv(65535) == data: print("echoed"); break
    except socket.timeout: pass
' "$1" "$2" "$(unused_port)"
}

kinds=('-i' '-i --tun-type gre --tun-nocsum' '-i --tun-type gre --tun-csum' '-i --tun-type gue --tun-port 5555 --tun-nocsum'
  '-i --tun-type gue --tun-port 5555 --tun-csum' '-i --tun-type gue --tun-port 5555 --tun-remcsum')
for vip in 192.168.1.183 fd00:1::183; do
  url=$vip
  [[ $vip != *:* ]] || url="[$vip]"
  for prefix in 192.168.1.19 fd00:1::19; do
    for kind in "${kinds[@]}"; do
      # shellcheck disable=SC2086
      through "$url" "$prefix" $kind
      same "$vip by $prefix $kind" "rs2 rs1 rs2 rs1" "$(answers client 4 "http://$url")"
      upload client "http://$url" "$work/small" rs1 rs2
      for size in 100 1460 4000; do same "$size bytes to $vip by $prefix $kind" echoed "$(datagram "$vip" $size)"; done
    done
  done
done
at_least rs1 hold 1 || fail "no outer fragment came, so this proves nothing of them"
same "what rs1 refused" "" "$(tunvs counters --socket "$work/rs1.sock" | grep '^drop_' | grep -v ' 0$' || true)"

# 100 MB up and down; direct routing is the same host's other mode.
for vip in 192.168.1.183 '[fd00:1::183]'; do
  prefix=192.168.1.19
  [[ $vip != *:* ]] || prefix=fd00:1::19
  for kind in -g '-i' '-i --tun-type gre --tun-nocsum' '-i --tun-type gue --tun-port 5555 --tun-nocsum'; do
    # shellcheck disable=SC2086
    through "$vip" "$prefix" $kind
    upload client "http://$vip" "$work/blob" rs1 rs2
    download client "http://$vip" "$work/blob"
  done
done

# Uninvited: from somebody else; for another address; with an option that nobody agreed on; damaged.
throw() {
  on "$1" python3 -c '
import socket, struct, sys
def fold(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16: total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff
def ip(proto, src, dst, payload, tos=0):
    head = struct.pack("!BBHHHBBH4s4s", 0x45, tos, 20 + len(payload), 1, 0, 9, proto, 0, socket.inet_aton(src), socket.inet_aton(dst))
    return head[:10] + struct.pack("!H", fold(head)) + head[12:] + payload
what, src = sys.argv[1], sys.argv[2]
inner = lambda to: ip(17, "192.168.1.10", to, struct.pack("!HHHH", 1, 80, 8, 0))
good = inner("192.168.1.183")
packet = {
    "stranger": (4, good, 0), "elsewhere": (4, inner("192.168.1.99"), 0), "key": (47, b"\x20\0\x08\0\0\0\0\x01" + good, 0),
    "damaged": (47, b"\x80\0\x08\0\xba\xd0\0\0" + good, 0), "congested": (4, good, 3), "short": (4, good[:12], 0),
}[what]
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
s.sendto(ip(packet[0], src, "192.168.1.191", packet[1], packet[2]), ("192.168.1.191", 0))
' "$2" "$3"
}
throw client stranger 192.168.1.10
throw ds elsewhere 192.168.1.181
throw ds key 192.168.1.181
throw ds damaged 192.168.1.181
throw ds congested 192.168.1.181
throw ds short 192.168.1.181
for reason in not_from_director not_for_virtual bad_encapsulation bad_checksum congested truncated; do
  wait_until 10 at_least rs1 "drop_$reason" 1
  same "drops, $reason" 1 "$(counted rs1 "drop_$reason")"
done

# An address that the host gets later takes packets too.
ip -n rs1 addr add 192.168.1.201/24 dev eth0
later() { [[ $(ip -n rs1 route show table all) == *"192.168.1.201 dev tunvs-real"* ]]; }
wait_until 10 later
ip -n rs1 addr del 192.168.1.201/24 dev eth0
wait_until 10 eval '! later'
# Rules that another program removes come back.
ip -n rs1 rule del pref 0 ipproto 4
led() { [[ $(ip -n rs1 rule) == *"ipproto ipencap lookup"* || $(ip -n rs1 rule) == *"ipproto 4 lookup"* ]]; }
wait_until 10 led

# A director's command to a real server's socket, a second one, ports and addresses that are taken.
refused tunvs save --socket "$work/rs1.sock"
contains "a listing of a real server" "real server" "$output"
refused on rs1 timeout 60 tunvs real-server --socket "$work/rs1.sock" "${all[@]}"
contains "the refusal" "$work/rs1.sock" "$output"
refused on rs1 timeout 60 tunvs real-server --socket "$work/other.sock" --tun other "${vips[@]}" --mode ipip
contains "the refusal" "another tunvs" "$output"
retire rs1
same "the host after a stop" "$before" "$(snapshot rs1)"

refused on rs1 timeout 60 tunvs real-server --socket "$work/rs1.sock" --vip 192.168.1.191 --mode dr
contains "the refusal" "eth0" "$output"
ip netns exec rs1 python3 -c '
import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 5555))
print("ready", flush=True)
time.sleep(60)' >"$work/taken.ready" &
taker=$!
wait_until 10 test -s "$work/taken.ready"
refused on rs1 timeout 60 tunvs real-server --socket "$work/rs1.sock" "${all[@]}"
contains "the refusal" "UDP port 5555 is in use" "$output"
kill "$taker"
same "the host after refused starts" "$before" "$(snapshot rs1)"

# A port that only root may have is opened before its capability goes.
prepare rs1 --vip 192.168.1.183 --mode gue --port 700
contains "the port" ":700 " "$(on rs1 ss -Hlun)"
same "the capabilities of one with a low port" 1000 "$(capabilities "${servers[rs1]}")"
retire rs1
same "the host after a low port" "$before" "$(snapshot rs1)"

# After a kill the clean-up undoes it, and so does the next start.
prepare rs1 "${all[@]}"
kill -9 "${servers[rs1]}"
wait "${servers[rs1]}" || true
[[ $(snapshot rs1) != "$before" ]] || fail "nothing was left to clean up, so this proves nothing"
on rs1 tunvs cleanup --socket "$work/rs1.sock"
same "the host after cleanup" "$before" "$(snapshot rs1)"
prepare rs1 "${all[@]}"
kill -9 "${servers[rs1]}"
wait "${servers[rs1]}" || true
prepare rs1 --vip 192.168.1.183 --mode dr
through 192.168.1.183 192.168.1.19 -g
same "direct routing alone" "rs2 rs1" "$(answers client 2 http://192.168.1.183)"
retire rs1
same "the host after all" "$before" "$(snapshot rs1)"
retire rs2
stop_director
nothing_left
