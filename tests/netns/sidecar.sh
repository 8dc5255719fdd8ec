#!/usr/bin/env bash
# One namespace with an application and the director, as in a pod: virtual addresses that exist nowhere else, TCP and
# UDP, IPv4 and IPv6, NAT and FULLNAT, servers elsewhere, on the pod's own address, and on its loopback address.
#
#   pod 10.1.0.2, fd01::2 --- router --- rs1 10.2.0.183, fd02::183
#                                    --- rs2 10.2.0.184, fd02::184
. "$(dirname "$0")/lib.sh"
host pod router rs1 rs2
cable pod eth0 router pods
switch switch router:servers rs1:eth0 rs2:eth0
address pod eth0 10.1.0.2/24 fd01::2/64
address router pods 10.1.0.1/24 fd01::1/64
address router servers 10.2.0.1/24 fd02::1/64
on router sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
ip -n pod route add default via 10.1.0.1
ip -n pod -6 route add default via fd01::1
for number in 3 4; do
  address rs$((number - 2)) eth0 10.2.0.18$number/24 fd02::18$number/64
  ip -n rs$((number - 2)) route add default via 10.2.0.1
  ip -n rs$((number - 2)) -6 route add default via fd02::1
done
for name in rs1 rs2 pod; do
  web "$name"
  udp_echo "$name" 5353
done
# A server of 127.0.0.1 that is bound to it: from a socket of all addresses the host would answer by another one.
on pod python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 5354))
print("ready", flush=True)
while True:
    data, peer = s.recvfrom(65535)
    s.sendto(b"pod " + data, peer)
' >"$work/bound.ready" 2>"$work/bound.log" &
wait_until 5 test -s "$work/bound.ready"
director_host=pod
head -c 100000000 /dev/urandom >"$work/blob"
for rs in rs1 rs2; do cp "$work/blob" "$work/web-$rs/html/files/down"; done
before=$(snapshot pod)

# remote VIP METHOD: servers elsewhere.
remote() {
  local net=10.2.0. open='' close='' number
  [[ $1 != *:* ]] || net=fd02:: open=[ close=]
  local vip=$open$1$close
  on pod ipvsadm -A -t "$vip:80" -s rr
  on pod ipvsadm -A -u "$vip:53" -s rr
  for number in 3 4; do
    on pod ipvsadm -a -t "$vip:80" -r "$open${net}18$number$close:80" "$2"
    on pod ipvsadm -a -u "$vip:53" -r "$open${net}18$number$close:5353" "$2"
  done
  same "$vip $2" "rs2 rs1 rs2 rs1" "$(answers pod 4 "http://$vip")"
  same "UDP $vip $2" "rs2 hello" "$(udp_ask pod "$1" 53 hello)"
  same "UDP $vip $2" "rs1 hello" "$(udp_ask pod "$1" 53 hello)"
  upload pod "http://$vip" "$work/blob" rs1 rs2
  download pod "http://$vip" "$work/blob"
}

# here VIP SERVER METHOD [UDP-PORT]: a server of the pod.
here() {
  local open='' close=''
  [[ $1 != *:* ]] || open=[ close=]
  local vip=$open$1$close real=$open$2$close
  on pod ipvsadm -A -t "$vip:8000" -s rr
  on pod ipvsadm -a -t "$vip:8000" -r "$real:80" "$3"
  on pod ipvsadm -A -u "$vip:53" -s rr
  on pod ipvsadm -a -u "$vip:53" -r "$real:${4:-5353}" "$3"
  same "$vip to $real $3" "pod pod" "$(answers pod 2 "http://$vip:8000")"
  same "UDP $vip to $real $3" "pod hello" "$(udp_ask pod "$1" 53 hello)"
  upload pod "http://$vip:8000" "$work/blob" pod
}

# closed_port VIP SERVER METHOD: what a client hears of a UDP port that nobody listens at.
closed_port() {
  local open='' close=''
  [[ $1 != *:* ]] || open=[ close=]
  on pod ipvsadm -A -u "$open$1$close:9" -s rr
  on pod ipvsadm -a -u "$open$1$close:9" -r "$open$2$close:9" "$3"
  udp_ask pod "$1" 9 hello
}

for option in '' '--laddr-net 10.1.0.16/28 --laddr-net fd01::f:0/124' '--laddr-net 10.99.0.0/28'; do
  # An address that nobody else can reach would need a route on the other hosts.
  [[ $option != *10.99* ]] || { ip -n router route add 10.99.0.0/28 via 10.1.0.2; }
  start_director $option
  remote 10.96.0.1 -m
  remote fd96::1 -m
  remote 10.96.0.2 --fullnat
  remote fd96::2 --fullnat
  here 10.96.0.3 10.1.0.2 -m
  here fd96::3 fd01::2 -m
  here 10.96.0.4 10.1.0.2 --fullnat
  here fd96::4 fd01::2 --fullnat
  here 10.96.0.5 127.0.0.1 --fullnat 5354
  here 10.96.0.6 127.0.0.1 -m 5354
  same "a closed port" ECONNREFUSED "$(closed_port 10.96.0.7 10.1.0.2 -m)"
  same "a closed port" ECONNREFUSED "$(closed_port fd96::7 fd01::2 --fullnat)"
  # What is no service goes its own way.
  same "a server itself" rs1 "$(get pod http://10.2.0.183)"
  same "the pod itself" pod "$(get pod http://10.1.0.2)"
  same "the pod's loopback" pod "$(get pod http://127.0.0.1)"
  stop_director
  same "the pod" "$before" "$(snapshot pod)"
done
