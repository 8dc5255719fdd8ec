#!/usr/bin/env bash
# Two directors, and keepalived's VRRP that moves the addresses between them. Connections over NAT, FULLNAT and direct routing, by
# TCP and UDP, are in use all the time. The active director's host is lost: they go on at the other. It comes back, is told all
# connections, and takes the addresses back: they go on. Then its tunvs alone is killed, and keepalived moves the addresses: until then the host
# says nothing in its place, and they go on. COUNT: flows (2000 by hand, 1000 if nobody says).
#
#   client --- front switch --- eth1  ds1 (.181)  eth2 --- back switch --- rs1, rs2   NAT, FULLNAT (gateway 192.168.56.180)
#                  |   +------- eth1  ds2 (.182)  eth2 ------+
#                  +--- rs3, rs4   direct routing
#
# Silences are measured by a datagram each 10 ms. VRRP notices the loss of a host after three advertisements and a skew: 1.08 s here.
flows=$(realpath "$(dirname "$0")/flows.py")
. "$(dirname "$0")/lib.sh"
count=${COUNT:-1000}
ulimit -n 8192
own_tmp

vrrp_pair rs3 rs4
for number in 3 4; do
  on rs$number sysctl -qw net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2
  address rs$number eth0 192.168.1.19$number/24
  address rs$number lo 192.168.1.184/32
done
flow_server rs1 192.168.56.191 7000
flow_server rs2 192.168.56.192 7000
flow_server rs3 192.168.1.184 7003
flow_server rs4 192.168.1.184 7003

# --- directors: the addresses are VRRP's, the local addresses of FULLNAT lie behind its gateway

head -c 24 /dev/urandom | base64 >"$work/secret"
chmod 600 "$work/secret"
declare -A directors
run_director() { # HOST ROLE
  local proto port rs
  export TUNVS_SOCKET=$work/$1.sock director_host=$1
  start_director --no-claim-vips --laddr-net 10.5.0.0/28 --sync-secret "$work/secret" --sync-peer 192.168.56.0/24
  directors[$1]=$director
  for proto in t u; do
    for port in 7001 7002; do
      on "$1" ipvsadm -A -$proto 192.168.1.183:$port -s rr
      for rs in 192.168.56.191 192.168.56.192; do
        on "$1" ipvsadm -a -$proto 192.168.1.183:$port -r $rs:7000 "$([[ $port == 7001 ]] && echo -m || echo --fullnat)"
      done
    done
    on "$1" ipvsadm -A -$proto 192.168.1.184:7003 -s rr
    for rs in 192.168.1.193 192.168.1.194; do on "$1" ipvsadm -a -$proto 192.168.1.184:7003 -r $rs:7003 -g; done
  done
  on "$1" ipvsadm --start-daemon "$2" --mcast-interface eth2 --syncid 7
}
synced() { # HOST JQ-LIKE-EXPRESSION: of the one peer
  tunvs sync status --json --socket "$work/$1.sock" | python3 -c '
import json, sys
peers = json.load(sys.stdin)["channel"]["peers"]
sys.exit(0 if len(peers) == 1 and eval(sys.argv[1], {}, peers[0]) else 1)' "$2"
}

# --- VRRP

declare -A vrrps
run_keepalived() { # HOST PRIORITY
  cat >"$work/keepalived-$1.conf" <<CONF
global_defs { vrrp_version 3
  vrrp_garp_master_repeat 3
  vrrp_garp_master_delay 1
  script_user root }
vrrp_script directs {
  script "$work/bin/tunvs status --socket $work/$1.sock"
  interval 1
  fall 1
  rise 1
}
vrrp_instance services {
  interface eth2
  state BACKUP
  virtual_router_id 51
  priority $2
  advert_int 0.3
  track_script { directs }
  virtual_ipaddress {
    192.168.1.183/32 dev eth1
    192.168.1.184/32 dev eth1
    192.168.56.180/24 dev eth2
  }
}
CONF
  ip netns exec "$1" keepalived -n -l -D -P -f "$work/keepalived-$1.conf" -p "$work/keepalived-$1.pid" -r "$work/vrrp-$1.pid" \
    >"$work/keepalived-$1.log" 2>&1 &
  vrrps[$1]=$!
}
has_addresses() { [[ $(ip -n "$1" -o addr show dev eth2) == *192.168.56.180/24* ]]; }

# settle NAME: the count of flows that go on, of all. At most one in a thousand may be lost.
settle() {
  local before
  before=$(wc -l <"$work/hold.out")
  echo settle >&"$holding"
  answered() { (($(wc -l <"$work/hold.out") > before)); }
  wait_until 30 answered
  read -r on all <<<"$(tail -n 1 "$work/hold.out")"
  figures+=("$1: $on of $all flows go on")
  (((all - on) * 1000 <= all)) || fail "$1: only $on of $all flows go on: $(tail -n 6 "$work/hold.err")"
}

probed=(192.168.1.183:7001 192.168.1.183:7002 192.168.1.184:7003)
# silence NAME SINCE HOST: the longest silence of the probes, against the time until VRRP had the addresses there.
silence() {
  local longest began late moved
  kill -TERM "$watching"
  end_probe
  moved=$(sed -n '/Deleted/d; s/^\[\([^]]*\)\] .*192\.168\.56\.180.*/\1/p' "$work/moves-$3" | tail -n 1)
  moved=$(awk -v a="$(date -d "$moved" +%s.%N)" -v b="$2" 'BEGIN { printf "%d", (a - b) * 1000 }')
  ((moved > 0)) || moved=0
  figures+=("$1: $longest ms of silence, VRRP took $moved ms (probes up to $late ms late)")
  ((longest <= moved + 200 + 2 * late)) || late "$1: silent for $longest ms, $moved ms until the addresses had moved, probes $late ms late"
}
watch_moves() { # HOST
  ip netns exec "$1" ip -ts -o monitor address >"$work/moves-$1" 2>&1 &
  watching=$!
}

# --- both directors, then the flows

figures=()
run_director ds1 master
run_director ds2 backup
wait_until 20 synced ds1 "full_told_secs_ago is not None and full_heard_secs_ago is not None"
run_keepalived ds1 200
wait_until 20 has_addresses ds1
run_keepalived ds2 100
mkfifo "$work/hold.in"
targets=()
for proto in tcp udp; do targets+=("$proto:192.168.1.183:7001" "$proto:192.168.1.183:7002" "$proto:192.168.1.184:7003"); done
: >"$work/hold.out"
ip netns exec client python3 "$flows" hold "$count" "${targets[@]}" <"$work/hold.in" >"$work/hold.out" 2>"$work/hold.err" &
exec {holding}>"$work/hold.in"
settle "before"
wait_until 20 synced ds1 "behind == 0 and told >= $count"

# --- the active director's host is lost

watch_moves ds2
start_probe "${probed[@]}"
lost_at=$(date +%s.%N)
kill -KILL "${directors[ds1]}" "${vrrps[ds1]}" "$(cat "$work/vrrp-ds1.pid")"
for device in eth1 eth2; do ip -n ds1 link set $device down; done
wait_until 20 has_addresses ds2
settle "the active director is lost"
silence "the active director is lost" "$lost_at" ds2

# --- it comes back, knows nothing, and is told

for address in 192.168.1.183/32:eth1 192.168.1.184/32:eth1 192.168.56.180/24:eth2; do
  ip -n ds1 addr del "${address%:*}" dev "${address#*:}" 2>/dev/null || true
done
for device in eth1 eth2; do ip -n ds1 link set $device up; done
# A host that starts has nothing of before.
on ds1 tunvs cleanup --socket "$work/ds1.sock" >/dev/null
run_director ds1 master
started_at=$(date +%s%N)
wait_until 20 synced ds1 "full_heard_secs_ago is not None and heard >= $count"
figures+=("it comes back: told $(tunvs sync status --json --socket "$work/ds1.sock" | python3 -c 'import json, sys; print(json.load(sys.stdin)["channel"]["peers"][0]["heard"])') records within $((($(date +%s%N) - started_at) / 1000000)) ms")
start_probe "${probed[@]}"
rm -f "$work/keepalived-ds1.pid" "$work/vrrp-ds1.pid"
run_keepalived ds1 200
wait_until 20 has_addresses ds1
settle "it takes the addresses back"
# VRRP itself is silent for a moment only: the other gives up when it hears of the better one.
end_probe
figures+=("it takes the addresses back: $longest ms of silence (probes up to $late ms late)")

contains "the status" "records behind" "$(tunvs sync status --socket "$work/ds2.sock")"

# --- tunvs dies, and keepalived lives: until the addresses have moved, the host's own stack says nothing in its place

wait_until 20 synced ds2 "behind == 0 and full_heard_secs_ago is not None"
watch_moves ds2
start_probe "${probed[@]}"
lost_at=$(date +%s.%N)
kill -KILL "${directors[ds1]}"
wait_until 20 has_addresses ds2
settle "tunvs is killed"
silence "tunvs is killed" "$lost_at" ds2

exec {holding}>&-
kill -TERM "${vrrps[ds1]}" "${vrrps[ds2]}"
director=${directors[ds2]} director_host=ds2
stop_director
on ds1 tunvs cleanup --socket "$work/ds1.sock" >/dev/null
nothing_left ds1
nothing_left ds2
printf '%s\n' "${figures[@]}"
