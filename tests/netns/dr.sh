#!/usr/bin/env bash
# Direct routing: requests reach the real servers unchanged, answers go straight to the client.
. "$(dirname "$0")/lib.sh"
one_link
for number in 1 2; do web rs$number; done

# neighbour_is ADDRESS STATE: what the director's host thinks of a neighbour.
neighbour_is() { [[ $(ip -n ds neigh show to "$1") == *"$2"* ]]; }

# udp_error HOST ADDRESS PORT: the error that comes in answer to a datagram.
udp_error() {
  on "$1" python3 -c '
import errno, socket, sys
is_v6 = ":" in sys.argv[1]
s = socket.socket(socket.AF_INET6 if is_v6 else socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(10)
# IP_RECVERR, IPV6_RECVERR: tell of every error
s.setsockopt(*((socket.IPPROTO_IPV6, 25) if is_v6 else (socket.IPPROTO_IP, 11)), 1)
s.connect((sys.argv[1], int(sys.argv[2])))
s.send(b"hello")
try:
    s.recv(100)
except OSError as error:
    print(errno.errorcode.get(error.errno, "timeout"))
' "$2" "$3"
}

before=$(snapshot ds)
start_director
for vip in 192.168.1.183 '[fd00:1::183]'; do
  on ds ipvsadm -A -t "$vip:80" -s rr
done
for number in 1 2; do
  on ds ipvsadm -a -t 192.168.1.183:80 -r 192.168.1.19$number -g
  on ds ipvsadm -a -t '[fd00:1::183]:80' -r "[fd00:1::19$number]:80" -g
done

for vip in 192.168.1.183 '[fd00:1::183]'; do
  same "$vip" "rs2 rs1 rs2 rs1" "$(answers client 4 "http://$vip")"
done

# What waits for a neighbour goes by the host's own output: neither tracked there nor rewritten by its NAT.
on ds nft -f - <<'NFT'
table inet watch {
  chain out {
    type filter hook output priority filter
    ip daddr 192.168.1.183 ct state untracked counter
    ip6 daddr fd00:1::183 ct state untracked counter
    ip daddr 192.168.1.183 ct state != untracked counter
    ip6 daddr fd00:1::183 ct state != untracked counter
  }
  chain post {
    type nat hook postrouting priority srcnat
    tcp dport 80 oifname "eth1" masquerade
  }
}
NFT
for vip in 192.168.1.183 '[fd00:1::183]'; do
  forget_neighbours ds
  same "$vip from a cold cache" "rs2 rs1" "$(answers client 2 "http://$vip")"
done
packets() { on ds nft list chain inet watch out | sed -n 's/.*counter packets \([0-9]*\) .*/\1/p' | xargs; }
[[ $(packets) =~ ^[1-9][0-9]*\ [1-9][0-9]*\ 0\ 0$ ]] || fail "untracked and tracked packets to IPv4 and IPv6: $(packets)"
# A client on this host has its answers come back here, so it is tracked.
on ds curl -s -o /dev/null --connect-timeout 1 http://192.168.1.183 || true
[[ $(packets) =~ \ [1-9][0-9]*\ 0$ ]] || fail "a local client's packets are not tracked: $(packets)"
on ds nft delete table inet watch

contains "the listing" "Route" "$(on ds ipvsadm -Ln)"
contains "states of the client's side alone" "FIN_WAIT" "$(on ds ipvsadm -Lnc)"

# No answer crosses the director: nothing leaves it for the client but what belongs to itself.
ip netns exec ds tcpdump -nni eth1 -c 1 'tcp src port 80 and ether src '"$(ip -n ds -br link show eth1 | awk '{ print $3 }')" \
  >"$work/answers.txt" 2>"$work/tcpdump.err" &
watching=$!
wait_until 5 grep -q listening "$work/tcpdump.err"

ip netns exec rs2 tcpdump -l -nni eth0 'tcp dst port 80 and greater 4000' >"$work/large.txt" 2>"$work/tcpdump-large.err" &
wait_until 5 grep -q listening "$work/tcpdump-large.err"

# 100 MB up and down, byte for byte.
head -c 100000000 /dev/urandom >"$work/blob"
for number in 1 2; do cp "$work/blob" "$work/web-rs$number/html/files/down"; done
for vip in 192.168.1.183 '[fd00:1::183]'; do
  upload client "http://$vip" "$work/blob" rs1 rs2
  download client "http://$vip" "$work/blob"
done
kill "$watching"
wait "$watching" || true
same "answers that crossed the director" "" "$(<"$work/answers.txt")"

# Super-packets left as such: the servers saw frames that no link carries.
(($(wc -l <"$work/large.txt") > 20)) || fail "few super-packets: $(<"$work/large.txt")"

# ESP and AH go to the server that the client's key exchange (UDP port 500) went to.
cat >"$work/ipsec.py" <<'PY'
import select, socket, sys

def sockets(addr):
    family = socket.AF_INET6 if ":" in addr else socket.AF_INET
    made = {"udp": socket.socket(family, socket.SOCK_DGRAM), "esp": socket.socket(family, socket.SOCK_RAW, 50)}
    # IPv6 knows AH as a header in front of others.
    if family == socket.AF_INET: made["ah"] = socket.socket(family, socket.SOCK_RAW, 51)
    for s in made.values(): s.bind((addr, 500 if s is made["udp"] else 0))
    return made

def serve(name):
    made = [s for vip in ("192.168.1.183", "fd00:1::183") for s in sockets(vip).values()]
    print("ready", flush=True)
    while True:
        for s in select.select(made, [], [])[0]: s.sendto(name.encode(), s.recvfrom(2000)[1][:2])

def ask(addr, vip, *kinds):
    made, heard = sockets(addr), []
    for kind in kinds:
        made[kind].sendto(b"\0\0\1\1" + bytes(20), (vip, 500 if kind == "udp" else 0))
        came = select.select([made[kind]], [], [], 3 if "udp" in kinds else 0.5)[0]
        heard.append(came[0].recv(2000)[-3:].decode() if came else "nobody")
    print(*heard)

serve(sys.argv[2]) if sys.argv[1] == "serve" else ask(*sys.argv[1:])
PY
for rs in rs1 rs2; do
  ip netns exec $rs python3 "$work/ipsec.py" serve $rs >"$work/ipsec-$rs.ready" 2>"$work/ipsec-$rs.log" &
  wait_until 5 test -s "$work/ipsec-$rs.ready"
done
address client eth0 192.168.1.11/24 fd00:1::11/64
for vip in 192.168.1.183 '[fd00:1::183]'; do
  on ds ipvsadm -A -u "$vip:500" -s rr
  for number in 1 2; do
    rip=192.168.1.19$number
    [[ $vip != \[* ]] || rip="[fd00:1::19$number]"
    on ds ipvsadm -a -u "$vip:500" -r "$rip:500" -g
  done
done
ipsec() { on client python3 "$work/ipsec.py" "$@"; }
same "ESP without a key exchange" nobody "$(ipsec 192.168.1.10 192.168.1.183 esp)"
same "a client" "rs2 rs2 rs2 rs2" "$(ipsec 192.168.1.10 192.168.1.183 udp esp ah esp)"
same "another client" "rs1 rs1 rs1" "$(ipsec 192.168.1.11 192.168.1.183 udp ah esp)"
same "the first one again" "rs2 rs2" "$(ipsec 192.168.1.10 192.168.1.183 esp ah)"
same "a client, IPv6" "rs2 rs2" "$(ipsec fd00:1::10 fd00:1::183 udp esp)"
same "another client, IPv6" "rs1 rs1" "$(ipsec fd00:1::11 fd00:1::183 udp esp)"
same "packets of the IPv4 clients" "9 0" "$(on ds ipvsadm -L -n --stats -u 192.168.1.183:500 | awk '$1 == "UDP" { print $4, $5 }')"

# counter NAME: its value.
counter() { on ds tunvs counters | awk -v name="$1" '$1 == name { print $2 }'; }

# A server that moves to another link address is followed, and one that has been silent for long is asked by the host.
own=$(ip -n rs1 -br link show eth0 | awk '{ print $3 }')
ip -n rs1 link set eth0 address 02:00:00:00:00:77
for vip in 192.168.1.183 '[fd00:1::183]'; do
  rip=192.168.1.191
  [[ $vip != \[* ]] || rip=fd00:1::191
  ip -n ds neigh replace "$rip" lladdr 02:00:00:00:00:77 nud stale dev eth1
  same "$vip after the move" "rs1 rs1" "$(answers client 4 "http://$vip" | tr ' ' '\n' | grep rs1 | paste -sd ' ')"
  wait_until 20 neighbour_is "$rip" REACHABLE
done
ip -n rs1 link set eth0 address "$own"

# A server that does not answer on the link: the client is told, by the director's own address as IPVS does it, what
# waited is counted, and the connection is listed.
ip netns exec client tcpdump -l -nni eth0 'icmp or icmp6[0] == 1' >"$work/errors.txt" 2>"$work/tcpdump-errors.err" &
wait_until 5 grep -q listening "$work/tcpdump-errors.err"
for net in 192.168.1. fd00:1::; do
  vip=${net}183 rip=${net}199
  [[ $net != *:* ]] || vip="[$vip]" rip="[$rip]"
  before_failure=$(counter drop_unreachable)
  on ds ipvsadm -A -u "$vip:53" -s rr
  on ds ipvsadm -a -u "$vip:53" -r "$rip:53" -g
  same "a server that is not there" EHOSTUNREACH "$(udp_error client "${net}183" 53)"
  wait_until 5 test "$(counter drop_unreachable)" -gt "$before_failure"
done
wait_until 5 grep -q 'ICMP host 192.168.1.183 unreachable' "$work/errors.txt"
wait_until 5 grep -q 'unreachable address fd00:1::183' "$work/errors.txt"
same "who complains" "192.168.1.181 > 192.168.1.10:" "$(awk '/ICMP host/ { print $3, $4, $5 }' "$work/errors.txt" | sort -u)"

# Where the link is down, nothing waits for it.
ip -n ds link set eth1 down
ip -n ds link set eth1 up
address ds eth1 fd00:1::181/64 fd00:1::183/128
for vip in 192.168.1.183 '[fd00:1::183]'; do wait_until 20 get client "http://$vip"; done

stop_director
same "the host" "$before" "$(snapshot ds)"
