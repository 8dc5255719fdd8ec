#!/usr/bin/env bash
# Numbers for Prometheus agree with the listings under real traffic; clients that say nothing, say too much, never read
# or come in thousands harm nobody.
. "$(dirname "$0")/lib.sh"

topology
web rs1
web rs2
on ds sysctl -qw net.ipv4.ip_forward=0
start_director --metrics 127.0.0.1:9633 --metrics-series 60
on ds ipvsadm -A -t 192.168.1.183:80 -s rr
on ds ipvsadm -a -t 192.168.1.183:80 -r 192.168.56.183 -m
on ds ipvsadm -a -t 192.168.1.183:80 -r 192.168.56.184 -m -w 0
for _ in 1 2 3 4 5; do on client curl -s --max-time 30 http://192.168.1.183 >/dev/null; done

page() { on ds curl -s --max-time 10 "http://127.0.0.1:9633$1"; }
code() { on ds curl -s -o /dev/null --max-time 10 -w '%{http_code}' "http://127.0.0.1:9633$1"; }
says() { page /metrics | grep -qxF "$1"; }
server='service="TCP 192.168.1.183:80",server="192.168.56.183:80"'
wait_until 10 says "tunvs_server_connections_total{$server} 5"
wait_until 10 says 'tunvs_service_connections_total{service="TCP 192.168.1.183:80"} 5'
wait_until 10 says 'tunvs_server_weight{service="TCP 192.168.1.183:80",server="192.168.56.184:80"} 0'
wait_until 10 says 'tunvs_servers_quiesced 1'
wait_until 10 says 'tunvs_host_follows 1'
same "in packets" "$(on ds ipvsadm -L -n --stats --exact | awk '/56.183/ { print $4 }')" \
  "$(page /metrics | sed -n "s/^tunvs_server_in_packets_total{$server} //p")"
same "the type" "text/plain; version=0.0.4; charset=utf-8" "$(on ds curl -s -o /dev/null -w '%{content_type}' http://127.0.0.1:9633/metrics)"
same "codes" "200 200 404" "$(code /healthz) $(code /readyz) $(code /nothing)"

# Settings that others change: what the director had set it sets again, what it had not is said until it is mended.
has() { [[ $(on ds sysctl -n "$1") == "$2" ]]; }
answers_with() { [[ $(code /readyz) == "$1" ]]; }
for setting in net.ipv4.ip_forward=0 net.ipv4.conf.all.rp_filter=1; do
  before=$(on ds sysctl -n "${setting%=*}")
  on ds sysctl -qw "$setting"
  wait_until 5 has "${setting%=*}" "$before"
  same "an answer after $setting" rs1 "$(get client http://192.168.1.183)"
done
# A strict filter of the servers' link, which would drop their answers; and that again and again.
for _ in 1 2 3 4 5; do
  on ds sysctl -qw net.ipv4.conf.eth2.rp_filter=1
  wait_until 5 has net.ipv4.conf.eth2.rp_filter 2
done
same "an answer after a strict filter" rs1 "$(get client http://192.168.1.183)"
contested() { [[ $(on ds tunvs events --no-follow --only host_contested) == *times* ]]; }
wait_until 5 contested
lines=$(grep -c 'another program changed settings' "$work/director-ds.log")
((lines <= 3)) || fail "$lines lines in the log"
on ds ipvsadm -A -t [fd00:1::183]:80 -s rr
on ds ipvsadm -a -t [fd00:1::183]:80 -r [fd00:56::183]:80 -m
same "an answer by IPv6" rs1 "$(get client http://[fd00:1::183])"
on ds sysctl -qw net.ipv6.conf.all.forwarding=0
wait_until 5 has net.ipv6.conf.all.forwarding 1
same "an answer by IPv6 after forwarding was switched off" rs1 "$(get client http://[fd00:1::183])"
on ds ipvsadm -D -t [fd00:1::183]:80
on ds sysctl -qw net.ipv4.conf.eth1.forwarding=0
wait_until 5 answers_with 503
trouble='packets are not let through: net.ipv4.conf.eth1.forwarding is 0; run `sysctl -w net.ipv4.conf.eth1.forwarding=1`'
contains "the reason" "$trouble" "$(page /readyz)"
contains "the event" "$trouble" "$(on ds tunvs events --no-follow --only host_trouble)"
refused on ds tunvs doctor
contains "what the doctor says" "net.ipv4.conf.eth1.forwarding is 0" "$output"
on ds sysctl -qw net.ipv4.conf.eth1.forwarding=1
wait_until 5 answers_with 200
same "an answer when that is mended" rs1 "$(get client http://192.168.1.183)"

if command -v promtool >/dev/null; then page /metrics | promtool check metrics; fi

# A service more than the limit of series.
on ds ipvsadm -A -t 192.168.1.184:80 -s rr
for last in 1 2 3 4 5 6 7 8 9; do on ds ipvsadm -a -t 192.168.1.184:80 -r 192.168.56.$last -m; done
wait_until 10 says "tunvs_metrics_omitted_services 1"
(($(page /metrics | grep -c '^tunvs_serv[a-z_]*{') <= 60)) || fail "more series than were allowed"

# Slow, silent, deaf and many clients at once; served all the while.
ip netns exec ds python3 - 9633 >many.log 2>&1 <<'PY' &
import socket, sys, time
port = int(sys.argv[1])
requests = [b"", b"GET /metrics", b"GET /metrics HTTP/1.1\r\n\r\n", b"x" * 20000, b"\0" * 100]
held = []
for number in range(3000):
    client = socket.socket()
    client.settimeout(5)
    try:
        client.connect(("127.0.0.1", port))
        client.sendall(requests[number % len(requests)])
    except OSError:
        client.close()
        continue
    held.append(client)
    if len(held) > 900:
        held.pop(0).close()
print("opened", flush=True)
time.sleep(2)
PY
many=$!
wait_until 60 grep -q opened many.log
same "requests meanwhile" rs1 "$(on client curl -s --max-time 30 http://192.168.1.183)"
memory=$(awk '/^VmRSS/ { print $2 }' "/proc/$director/status")
((memory < 300000)) || fail "the director takes $memory kB"
wait "$many" || fail "the clients failed: $(cat many.log)"
healthy() { [[ $(code /healthz) == 200 ]]; }
wait_until 30 healthy

ip netns exec ds tunvs run --socket other.sock --metrics 127.0.0.1:9633 --tun-prefix other >other.log 2>&1 || true
contains "a taken address" "cannot serve metrics at 127.0.0.1:9633" "$(cat other.log)"
stop_director
nothing_left
