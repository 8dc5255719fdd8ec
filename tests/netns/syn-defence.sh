#!/usr/bin/env bash
# syn_defence: a service answers SYNs by cookies, and its servers see only clients that came back. NAT and FULLNAT, IPv4 and IPv6: pages,
# uploads, downloads, streams; timestamps, SACK and window scaling at both ends; the client's address by PROXY; a server that refuses;
# automatic, on and off again. Then a flood of RATE SYN/s (20,000, as a debug build has it) beside clients that open connections for SPAN seconds (5): GOAL
# hundredths of them are answered (95; `make test-hostile` wants 99 of a release build), and the director's memory does not grow. The figures come last, as a row of the table of
# `make test-hostile`.
here=$(realpath "$(dirname "$0")")
. "$(dirname "$0")/lib.sh"
rate=${RATE:-20000} span=${SPAN:-5} goal=${GOAL:-95} vip=192.168.1.183 vip6=fd00:1::183
topology
web rs1
web rs2
head -c 5000000 /dev/urandom >"$work/blob"
for rs in rs1 rs2; do cp "$work/blob" "$work/web-$rs/html/files/down"; done
ip -n ds route add 198.18.0.0/15 via 192.168.1.10
ip -n client route add blackhole 198.18.0.0/15
cat >tunvs.toml <<CONF
[director]
syn_defence = "on"
syn_rate = 500
CONF
start_director --config "$work/tunvs.toml"

counter() { on ds tunvs counters | awk -v name="$1" '$1 == name { print $2 }'; }
# opens HOST PORT: passive opens of a server so far.
opens() { on "$1" awk '/^Tcp: [0-9]/ { print $7 }' /proc/net/snmp; }
# negotiated HOST FILTER...: what the one connection there has.
negotiated() {
  local name=$1
  shift
  on "$name" ss -Htino state established "$@" | tr '\n' ' '
}

number=0
for method in -m --fullnat; do
  for family in 4 6; do
    if ((family == 4)); then virt=$vip open='' close='' net=192.168.56.18; else virt=$vip6 open=[ close=] net=fd00:56::18; fi
    what="$method, IPv$family"
    service="$open$virt$close:80"
    on ds ipvsadm -A -t "$service" -s rr
    for host in 3 4; do on ds ipvsadm -a -t "$service" -r "$open$net$host$close:80" $method; done
    before=$(counter syn_cookies_taken)
    same "pages, $what" "rs2 rs1 rs2 rs1" "$(answers client 4 "http://$open$virt$close")"
    upload client "http://$open$virt$close" "$work/blob" rs1 rs2
    download client "http://$open$virt$close" "$work/blob"
    same "cookies that came back, $what" 6 $(($(counter syn_cookies_taken) - before))
    # A connection that stays, to look at from both ends.
    port=$((41000 + ++number))
    ip netns exec client python3 - "$virt" $port <<'PY' &
import socket, sys, time
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET)
s.bind(("", int(sys.argv[2])))
s.connect((sys.argv[1], 80))
for _ in range(2):
    s.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b"rs" in s.recv(10000)
time.sleep(30)
PY
    staying=$!
    held() { [[ -n $(negotiated client "sport = :$port") ]]; }
    wait_until 10 held
    at_client=$(negotiated client "sport = :$port")
    at_servers() { on rs1 ss -Htino state established 'sport = :80'; on rs2 ss -Htino state established 'sport = :80'; }
    at_server=$(at_servers | tr '\n' ' ')
    for word in ' ts ' ' sack ' wscale:; do
      contains "the client's end, $what" "$word" "$at_client"
      contains "the server's end, $what" "$word" "$at_server"
    done
    kill $staying
    wait $staying 2>/dev/null || true
    # The server speaks first, and the client's address.
    on ds ipvsadm -A -t "$open$virt$close:9000" -s rr
    on ds ipvsadm -a -t "$open$virt$close:9000" -r "$open${net}3$close:9000" $method
    ((number > 1)) || tcp_greeter rs1 9000 hello
    contains "a server that speaks first, $what" "hello " "$(tcp_hear client "$virt" 9000)"
    # A server that refuses.
    on ds ipvsadm -A -t "$open$virt$close:9" -s rr
    on ds ipvsadm -a -t "$open$virt$close:9" -r "$open${net}3$close:9" $method
    refused on client curl -sS --max-time 5 "http://$open$virt$close:9"
    # 7, 55 or 56: reset while it connects, sends or waits.
    [[ $status =~ ^(7|55|56)$ ]] || fail "a server that refuses, $what: $output"
    contains "the saved rules" "-s rr" "$(on ds ipvsadm -Sn)"
    on ds ipvsadm -C
  done
done

# Long streams, both ways at once, with iperf3 through the same.
ip netns exec rs1 iperf3 -s >"$work/iperf3.log" 2>&1 &
wait_until 10 on rs1 nc -z 127.0.0.1 5201
on ds ipvsadm -A -t $vip:5201 -s rr
on ds ipvsadm -a -t $vip:5201 -r 192.168.56.183:5201 -m
for direction in '' -R; do on client iperf3 -c $vip -n 20M $direction >"$work/stream" 2>&1 || fail "$(<"$work/stream")"; done

# PROXY headers behind the cookie.
on ds ipvsadm -A -t $vip:9000 -s rr --proxy-protocol v1
on ds ipvsadm -a -t $vip:9000 -r 192.168.56.184:9000 --fullnat
ip netns exec rs2 python3 -c '
import socket
s = socket.create_server(("", 9000))
print("ready", flush=True)
while True:
    c, _ = s.accept()
    c.sendall(b"heard " + c.makefile("rb").readline())
    c.close()
' >"$work/proxied" 2>&1 &
wait_until 10 grep -q ready "$work/proxied"
contains "the client's address" "heard PROXY TCP4 192.168.1.10 $vip" "$(tcp_hear client $vip 9000)"
on ds ipvsadm -C

# By itself: off, on in a flood, and off again. Nobody but real clients reaches the server meanwhile.
link=$(on ds cat /sys/class/net/eth1/address)
on ds ipvsadm -A -t $vip:80 -s rr --syn-defence auto
on ds ipvsadm -a -t $vip:80 -r 192.168.56.183:80 -m
before=$(counter syn_cookies_sent)
same "a page while it is off" rs1 "$(get client http://$vip)"
same "cookies while it is off" "$before" "$(counter syn_cookies_sent)"
ip netns exec client python3 "$here/syn-flood.py" eth0 "$link" $vip 80 10000 3 >"$work/sent"
(($(counter syn_cookies_sent) - before > 1000 )) || fail "$(($(counter syn_cookies_sent) - before)) cookies in a flood of $(<"$work/sent")"
same "a page in a flood" rs1 "$(get client http://$vip)"
is_off() {
  before=$(counter syn_cookies_sent)
  get client http://$vip >/dev/null
  (($(counter syn_cookies_sent) == before))
}
wait_until 15 is_off

# The flood. Clients that open a connection for each page, one after the other.
on ds ipvsadm -E -t $vip:80 -s rr --syn-defence on
ip netns exec client python3 "$here/syn-flood.py" eth0 "$link" $vip 80 "$rate" $((span + 5)) >"$work/sent" 2>"$work/syn-flood.log" &
flooding=$!
sent() { on client cat /sys/class/net/eth0/statistics/tx_packets; }
before=$(sent)
is_flooded() { (($(sent) > before + rate / 5)); }
wait_until 20 is_flooded
memory() { awk '/^VmRSS/ { print int($2 / 1024) }' "/proc/$director/status"; }
memory_before=$(memory)
on client python3 - $vip "$span" >"$work/clients" <<'PY'
import socket, sys, threading, time
until, done, lost, waits = time.monotonic() + float(sys.argv[2]), [0], [0], []
def client():
    while time.monotonic() < until:
        began = time.monotonic()
        try:
            with socket.create_connection((sys.argv[1], 80), timeout=10) as s:
                s.settimeout(10)
                s.sendall(b"GET / HTTP/1.0\r\n\r\n")
                text = b""
                while part := s.recv(4096):
                    text += part
                assert text.endswith(b"rs1\n"), text
            done[0] += 1
        except (OSError, AssertionError) as error:
            lost[0] += 1
            print(repr(error), file=sys.stderr)
        waits.append(time.monotonic() - began)
        time.sleep(0.005)
threads = [threading.Thread(target=client) for _ in range(16)]
[t.start() for t in threads]; [t.join() for t in threads]
waits.sort()
print(done[0], lost[0], int(waits[len(waits) * 99 // 100] * 1000))
PY
memory_after=$(memory)
wait $flooding
read -r served lost p99 <"$work/clients"
read -r syns millis <"$work/sent"
stop_director
nothing_left
echo "| $((syns * 1000 / millis)) SYN/s of nobody, \`syn_defence = \"on\"\`; new connections, one for each page | $served of $((served + lost)) | $p99 ms | $memory_before MB, then $memory_after MB |"
((served * 100 >= (served + lost) * goal)) || late "$lost of $((served + lost)) connections were lost"
# The clients' own connections are tracked for a while.
((memory_after < memory_before + 4 + served * 300 / 1000000)) || fail "memory grew"
