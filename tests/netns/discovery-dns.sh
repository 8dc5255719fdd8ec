#!/usr/bin/env bash
# Real servers by name, told by Debian's dnsmasq: they come and are drained as names do, stay when nobody answers, when the director is
# killed or stopped and begins again, and when it is upgraded; SRV brings ports and weights; 500 addresses come by TCP; IPv6.
flows=$(realpath "$(dirname "$0")/flows.py")
. "$(dirname "$0")/lib.sh"
topology
address ds lo 10.9.0.53/32
flow_server rs1 192.168.56.183 80
flow_server rs2 192.168.56.184 80

# Others have their addresses all the time.
others=("192.168.56.183 one.test" "192.168.56.184 two.test three.test" "fd00:56::183 six.test" "fd00:56::184 six.test")
names() { printf '%s\n' "$@" "${others[@]}" >hosts; }
start_dnsmasq() {
  ip netns exec ds dnsmasq --keep-in-foreground --conf-file=/dev/null --user=root --pid-file --listen-address=10.9.0.53 --bind-interfaces \
    --no-resolv --no-hosts --addn-hosts="$work/hosts" --local=/test/ --local-ttl=1 \
    --srv-host=_http._tcp.web.test,one.test,8081,1,10 --srv-host=_http._tcp.web.test,two.test,8082,1,0 \
    --srv-host=_http._tcp.web.test,three.test,8083,2,5 >dnsmasq.log 2>&1 &
  dnsmasq=$!
}
dns_says() { names "$@" && kill -HUP "$dnsmasq"; }
names "192.168.56.183 web.test"
start_dnsmasq

configure() { # MORE
  cat >tunvs.toml <<CONF
[timeouts]
udp = 5
[[service]]
address = "192.168.1.183:80"
scheduler = "rr"
check = { type = "tcp", port = 80, interval = "300ms", rise = 1, fall = 1 }
$1
[[service]]
address = "192.168.1.183:8080"
discover = { srv = "_http._tcp.web.test", forward = "masq", name_servers = ["10.9.0.53"], min_interval = "200ms" }
[[service]]
address = "[fd00:1::183]:80"
discover = { dns = "six.test", forward = "masq", name_servers = ["10.9.0.53"], min_interval = "200ms" }
CONF
  local protocol
  for protocol in tcp udp; do
    printf '[[service]]\naddress = "192.168.1.183:81"\nprotocol = "%s"\nscheduler = "rr"\n' $protocol
    printf 'discover = { dns = "held.test", port = 80, forward = "masq", drain = "1m", name_servers = ["10.9.0.53"], min_interval = "200ms" }\n'
  done >>tunvs.toml
}
web='discover = { dns = "web.test", forward = "masq", drain = "1m", hold = "1s", name_servers = ["10.9.0.53"], min_interval = "200ms" }'
configure "$web"
start_director --config tunvs.toml

# servers PORT [PROTOCOL]: addresses and weights of the IPv4 service on that port.
servers() {
  on ds ipvsadm -L -n | awk -v service="${2:-TCP} 192.168.1.183:$1" '/^[A-Z]/ { is = $1 " " $2 == service } is && /->/ { print $2, $4 }' | sort | paste -sd,
}
are() { [[ $(servers "$1" "${3-}") == "$2" ]]; }
both="192.168.56.183:80 1,192.168.56.184:80 1"
wait_until 5 are 80 "192.168.56.183:80 1"
wait_until 5 are 8080 "192.168.56.183:8081 10,192.168.56.184:8082 1"
six() { (($(on ds ipvsadm -L -n | grep -c 'fd00:56::18[34]\]:80 ') == 2)); }
wait_until 5 six
dns_says "192.168.56.18"{3,4}" web.test" "192.168.56.18"{3,4}" held.test"
wait_until 5 are 80 "$both"
wait_until 5 are 81 "$both"
wait_until 5 are 81 "$both" UDP

# --- connections of a server that leaves go on, and then it goes, at once where there are none
mkfifo hold.in
: >hold.out
ip netns exec client python3 "$flows" hold 20 tcp:192.168.1.183:81 udp:192.168.1.183:81 <hold.in >hold.out 2>hold.log &
holder=$!
exec {hold}>hold.in
settled() {
  local before
  before=$(wc -l <hold.out)
  echo settle >&"$hold"
  more() { (($(wc -l <hold.out) > before)); }
  wait_until 20 more
  same "connections that go on: $1" "20 20" "$(tail -n 1 hold.out)"
}
settled "both serve"
drained="192.168.56.183:80 0,192.168.56.184:80 1"
dns_says "192.168.56.184 web.test" "192.168.56.184 held.test"
wait_until 5 are 81 "$drained"
wait_until 5 are 81 "$drained" UDP
wait_until 5 are 80 "192.168.56.184:80 1"
contains "status" "dns held.test: 1 servers, 1 draining" "$(on ds tunvs status)"
settled "one is drained"
same "a server that has connections" "$drained $drained" "$(servers 81) $(servers 81 UDP)"
kill "$holder"

# --- nobody answers: all stay
kill "$dnsmasq"
wait_until 5 ended_process "$dnsmasq"
in_trouble() { on ds tunvs status | grep -q "dns web.test: .*TROUBLE"; }
wait_until 20 in_trouble
contains "the doctor" "1 servers stay" "$(on ds tunvs doctor --quiet | grep "dns web.test" || true)"
contains "events" '"event":"discovery_failed"' "$(on ds tunvs events --no-follow --last 50)"
same "servers" "192.168.56.184:80 1" "$(servers 80)"
# Their last datagram was five seconds ago; what was a TCP connection is remembered for longer.
wait_until 15 are 81 "192.168.56.184:80 1" UDP
kill -KILL "$director"
wait "$director" || true
start_director --config tunvs.toml
same "servers after a kill" "192.168.56.184:80 1" "$(servers 80)"
stop_director
nothing_left
start_director --config tunvs.toml
same "servers after a stop" "192.168.56.184:80 1" "$(servers 80)"
same "hosts of a service after a stop" "192.168.56.183:8081 10,192.168.56.184:8082 1" "$(servers 8080)"
on ds tunvs reload >/dev/null
on ds tunvs reload --reconcile >/dev/null
same "servers after a reload" "192.168.56.184:80 1" "$(servers 80)"
on ds tunvs upgrade >/dev/null
same "servers after an upgrade" "192.168.56.184:80 1" "$(servers 80)"
director=$(on ds tunvs status --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["director"]["pid"])')

# --- 500 addresses, with a virtual one and the loopback's among them: more than a datagram has room for
big=(); for part in 1 2; do for last in {1..250}; do big+=("10.7.$part.$last web.test"); done; done
names "${big[@]}" "127.0.0.1 web.test" "192.168.1.183 web.test"
start_dnsmasq
all() { [[ $(on ds tunvs status) == *"dns web.test: 500 servers, 1 draining"* || $(on ds tunvs status) == *"dns web.test: 500 servers, heard"* ]]; }
wait_until 20 all
contains "left out" "left out: 1 addresses of the loopback, left out: 1 virtual addresses of this director" "$(on ds tunvs status)"

# --- a name that is gone has its servers for a moment, a source that is declared no more has none
dns_says "192.168.56.183 web.test"
wait_until 20 are 80 "192.168.56.183:80 1"
dns_says
gone() { [[ -z $(servers 80) ]]; }
wait_until 10 gone
dns_says "192.168.56.183 web.test"
wait_until 5 are 80 "192.168.56.183:80 1"
configure ""
on ds tunvs reload >/dev/null
wait_until 5 gone
kill -TERM "$director"
wait_until 10 ended_process "$director"
nothing_left
