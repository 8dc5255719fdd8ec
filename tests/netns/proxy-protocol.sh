#!/usr/bin/env bash
# Servers learn the client's address: by PROXY headers (nginx with `proxy_protocol on`), versions 1 and 2, with NAT and
# FULLNAT, IPv4 and IPv6, super-packets and none, lost packets; and by the TCP option address, seen by tcpdump.
. "$(dirname "$0")/lib.sh"
topology
head -c 100000000 /dev/urandom >"$work/blob"

# proxied HOST: nginx that wants a PROXY header and answers with the client's address as the header says it.
proxied() {
  web "$1" proxy_protocol 'location = / { return 200 "$proxy_protocol_addr $proxy_protocol_port $proxy_protocol_server_addr $proxy_protocol_server_port $remote_port\n"; }'
  ln -f "$work/blob" "$work/web-$1/html/files/down"
}

# A server that speaks first, when it has read the header's line.
on rs1 python3 -c '
import socket
s = socket.create_server(("::", 25), family=socket.AF_INET6, dualstack_ipv6=True)
print("ready", flush=True)
while True:
    c, peer = s.accept()
    c.sendall(b"220 " + c.makefile("rb").readline())
    c.close()
' >"$work/greeter.ready" 2>"$work/greeter.log" &
wait_until 5 test -s "$work/greeter.ready"

proxied rs1
address ds eth1 192.168.1.183/24 fd00:1::183/64

# told URL: who the server says that the client is, without its ports.
told() { get client "$1" | cut -d ' ' -f 1,3,4; }

for option in '' --no-offload; do
  start_director $option
  for version in v1 v2; do
    for method in -m --fullnat; do
      on ds ipvsadm -C
      on ds ipvsadm -A -t 192.168.1.183:80 -s rr --proxy-protocol $version
      on ds ipvsadm -a -t 192.168.1.183:80 -r 192.168.56.183 $method
      on ds ipvsadm -A -t '[fd00:1::183]:8080' -s rr --proxy-protocol $version
      on ds ipvsadm -a -t '[fd00:1::183]:8080' -r '[fd00:56::183]:80' $method
      same "$version $method" "192.168.1.10 192.168.1.183 80" "$(told http://192.168.1.183)"
      same "$version $method, IPv6" "fd00:1::10 fd00:1::183 8080" "$(told 'http://[fd00:1::183]:8080')"
      upload client http://192.168.1.183 "$work/blob" rs1
      download client http://192.168.1.183 "$work/blob"
      upload client 'http://[fd00:1::183]:8080' "$work/blob" rs1
      download client 'http://[fd00:1::183]:8080' "$work/blob"
    done
  done
  stop_director
done

start_director
contains "a listing" "rr proxy-protocol v2" "$(on ds ipvsadm -A -t 192.168.1.183:81 -s rr --proxy-protocol v2; on ds ipvsadm -Ln)"
refused on ds ipvsadm -a -t 192.168.1.183:81 -r 192.168.56.183 -g
contains "PROXY with direct routing" "192.168.56.183:81 needs -m or --fullnat" "$output"
refused on ds ipvsadm -A -u 192.168.1.183:53 -s rr --proxy-protocol v1
contains "PROXY on UDP" "UDP 192.168.1.183:53 is no TCP service" "$output"

# Every seventh packet is lost in each direction on the servers' link, whichever of a connection's it is: the director
# sends a lost header again, as the server says nothing before it, and the client nothing before the server. (Losses
# by chance would now and then take the same packet until nobody waits any more.)
on ds ipvsadm -A -t 192.168.1.183:25 -s rr --proxy-protocol v1
on ds ipvsadm -a -t 192.168.1.183:25 -r 192.168.56.183 --fullnat
on ds ipvsadm -A -t 192.168.1.183:80 -s rr --proxy-protocol v2
on ds ipvsadm -a -t 192.168.1.183:80 -r 192.168.56.183 --fullnat
on rs1 nft -f - <<'NFT'
table inet losses {
  chain in { type filter hook prerouting priority 0; tcp dport { 25, 80 } numgen inc mod 7 0 drop; }
  chain out { type filter hook postrouting priority 0; tcp sport { 25, 80 } numgen inc mod 7 0 drop; }
}
NFT
for ((i = 0; i < 30; i++)); do
  contains "the greeting" "220 PROXY TCP4 192.168.1.10 192.168.1.183 " "$(on client nc -d -w 20 192.168.1.183 25)"
done
for ((i = 0; i < 10; i++)); do
  same "through losses" "192.168.1.10 192.168.1.183 80" "$(on client curl -sS --max-time 60 http://192.168.1.183 | cut -d ' ' -f 1,3,4)"
done
head -c 3000000 /dev/urandom >"$work/small"
upload client http://192.168.1.183 "$work/small" rs1
on rs1 nft delete table inet losses

# Data in the SYN: a server that takes them must not read them before the header.
on rs1 sysctl -qw net.ipv4.tcp_fastopen=0x603
on client sysctl -qw net.ipv4.tcp_fastopen=5
for ((i = 0; i < 3; i++)); do
  same "fast open" "192.168.1.10 192.168.1.183 80" \
    "$(on client curl -sS --tcp-fastopen --max-time 30 http://192.168.1.183 | cut -d ' ' -f 1,3,4)"
done
stop_director

# TOA: the first segments have the option, and all comes through.
web rs2
ln -f "$work/blob" "$work/web-rs2/html/files/down"
ip netns exec rs2 tcpdump -lni eth0 -w toa.pcap --immediate-mode -U tcp port 80 2>tcpdump.log &
listener=$!
wait_until 5 grep -q 'listening on' tcpdump.log
start_director
on ds ipvsadm -A -t 192.168.1.183:80 -s rr --toa
on ds ipvsadm -a -t 192.168.1.183:80 -r 192.168.56.184 --fullnat
on ds ipvsadm -A -t '[fd00:1::183]:80' -s rr --toa
on ds ipvsadm -a -t '[fd00:1::183]:80' -r '[fd00:56::184]:80' --fullnat
same "with TOA" rs2 "$(on client curl -sS --local-port 40001 http://192.168.1.183)"
same "with TOA, IPv6" rs2 "$(on client curl -gsS --local-port 40002 'http://[fd00:1::183]')"
# has_toa FILTER OPTION COUNT: so many packets of these have the option.
has_toa() {
  local hex
  hex=$(tcpdump -nxr toa.pcap "$1" 2>/dev/null | sed 's/^\t0x[0-9a-f]*: *//' | tr -d ' \n')
  (($(grep -o "$2" <<<"$hex" | wc -l) == $3))
}
# The SYN, what ends the handshake, and the first data: kind, length, port 40001, and the address.
wait_until 5 has_toa 'dst port 80 and ip' fe089c41c0a8010a 3
wait_until 5 has_toa 'dst port 80 and ip and tcp[tcpflags] = tcp-syn' fe089c41c0a8010a 1
wait_until 5 has_toa 'dst port 80 and ip6' fe149c42fd000001000000000000000000000010 3
kill "$listener"
for url in http://192.168.1.183 'http://[fd00:1::183]'; do
  upload client "$url" "$work/blob" rs2
  download client "$url" "$work/blob"
done
contains "the saved rules" "-A -t 192.168.1.183:80 -s rr --toa" "$(on ds ipvsadm-save -n)"
stop_director
nothing_left
