#!/usr/bin/env bash
# FULLNAT: servers that have no route back to the client answer, by addresses of a subnet of their own and by the
# director's, IPv4 and IPv6; 100 MB both ways, errors, datagrams in pieces, exhausted ports, and nothing left behind.
. "$(dirname "$0")/lib.sh"
topology
for rs in rs1 rs2; do
  ip -n "$rs" route del default
  ip -n "$rs" -6 route del default
  web "$rs"
  udp_echo "$rs" 5353
  tcp_greeter "$rs" 9000 "$rs"
done
head -c 100000000 /dev/urandom >"$work/blob"
for rs in rs1 rs2; do cp "$work/blob" "$work/web-$rs/html/files/down"; done
before=$(snapshot ds)

# serve VIP OPEN CLOSE NET: services of that VIP, and whether everything gets through.
serve() {
  local vip=$2$1$3 net=$4 number
  on ds ipvsadm -A -t "$vip:80" -s rr
  on ds ipvsadm -A -t "$vip:9000" -s rr
  on ds ipvsadm -A -t "$vip:7" -s rr
  on ds ipvsadm -A -u "$vip:53" -s rr
  for number in 3 4; do
    on ds ipvsadm -a -t "$vip:80" -r "$2${net}18$number$3:80" --fullnat
    on ds ipvsadm -a -t "$vip:9000" -r "$2${net}18$number$3:9000" --fullnat
    on ds ipvsadm -a -t "$vip:7" -r "$2${net}18$number$3:7" --fullnat
    on ds ipvsadm -a -u "$vip:53" -r "$2${net}18$number$3:5353" --fullnat
  done
  same "answers of $vip" "rs2 rs1 rs2 rs1" "$(answers client 4 "http://$vip")"
  same "a datagram to $vip" "rs2 hello" "$(udp_ask client "$1" 53 hello)"
  # Longer than a packet: it goes and comes in pieces.
  local long
  long=$(printf 'x%.0s' {1..5000})
  same "a long datagram to $vip" "rs1 $long" "$(udp_ask client "$1" 53 "$long")"
  same "a closed port" ECONNREFUSED "$(tcp_try client "$1" 7)"
  upload client "http://$vip" "$work/blob" rs1 rs2
  download client "http://$vip" "$work/blob"
}

# seen_from VIP: the client's address as the server sees it.
seen_from() {
  local said
  said=$(tcp_hear client "$1" 9000)
  echo "${said#* }" | sed 's/^::ffff://'
}

# The director's own address, with super-packets and without.
for option in '' --no-offload; do
  start_director $option
  serve 192.168.1.183 '' '' 192.168.56.
  serve fd00:1::183 '[' ']' fd00:56::
  same "the source" 192.168.56.181 "$(seen_from 192.168.1.183)"
  same "the source, IPv6" fd00:56::181 "$(seen_from fd00:1::183)"
  stop_director
done
same "the host" "$before" "$(snapshot ds)"

# A subnet of its own, in the servers' and elsewhere.
start_director --laddr-net 192.168.56.240/28 --laddr-net fd00:56::f:0/124
[[ $(ip -n ds rule) != *192.168.56.18* ]] || fail "a rule for a real server is not needed"
serve 192.168.1.183 '' '' 192.168.56.
serve fd00:1::183 '[' ']' fd00:56::
contains "the source" 192.168.56.2 "$(seen_from 192.168.1.183)"
contains "the source, IPv6" fd00:56::f: "$(seen_from fd00:1::183)"
connections=$(on ds ipvsadm -Lcn)
contains "a connection" "192.168.1.183:80   192.168.56.18" "$connections"
on ds ipvsadm-save -n >"$work/rules"
contains "the saved rules" "-a -t 192.168.1.183:80 -r 192.168.56.183:80 --fullnat -w 1" "$(cat "$work/rules")"
on ds ipvsadm -C
on ds ipvsadm -R <"$work/rules"
contains "the listing" "  -> 192.168.56.183:80            FullNat 1 " "$(on ds ipvsadm -Ln)"
same "a restored service" "rs2 rs1" "$(answers client 2 http://192.168.1.183)"
stop_director
same "the host" "$before" "$(snapshot ds)"

for rs in rs1 rs2; do
  ip -n "$rs" route add 10.77.0.0/24 via 192.168.56.181
  ip -n "$rs" -6 route add fd77::/64 via fd00:56::181
done
start_director --laddr-net 10.77.0.0/24 --laddr-net fd77::/64
serve 192.168.1.183 '' '' 192.168.56.
serve fd00:1::183 '[' ']' fd00:56::
contains "the source" 10.77.0. "$(seen_from 192.168.1.183)"
contains "the source, IPv6" fd77:: "$(seen_from fd00:1::183)"
stop_director
same "the host" "$before" "$(snapshot ds)"

# Ports that the server has in TIME_WAIT, which it closes first: a client keeps the one it had, and another gets one where
# the server takes its SYN, with timestamps and without. Nobody waits for a second SYN, nobody is refused.
# bursts ADDRESS PORTS TIMES: connections from each of that many ports, one after another.
bursts() {
  on client python3 - "$@" <<'PY'
import socket, sys, time
slow = failed = 0
for _ in range(int(sys.argv[3])):
    for port in range(30000, 30000 + int(sys.argv[2])):
        started = time.monotonic()
        try:
            with socket.create_connection(("192.168.1.183", 9000), 5, (sys.argv[1], port)) as s:
                while s.recv(100): pass
        except OSError: failed += 1
        slow += time.monotonic() - started > 0.5
print(slow, "slow,", failed, "failed")
PY
}
for number in {1..8}; do address client eth0 192.168.1.3$number/24; done
start_director --laddr-ports 20000-20063
on ds ipvsadm -A -t 192.168.1.183:9000 -s rr
on ds ipvsadm -a -t 192.168.1.183:9000 -r 192.168.56.183:9000 --fullnat
same "a client, twice from each port" "0 slow, 0 failed" "$(bursts 192.168.1.31 32 2)"
same "another client" "0 slow, 0 failed" "$(bursts 192.168.1.32 32 1)"
for number in 3 4 5; do
  same "client $number, with all ports in TIME_WAIT" "0 slow, 0 failed" "$(bursts 192.168.1.3$number 32 1)"
done
on client sysctl -qw net.ipv4.tcp_timestamps=0
for number in 6 7; do
  same "client $number, without timestamps" "0 slow, 0 failed" "$(bursts 192.168.1.3$number 32 1)"
done
on client sysctl -qw net.ipv4.tcp_timestamps=1
same "client 8, with timestamps again" "0 slow, 0 failed" "$(bursts 192.168.1.38 32 1)"
stop_director
same "the host" "$before" "$(snapshot ds)"

# Two ports only: the third client is refused at once.
start_director --laddr-ports 20000-20001
on ds ipvsadm -A -t 192.168.1.183:9000 -s rr
on ds ipvsadm -a -t 192.168.1.183:9000 -r 192.168.56.183:9000 --fullnat
on ds ipvsadm -A -u 192.168.1.183:53 -s rr
on ds ipvsadm -a -u 192.168.1.183:53 -r 192.168.56.183:5353 --fullnat
for number in 1 2; do same "client $number" "rs1 hello" "$(udp_ask client 192.168.1.183 53 hello)"; done
same "the third client" ECONNREFUSED "$(udp_ask client 192.168.1.183 53 hello)"
contains "counters" "drop_no_local_port 1" "$(on ds tunvs counters | tr -s ' ')"
stop_director
refused on ds tunvs run --laddr-net 192.168.56.0/24
contains "an own address in the subnet" "192.168.56.181 of --laddr-net 192.168.56.0/24" "$output"
same "the host" "$before" "$(snapshot ds)"
