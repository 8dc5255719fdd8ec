# Sourced first by every scenario: . "$(dirname "$0")/lib.sh"
#
# Runs the scenario again in a sandbox: its own network, mount and process namespaces, an own /run. Namespace names
# are therefore the sandbox's own, nothing reaches the machine, and whatever is left over ends with the scenario.
# A failing command ends the scenario and is printed, with the directors' logs. Waiting is done with `wait_until`.

set -Eeuo pipefail

if [[ -z ${TUNVS_SANDBOX-} ]]; then
  ((EUID == 0)) || { echo "this needs root" >&2; exit 1; }
  TUNVS_BIN=$(realpath "${TUNVS_BIN:-$(dirname "$0")/../../target/debug/tunvs}")
  [[ -x $TUNVS_BIN ]] || { echo "no $TUNVS_BIN: build it with \`cargo build\`" >&2; exit 1; }
  export TUNVS_BIN TUNVS_SANDBOX=1
  exec unshare --net --mount --pid --fork --kill-child --mount-proc bash "$0" "$@"
fi

mount -t tmpfs -o size=2g tmpfs /run
work=/run/work
mkdir -p "$work/bin" /run/netns
for name in tunvs ipvsadm ipvsadm-save ipvsadm-restore; do ln -s "$TUNVS_BIN" "$work/bin/$name"; done
export PATH=$work/bin:$PATH TUNVS_SOCKET=$work/control.sock RUST_BACKTRACE=1
unset NO_COLOR NOTIFY_SOCKET RUST_LOG http_proxy HTTP_PROXY
cd "$work"

# Whatever a command's output goes to, failures are told here.
exec {told}>&2
trap 'failed_at "${BASH_SOURCE[0]}" "$LINENO" "$BASH_COMMAND"' ERR
trap 'ended $?' EXIT

# failed_at FILE LINE COMMAND: with the scenario's own line where the command is one of this file.
failed_at() {
  local place="${1##*/} line $2"
  [[ $1 == "$0" ]] || place="${0##*/} line ${BASH_LINENO[-2]}, $place"
  echo "$place: failed: ${3%%$'\n'*}" >&$told
}

ended() {
  (($1 == 0)) && return
  local log
  for log in "$work"/*.log; do
    [[ -s $log ]] || continue
    echo "--- $(basename "$log")"
    tail -n 30 "$log"
  done >&$told
}

fail() {
  echo "${BASH_SOURCE[-1]##*/} line ${BASH_LINENO[-2]}: $*" >&$told
  exit 1
}

# late WHAT: something took too long. Beside other scenarios that may be the machine's doing, so the runner plays a scenario that ends
# so once more, by itself.
TOO_LATE=75
late() {
  echo "${BASH_SOURCE[-1]##*/} line ${BASH_LINENO[-2]}: too late: $*" >&$told
  exit $TOO_LATE
}

# --- hosts and cables

# on HOST COMMAND...: runs the command there. What is to be killed later is started with `ip netns exec` itself: the
# process of a function in the background is not that of its command.
on() { ip netns exec "$@"; }

# host NAME...: makes empty hosts, with a loopback device and no waiting for duplicate addresses.
host() {
  local name
  for name; do
    ip netns add "$name"
    ip -n "$name" link set lo up
    on "$name" sysctl -qw net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.accept_dad=0
  done
}

# cable HOST DEVICE HOST DEVICE: connects two hosts.
cable() {
  ip link add "$2" netns "$1" type veth peer name "$4" netns "$3"
  ip -n "$1" link set "$2" up
  ip -n "$3" link set "$4" up
}

# switch NAME HOST:DEVICE...: makes a switch and plugs these devices into it.
switch() {
  local name=$1 port=0 plug
  shift
  ip netns add "$name"
  ip -n "$name" link add bridge type bridge
  ip -n "$name" link set bridge up
  for plug; do
    cable "$name" "port$((++port))" "${plug%%:*}" "${plug##*:}"
    ip -n "$name" link set "port$port" master bridge
  done
}

# wire HOST DEVICE: from here on only packets that fit leave by this device, as by a network card: its kernel cuts them.
wire() {
  on "$1" ethtool -K "$2" tso off >/dev/null
}

# super_packets HOST:DEVICE BYTES: how long they may be there, IPv4 and IPv6. (`ip` before 6.3 cannot say it for IPv4.)
super_packets() {
  on "${1%:*}" python3 -c '
import os, socket, struct, sys
attributes = b"".join(struct.pack("=HHI", 8, kind, int(sys.argv[2])) for kind in (41, 58, 63, 64))
body = struct.pack("=BxHiII", 0, 0, socket.if_nametoindex(sys.argv[1]), 0, 0) + attributes
netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
RTM_NEWLINK, NLM_F_REQUEST, NLM_F_ACK = 16, 1, 4
netlink.send(struct.pack("=IHHII", 16 + len(body), RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK, 1, 0) + body)
error, = struct.unpack_from("=i", netlink.recv(4096), 16)
if error: sys.exit(os.strerror(-error))
' "${1#*:}" "$2"
}

# address HOST DEVICE ADDRESS/PREFIX...: gives addresses, ready at once.
address() {
  local name=$1 device=$2 addr
  shift 2
  for addr; do
    if [[ $addr == *:* ]]; then
      ip -n "$name" addr add "$addr" dev "$device" nodad
      wait_for_route "$name" "${addr%/*}"
    else
      ip -n "$name" addr add "$addr" dev "$device"
    fi
  done
}

# wait_for_route HOST ADDRESS: the kernel makes the route to an own IPv6 address a moment later, and none while its link is down.
wait_for_route() {
  local tries
  for ((tries = 0; tries < 40; tries++)); do
    [[ -z $(ip -n "$1" -6 route show table local "$2") ]] || return 0
    sleep 0.05
  done
}

# The article's network, IPv4 and IPv6:
#
#   client ------------- eth1  ds  eth2 --------+----- rs1
#   192.168.1.10      .1.181      .56.181       |      192.168.56.183
#   fd00:1::10        fd00:1::181 fd00:56::181  |      fd00:56::183
#                                               +----- rs2
#                                                      192.168.56.184, fd00:56::184
topology() {
  host client ds rs1 rs2
  cable client eth0 ds eth1
  switch switch ds:eth2 rs1:eth0 rs2:eth0
  address client eth0 192.168.1.10/24 fd00:1::10/64
  address ds eth1 192.168.1.181/24 fd00:1::181/64
  address ds eth2 192.168.56.181/24 fd00:56::181/64
  address rs1 eth0 192.168.56.183/24 fd00:56::183/64
  address rs2 eth0 192.168.56.184/24 fd00:56::184/64
  local rs
  for rs in rs1 rs2; do
    ip -n "$rs" route add default via 192.168.56.181
    ip -n "$rs" -6 route add default via fd00:56::181
  done
}

# The network of direct routing and tunnels: all on one link, so that answers go past the director.
#
#   client 192.168.1.10 ---+--- ds  192.168.1.181, fd00:1::181; VIPs .183 and ::183
#          fd00:1::10      |
#                          +--- rs1 192.168.1.191, fd00:1::191; VIPs on lo, silent
#                          +--- rs2 192.168.1.192, fd00:1::192; the same
one_link() {
  local number
  host client ds rs1 rs2
  switch switch client:eth0 ds:eth1 rs1:eth0 rs2:eth0
  address client eth0 192.168.1.10/24 fd00:1::10/64
  address ds eth1 192.168.1.181/24 192.168.1.183/32 fd00:1::181/64 fd00:1::183/128
  for number in 1 2; do
    on rs$number sysctl -qw net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2
    address rs$number eth0 192.168.1.19$number/24 fd00:1::19$number/64
    address rs$number lo 192.168.1.183/32 fd00:1::183/128
  done
}

# Two directors whose addresses keepalived's VRRP moves; more servers on the front link as arguments.
#
#   client --- front switch --- eth1  ds1 (.181)  eth2 --- back switch --- rs1, rs2   (gateway 192.168.56.180)
#                  |   +------- eth1  ds2 (.182)  eth2 ------+
#                  +--- SERVER...
vrrp_pair() { # [SERVER...]
  local number
  host client ds1 ds2 rs1 rs2 "$@"
  switch front client:eth0 ds1:eth1 ds2:eth1 "${@/%/:eth0}"
  switch back ds1:eth2 ds2:eth2 rs1:eth0 rs2:eth0
  address client eth0 192.168.1.10/24
  for number in 1 2; do
    address ds$number eth1 192.168.1.18$number/24
    address ds$number eth2 192.168.56.18$number/24
    address rs$number eth0 192.168.56.19$number/24
    ip -n rs$number route add default via 192.168.56.180
  done
}

# A router in front of a director, as conf/fleet has them; a client behind the one, servers behind the other. A director whose machine
# dies is one whose port of the switch goes down: `ip -n front link set port2 down`.
#
#   client ---- eth0  router  eth1 --- front --- eth1  ds  eth2 ---+--- rs1 192.168.56.183
#   .1.10      .1.254       .100.1  port1 port2  .100.11   .56.181 +--- rs2 192.168.56.184
behind_a_router() {
  local rs
  host client router ds rs1 rs2
  cable client eth0 router eth0
  switch front router:eth1 ds:eth1
  switch back ds:eth2 rs1:eth0 rs2:eth0
  address client eth0 192.168.1.10/24 fd00:1::10/64
  address router eth0 192.168.1.254/24 fd00:1::254/64
  address router eth1 198.51.100.1/24 2001:db8:ffff::1/64
  address ds eth1 198.51.100.11/24 2001:db8:ffff::11/64
  address ds eth2 192.168.56.181/24 fd00:56::181/64
  address rs1 eth0 192.168.56.183/24 fd00:56::183/64
  address rs2 eth0 192.168.56.184/24 fd00:56::184/64
  for rs in rs1 rs2; do
    ip -n $rs route add default via 192.168.56.181
    ip -n $rs -6 route add default via fd00:56::181
  done
  ip -n client route add default via 192.168.1.254
  ip -n client -6 route add default via fd00:1::254
  ip -n ds route add 192.168.1.0/24 via 198.51.100.1
  ip -n ds -6 route add fd00:1::/64 via 2001:db8:ffff::1
  on router sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
}

# own_tmp: an empty /tmp, as keepalived leaves files there. The program and `flows` may lie below: they are copied before.
own_tmp() {
  local name
  cp "$TUNVS_BIN" "$work/program"
  for name in tunvs ipvsadm; do ln -sf "$work/program" "$work/bin/$name"; done
  mkdir "$work/lib" && cp "$flows" "$work/lib/flows.py" && flows=$work/lib/flows.py
  mount -t tmpfs tmpfs /tmp
}

# --- waiting and comparing

# wait_until SECONDS COMMAND...: repeats the command until it succeeds; fails at the deadline. The seconds are what a
# machine needs that has nothing else to do; another one has a minute more.
wait_until() {
  local deadline=$((SECONDS + $1 + 60))
  shift
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < deadline)) || fail "gave up waiting for: $*"
    sleep 0.05
  done
}

# within NAME MS COMMAND...: waits for it, and adds how long it took since `began` to `figures`. Longer is too late.
figures=()
now() { date +%s%3N; }
within() {
  local name=$1 most=$2 took
  shift 2
  wait_until $((most / 1000 + 1)) "$@"
  took=$(($(now) - began))
  figures+=("$name: $took ms")
  ((took <= most)) || late "$name took $took ms"
}

# same WHAT EXPECTED ACTUAL
same() {
  [[ $2 == "$3" ]] && return
  echo "$1 differs (- expected, + actual):"
  diff <(printf '%s\n' "$2") <(printf '%s\n' "$3") | sed -n 's/^</-/p; s/^>/+/p' | cut -c -200 || true
  fail "$1 is not as expected"
}

# contains WHAT PART ACTUAL
contains() { [[ $3 == *"$2"* ]] || fail "$1: no \"$2\" in: ${3:0:400}"; }

# refused COMMAND...: the command must fail; its exit status is in $status and all it wrote in $output.
refused() {
  status=0
  output=$("$@" 2>&1) || status=$?
  ((status != 0)) || fail "succeeded, but should not: $*"
}

# --- BIRD

# start_bird HOST CONFIGURATION
start_bird() {
  install -d -o bird -g bird /run/bird
  on "$1" bird -c "$2" -s "/run/bird/$1.ctl" -P "/run/bird/$1.pid" -u bird -g bird
}
stop_bird() { # HOST
  local pid
  pid=$(<"/run/bird/$1.pid")
  kill "$pid"
  wait_until 10 ended_process "$pid"
}
# Whether BIRD gave the router a route there; to several directors at once as `nexthop`s.
has_route() { [[ -n $(ip -n router route show "$1" proto bird) ]]; }
has_route6() { [[ -n $(ip -n router -6 route show "$1" proto bird) ]]; }
has_no() { ! "$@"; }

# --- directors

# start_director [OPTION...]: `tunvs run` on $director_host (ds), waits until it answers. Its process: $director.
director_host=ds
start_director() {
  spawn_director "$@"
  wait_until 10 director_answers
}

# Starts it without waiting.
spawn_director() {
  ip netns exec "$director_host" tunvs run "$@" >>"$work/director-$director_host.log" 2>&1 &
  director=$!
}

director_answers() {
  ! ended_process "$director" || fail "the director ended"
  on "$director_host" ipvsadm -L -n
}

# stop_director: SIGTERM; it must exit with 0 in time.
stop_director() {
  kill -TERM "$director"
  wait_until 10 ended_process "$director"
  local code=0
  wait "$director" || code=$?
  same "the director's exit status" 0 "$code"
}

# states: looks at the checks. Then `state PORT` is up or down by the first check of the first server of the service on that
# port, whether it was asked yet, and what keeps it from being asked or went wrong last.
states() {
  on "$director_host" tunvs health --json | python3 -c '
import json, sys
for service in json.load(sys.stdin):
    check = service["servers"][0]["checks"][0]
    why = check["void"] or check["last_error"] or ""
    print(service["service"]["port"], "up" if check["up"] else "down", check["rounds"] > 0, why)
' >"$work/states"
}
state() { sed -n "s/^$1 //p" "$work/states"; }

# are up|down PORT...: whether they all are by now, and were asked.
are() {
  local wanted=$1 port
  shift
  states
  for port; do [[ $(state "$port") == "$wanted True "* ]] || return 1; done
}

# resident FIELD: kB of that in the director's status, VmRSS or VmHWM.
resident() { awk -v name="$1:" '$1 == name { print $2 }' "/proc/$director/status"; }

# director_pid [COMMAND...]: the director's process, as it says itself; asked on its host, or by way of the command.
director_pid() {
  (($# > 0)) || set -- on "$director_host"
  "$@" tunvs status --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["director"]["pid"])'
}

# Gone, or waiting to be reaped by us.
ended_process() { ! kill -0 "$1" 2>/dev/null || grep -q '^State:.Z' "/proc/$1/status"; }

# fast KEY: of the fast path in the status of the director.
fast() {
  on "$director_host" tunvs status --json | python3 -c '
import json, sys
value = json.load(sys.stdin)["fast_path"][sys.argv[1]]
print(*sorted(value)) if isinstance(value, list) else print(value)' "$1"
}
fast_is() { [[ $(fast "$1") == "$2" ]]; }
# grown COUNT: so many packets at least went by it.
grown() { (($(fast packets) >= $1)); }

# by_tun: packets that the director was given so far.
by_tun() { on "$director_host" cat /sys/class/net/tunvs-{vip,rs}/statistics/tx_packets | awk '{ sum += $1 } END { print sum }'; }

# client_counts VIP...: from here on what really passes is counted at the client: a super-packet once, as by the director.
client_counts() {
  local vip family
  on client nft -f - <<'NFT'
table inet counted {
  counter out {}
  counter in {}
  chain out { type filter hook postrouting priority 0; }
  chain in { type filter hook prerouting priority -400; }
}
NFT
  for vip; do
    [[ $vip == *:* ]] && family=ip6 || family=ip
    on client nft add rule inet counted out $family daddr "$vip" counter name out
    on client nft add rule inet counted in $family saddr "$vip" counter name in
  done
}
# counted NAME: packets and bytes there.
counted() { on client nft list counter inet counted "$1" | awk '/packets/ { print $2, $4 }'; }
# listed_sum COLUMN: of all services, of `ipvsadm -Ln --stats --exact`.
listed_sum() { on "$director_host" ipvsadm -Ln --stats --exact | awk -v at="$1" '/^(TCP|UDP)/ { sum += $at } END { print sum + 0 }'; }
counts_agree() { [[ "$(counted out) $(counted in)" == "$(listed_sum 4) $(listed_sum 6) $(listed_sum 5) $(listed_sum 7)" ]]; }
# listing_is_exact WHAT: each packet and byte that the client counted is listed.
listing_is_exact() {
  wait_until 5 counts_agree || true
  same "$1: packets and bytes of the client" "$(counted out)" "$(listed_sum 4) $(listed_sum 6)"
  same "$1: packets and bytes to the client" "$(counted in)" "$(listed_sum 5) $(listed_sum 7)"
}

# nothing_left [HOST]: no device, rule or table of ours is on the host any more.
nothing_left() {
  local name=${1:-ds} family rules
  [[ $(ip -n "$name" -o link) != *tunvs* ]] || fail "a TUN is left on $name"
  for family in -4 -6; do
    rules=$(ip -n "$name" "$family" rule)
    [[ $rules == $'0:\tfrom all lookup local'* ]] || fail "$name: rule 0 is not \`lookup local\` ($family)"
    [[ $rules != *tunvs* && $rules != *ipproto* ]] || fail "a rule is left on $name"
  done
}

# plumbing: what a director has made on ds.
plumbing() {
  local family
  for family in -4 -6; do
    ip -n ds "$family" rule
    ip -n ds "$family" route show table all proto 151 | sort
    ip -n ds "$family" neigh show proxy
    ip -n ds "$family" -o addr show dev tunvs-vip scope global
  done
}

# snapshot HOST: everything that a director may change there and has to put back.
snapshot() {
  local name=$1 family
  for family in -4 -6; do
    echo "== rules $family"
    ip -n "$name" "$family" rule
    echo "== routes $family"
    ip -n "$name" "$family" route show table all | sort
    echo "== permanent neighbours $family"
    ip -n "$name" "$family" neigh show nud permanent | sort
    ip -n "$name" "$family" neigh show proxy | sort
  done
  echo "== links and addresses"
  ip -n "$name" -o link | sed 's/qlen .*//'
  ip -n "$name" -o addr | sed 's/valid_lft.*//'
  echo "== sysctls"
  on "$name" sysctl -a 2>/dev/null | grep -E '^net\.ipv[46]\.(conf|neigh|ip_forward|ip_early_demux|ip_local|route)' | grep -v 'stable_secret' | sort
}

# --- servers and clients

# echo_server NAME: answers each word of the long connections of crash-load.py, at port 7; `here` is the folder of the scenario.
echo_server() {
  ip netns exec "$1" python3 "$here/crash-load.py" serve 7 >"$work/echo-$1.ready" 2>"$work/echo-$1.log" &
  wait_until 10 test -s "$work/echo-$1.ready"
}

# begin_load ADDRESS COUNT SECONDS STALL: so many long connections of crash-load.py from the client to port 7 there. Waits until all have begun.
begin_load() {
  ip netns exec client python3 "$here/crash-load.py" load "$1" 7 "${@:2}" >"$work/load" 2>"$work/load.log" &
  loading=$!
  wait_until 20 grep -q begun "$work/load"
}

# end_load: waits until their time is over. Sets `lost`, how many were reset, closed or without an answer for longer than STALL, and
# `longest_wait` in seconds.
end_load() {
  wait "$loading"
  read -r lost longest_wait < <(python3 -c '
import json, sys
found = json.loads(sys.argv[1])
print(sum(count for what, count in found.items() if what not in ("connections", "longest")), found["longest"])' "$(tail -n 1 "$work/load")")
}

# nobody_waits ADDRESS: no connection of the client to there waits to send again.
nobody_waits() { [[ $(ip netns exec client ss -Htni dst "$1") != *backoff:* ]]; }

# flow_server NAME ADDRESS PORT: answers the flows of flows.py there with its name; `flows` is the path of that program.
flow_server() {
  ip netns exec "$1" python3 "$flows" serve "$1" "$2" "$3" >"$work/serve-$1-$3.ready" 2>"$work/serve-$1-$3.log" &
  wait_until 10 test -s "$work/serve-$1-$3.ready"
}

# start_probe ADDRESS:PORT...: has flows.py send datagrams there from the client. Waits until all are answered: who is not heard before
# cannot fall silent.
start_probe() {
  ip netns exec client python3 "$flows" probe "$@" >"$work/probe.out" 2>"$work/probe.err" &
  probe=$!
  wait_until 20 grep -q heard "$work/probe.out"
}
# end_probe: sets `longest` to the longest silence in milliseconds, `began` to its beginning, and `late` to how late probes were.
end_probe() {
  kill -TERM "$probe"
  wait "$probe"
  # shellcheck disable=SC2034 # for the scenario
  read -r longest began late <<<"$(tail -n 1 "$work/probe.out")"
}

# web HOST [LISTEN [DIRECTIVES]]: nginx that answers with the host's name on port 80, and takes PUT under /files/; with
# these parameters of `listen`, and directives for its server.
web() {
  local name=$1 root=$work/web-$1 listen=${2-} directives=${3-}
  mkdir -p "$root/html/files" "$root/tmp"
  echo "$name" >"$root/html/index.html"
  cat >"$root/nginx.conf" <<CONF
user root;
worker_processes 1;
pid $root/pid;
error_log $work/nginx-$name.log;
events { worker_connections 4096; }
http {
  access_log off; keepalive_requests 1000000;
  client_body_temp_path $root/tmp; proxy_temp_path $root/tmp; fastcgi_temp_path $root/tmp;
  uwsgi_temp_path $root/tmp; scgi_temp_path $root/tmp;
  client_max_body_size 0;
  default_type text/plain;
  server {
    listen 80 $listen; listen [::]:80 $listen;
    root $root/html;
    $directives
    location /files/ { dav_methods PUT; }
  }
}
CONF
  on "$name" nginx -c "$root/nginx.conf"
  wait_until 5 test -s "$root/pid"
}

# web_tls HOST SERVER...: nginx with these `server` blocks, which say ports and certificates.
web_tls() {
  local name=$1
  shift
  cat >"$work/tls.conf" <<CONF
user root;
worker_processes 1;
pid $work/tls.pid;
error_log $work/nginx-tls.log;
events { worker_connections 512; }
http {
  access_log off; client_body_temp_path $work/t1; proxy_temp_path $work/t1; fastcgi_temp_path $work/t1;
  uwsgi_temp_path $work/t1; scgi_temp_path $work/t1;
  $(printf '%s\n' "$@")
}
CONF
  on "$name" nginx -c "$work/tls.conf"
}

# get HOST URL: what curl prints there.
get() { on "$1" curl -sS --max-time 30 "$2"; }

# answers HOST COUNT URL: that many answers, on one line.
answers() {
  local list=() i
  for ((i = 0; i < $2; i++)); do list+=("$(get "$1" "$3")"); done
  echo "${list[*]}"
}

# upload HOST URL FILE SERVER...: PUT; one of these servers must have got it byte for byte.
upload() {
  local name=$1 url=$2 file=$3
  shift 3
  rm -f "$work"/web-*/html/files/up
  on "$name" curl -gsS --max-time 120 -T "$file" "$url/files/up"
  local got=()
  local server
  for server; do [[ ! -e $work/web-$server/html/files/up ]] || got+=("$work/web-$server/html/files/up"); done
  same "servers that got the upload to $url" 1 "${#got[@]}"
  cmp "$file" "${got[0]}" || fail "the upload to $url differs"
}

# download HOST URL FILE: GET of /files/down, which must be that file.
download() {
  on "$1" curl -gsS --max-time 120 "$2/files/down" | cmp - "$3" || fail "the download from $2 differs"
}

# udp_echo HOST PORT: answers each datagram with the host's name and what came.
udp_echo() {
  on "$1" python3 -c '
import socket, sys
name, port = sys.argv[1], int(sys.argv[2])
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
s.bind(("::", port))
print("ready", flush=True)
while True:
    data, peer = s.recvfrom(65535)
    s.sendto(name.encode() + b" " + data, peer)
' "$1" "$2" >"$work/udp-$1-$2.ready" 2>"$work/udp-$1-$2.log" &
  wait_until 5 test -s "$work/udp-$1-$2.ready"
}

# unused_port: a source port that no datagram had before. One that the host chooses may by chance be that of an earlier
# connection, whose server is perhaps removed: the director drops such packets, as the kernel does.
unused_port() {
  printf . >>"$work/used-ports"
  echo $((10000 + $(stat -c %s "$work/used-ports")))
}

# udp_ask HOST ADDRESS PORT TEXT [SOURCE-PORT]: sends one datagram and prints the answer, or the error's name.
udp_ask() {
  on "$1" python3 -c '
import errno, socket, sys
addr, port, text, source = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
s = socket.socket(socket.AF_INET6 if ":" in addr else socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(20)
s.bind(("", source))
s.connect((addr, port))
try:
    s.send(text.encode())
    print(s.recv(65535).decode())
except socket.timeout:
    print("timeout")
except OSError as e:
    print(errno.errorcode[e.errno])
' "$2" "$3" "$4" "${5:-$(unused_port)}"
}

# tcp_try HOST ADDRESS PORT: "connected", or the error's name and, unless it came within a second, "late".
tcp_try() {
  on "$1" python3 -c '
import errno, socket, sys, time
started = time.monotonic()
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=5).close()
    print("connected")
except socket.timeout: print("timeout")
except OSError as e: print(errno.errorcode[e.errno], *["late"] * (time.monotonic() - started > 1))
' "$2" "$3"
}

# tcp_hear HOST ADDRESS PORT: what a TCP server says.
tcp_hear() { on "$1" nc -d -w 30 "$2" "$3"; }

# tcp_greeter HOST PORT TEXT: a server that sends this text and the client's address to each that connects.
tcp_greeter() {
  on "$1" python3 -c '
import socket, sys
s = socket.create_server(("::", int(sys.argv[1])), family=socket.AF_INET6, dualstack_ipv6=True)
print("ready", flush=True)
while True:
    c, peer = s.accept()
    c.sendall((sys.argv[2] + " " + peer[0] + "\n").encode())
    c.close()
' "$2" "$3" >"$work/tcp-$1-$2.ready" 2>"$work/tcp-$1-$2.log" &
  wait_until 5 test -s "$work/tcp-$1-$2.ready"
}

# forget_neighbours HOST...: empties their ARP and NDP caches.
forget_neighbours() {
  local name
  for name; do ip -n "$name" neigh flush all; done
}

# two_servers SERVICE-FLAG SERVICE PORT: rs1 and rs2 at that port behind it, masqueraded, for -t or -u and IPv4 or IPv6.
two_servers() {
  local net=192.168.56. open='' close=''
  [[ $2 != \[* ]] || net=fd00:56:: open=[ close=]
  on "$director_host" ipvsadm -a "$1" "$2" -r "$open${net}183$close:$3" -m
  on "$director_host" ipvsadm -a "$1" "$2" -r "$open${net}184$close:$3" -m
}

# services_at VIP...: a service of TCP at port 80 of each, with rs1 and rs2.
services_at() {
  local vip
  for vip; do
    on "$director_host" ipvsadm -A -t "$vip:80" -s rr
    two_servers -t "$vip:80" 80
  done
}

# --- systemd

# start_systemd HOST IMAGE: systemd as process 1 of namespaces of its own, with that host's network. It sees /run of the scenario as empty,
# but for IMAGE in /run/image, whose `units` are its own. What else the host is to have of its own, the script `furnish` in there makes.
start_systemd() {
  spawn_systemd "$@"
  wait_until 20 inside systemctl is-system-running --quiet
}

# Starts it without waiting.
systemds=() groups=()
spawn_systemd() {
  local name=tunvs-test-$RANDOM$RANDOM tree its=()
  [[ -x /lib/systemd/systemd ]] || fail "there is no /lib/systemd/systemd: scripts/install-test-deps installs it"
  [[ -e $2/units/probe.target ]] || printf '[Unit]\nDescription=nothing but tunvs\nAllowIsolate=yes\n' >"$2/units/probe.target"
  # Its groups are below one of the scenario's own.
  for tree in /sys/fs/cgroup /sys/fs/cgroup/systemd /sys/fs/cgroup/unified; do
    [[ -e $tree/cgroup.procs ]] || continue
    its+=("$tree/$name")
    mkdir "$tree/$name"
  done
  groups+=("${its[@]}")
  ((${#its[@]} > 0)) || fail "there are no control groups in /sys/fs/cgroup, which systemd needs"
  trap end_systemd EXIT
  cat >"boot-$1" <<SCRIPT
for group; do echo \$\$ >\$group/cgroup.procs; done
exec unshare --cgroup --uts --ipc --mount --pid --fork --kill-child --mount-proc bash ./boot-$1-inside
SCRIPT
  cat >"boot-$1-inside" <<SCRIPT
set -e
mount --make-rprivate /
mount --bind /proc/sys/net /mnt
mount --bind /proc/sys /proc/sys
mount -o remount,bind,ro /proc/sys
mount --bind /mnt /proc/sys/net
umount /mnt
mount --bind $2 /srv
mount -t tmpfs tmpfs /run
mkdir -p /run/image /run/systemd/system
mount --bind /srv /run/image
cp -r /run/image/units/* /run/systemd/system/
for dir in /var/lib /var/log /var/tmp /tmp; do mount -t tmpfs tmpfs \$dir; done
[[ ! -e /run/image/furnish ]] || bash -e /run/image/furnish
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin container=test /lib/systemd/systemd --system --unit=probe.target --show-status=no
SCRIPT
  nsenter --net="/run/netns/$1" bash "./boot-$1" "${its[@]}" >"systemd-$1.log" 2>&1 &
  systemd=$!
  systemds+=("$systemd")
}

end_systemd() {
  local code=$? group process
  for process in "${systemds[@]}"; do { kill -9 "$process" && wait "$process"; } 2>/dev/null || true; done
  for group in "${groups[@]}"; do find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || true; done
  ended "$code"
}

# inside COMMAND...: below that systemd, the child of `unshare --fork`.
inside() { nsenter -t "$(pgrep -P "$systemd")" --mount --pid --cgroup --net --uts --ipc env -u TUNVS_SOCKET PATH=/run/image:/usr/sbin:/usr/bin:/sbin:/bin "$@"; }

# --- recordings of ipvsadm

# transcribe FILE: runs each line as one shell command; prints the line, all that it wrote, and its exit status.
transcribe() {
  local line output code
  while IFS= read -r line; do
    if [[ $line == \#* ]]; then
      printf '%s\n' "$line"
      continue
    fi
    [[ -n $line ]] || continue
    code=0
    output=$(bash -c "$(from_tunvs "$line")" 2>&1 </dev/null) || code=$?
    printf '$ %s\n' "$line"
    [[ -z $output ]] || printf '%s\n' "$output"
    printf '[exit %d]\n' "$code"
  done <"$1"
}

# A command that reads one of the kernel's tables, made to read ours.
from_tunvs() {
  if [[ $1 =~ ^(.*)\ /proc/(net/ip_vs[a-z_]*)(.*)$ ]]; then
    printf 'set -o pipefail; tunvs proc %s | %s%s' "${BASH_REMATCH[2]}" "${BASH_REMATCH[1]}" "${BASH_REMATCH[3]}"
  else
    printf '%s' "$1"
  fi
}
