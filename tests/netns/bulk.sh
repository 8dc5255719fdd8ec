#!/usr/bin/env bash
# 100 MB up and 100 MB down through the director, byte for byte, with super-packets and without; and with those that a TUN
# does not take whole: longer ones (BIG TCP), and AccECN's. The kernel cuts them, and the director puts them together.
. "$(dirname "$0")/lib.sh"
topology
web rs1
head -c 100000000 /dev/urandom >"$work/blob"
cp "$work/blob" "$work/web-rs1/html/files/down"
sum=$(sha256sum <"$work/blob")

# transfer URL
transfer() {
  rm -f "$work/web-rs1/html/files/up"
  on client curl -gsS --max-time 60 -T "$work/blob" "$1/files/up"
  same "the upload to $1" "$sum" "$(sha256sum <"$work/web-rs1/html/files/up")"
  same "the download from $1" "$sum" "$(on client curl -gsS --max-time 60 "$1/files/down" | sha256sum)"
}

# received WHAT: that many, of packets or bytes, has the client's link taken in.
received() { on client cat "/sys/class/net/eth0/statistics/rx_$1"; }
# arrives_whole WHAT: downloads come in packets of many segments.
arrives_whole() {
  local packets bytes url
  for url in http://192.168.1.183 'http://[fd00:1::183]:8080'; do
    packets=$(received packets) bytes=$(received bytes)
    same "the download from $url, $1" "$sum" "$(on client curl -gsS --max-time 60 "$url/files/down" | sha256sum)"
    packets=$(($(received packets) - packets)) bytes=$(($(received bytes) - bytes))
    ((bytes > 6000 * packets)) || fail "$packets packets for $bytes bytes from $url, $1"
  done
}
put_together() {
  local name plug
  if on client sysctl -qw net.ipv4.tcp_ecn=3 2>/dev/null; then
    on rs1 sysctl -qw net.ipv4.tcp_ecn=3
    arrives_whole AccECN
    for name in client rs1; do on $name sysctl -qw net.ipv4.tcp_ecn=2; done
  else
    echo "AccECN: not looked at, this kernel has none"
  fi
  for plug in client:eth0 ds:eth1 ds:eth2 rs1:eth0 switch:port1 switch:port2 switch:bridge; do
    super_packets $plug 185000
  done
  arrives_whole 'BIG TCP'
}

address ds eth1 192.168.1.183/24 fd00:1::183/64
for option in '' --no-offload; do
  start_director $option
  on ds ipvsadm -A -t 192.168.1.183:80 -s rr
  on ds ipvsadm -a -t 192.168.1.183:80 -r 192.168.56.183 -m
  on ds ipvsadm -A -t '[fd00:1::183]:8080' -s rr
  on ds ipvsadm -a -t '[fd00:1::183]:8080' -r '[fd00:56::183]:80' -m
  transfer http://192.168.1.183
  transfer 'http://[fd00:1::183]:8080'
  [[ $option ]] || put_together
  stop_director
done
nothing_left
