#!/usr/bin/env bash
# Two directors, each with Debian's keepalived below `tunvs exec`, which does all of it: VRRP moves the addresses, its checks keep
# the services in the directors' tables, and its sync daemon follows the roles. The active director retires, by the file that VRRP
# tracks; it comes back and takes the addresses back; its host is lost. Silences are measured by a datagram each 10 ms.
#
#   client --- front switch --- eth1  ds1 (.181)  eth2 --- back switch --- rs1, rs2   NAT (gateway 192.168.56.180)
#                  +----------- eth1  ds2 (.182)  eth2 ------+
#
# VRRP notices the loss of a host after three advertisements and a skew: 1.0 s here. A better one takes over after one of them.
flows=$(realpath "$(dirname "$0")/flows.py")
. "$(dirname "$0")/lib.sh"
own_tmp

vrrp_pair
for number in 1 2; do flow_server rs$number 192.168.56.19$number 7000; done

declare -A directors keepaliveds
run_director() { # HOST
  export TUNVS_SOCKET=$work/$1.sock director_host=$1
  start_director --no-claim-vips --track-file "$work/track-$1"
  directors[$1]=$director
}

real_servers() { # CHECK
  local rs
  for rs in 192.168.56.191 192.168.56.192; do
    echo "  real_server $rs 7000 { weight 1
    $1
  }"
  done
}
run_keepalived() { # HOST PRIORITY
  cat >"$work/keepalived-$1.conf" <<CONF
global_defs { vrrp_version 3
  vrrp_garp_master_repeat 3
  vrrp_garp_master_delay 1
  lvs_sync_daemon eth2 services id 7
}
track_file directs {
  file "$work/track-$1"
  weight -100
}
vrrp_instance services {
  interface eth2
  state BACKUP
  virtual_router_id 51
  priority $2
  advert_int 0.3
  track_file { directs }
  virtual_ipaddress {
    192.168.1.183/32 dev eth1
    192.168.56.180/24 dev eth2
  }
}
virtual_server 192.168.1.183 7001 {
  delay_loop 1
  lb_algo rr
  lb_kind NAT
  protocol TCP
$(real_servers "TCP_CHECK { connect_timeout 1 }")
}
virtual_server 192.168.1.183 7001 {
  lb_algo rr
  lb_kind NAT
  protocol UDP
$(real_servers "")
}
CONF
  # Of a run before, which was killed.
  rm -f "$work"/{keepalived,vrrp,checkers}-"$1.pid"
  ip netns exec "$1" tunvs exec --socket "$work/$1.sock" -- /usr/sbin/keepalived -n -l -D -f "$work/keepalived-$1.conf" \
    -p "$work/keepalived-$1.pid" -r "$work/vrrp-$1.pid" -c "$work/checkers-$1.pid" >>"$work/keepalived-$1.log" 2>&1 &
  keepaliveds[$1]=$!
}
stop_keepalived() { # HOST
  kill -TERM "${keepaliveds[$1]}"
  wait "${keepaliveds[$1]}" || fail "keepalived on $1 ended with $?"
}
has_addresses() { [[ $(ip -n "$1" -o addr show dev eth2) == *192.168.56.180/24* ]]; }
has_tables() { # HOST: both services with both servers
  local server="* -r 192.168.56.19?:7000 -m -w 1*"
  # shellcheck disable=SC2053 # a pattern
  [[ $(TUNVS_SOCKET=$work/$1.sock on "$1" ipvsadm -Sn) == *"-a -t"$server"-a -t"$server"-a -u"$server"-a -u"$server ]]
}
has_role() { # HOST ROLE
  [[ $(TUNVS_SOCKET=$work/$1.sock on "$1" ipvsadm -L --daemon) == *"$2 sync daemon (mcast=eth2, syncid=7,"* ]]
}

# silence NAME MOST: the longest silence of the probes.
silence() {
  local longest began late
  end_probe
  figures+=("$1: $longest ms of silence (probes up to $late ms late)")
  ((longest <= $2 + 2 * late)) || late "$1: silent for $longest ms, probes $late ms late"
}

# --- both; the better one has the addresses, both have the tables

figures=()
run_director ds1
run_director ds2
run_keepalived ds1 200
wait_until 20 has_addresses ds1
run_keepalived ds2 150
for name in ds1 ds2; do wait_until 20 has_tables $name; done
wait_until 20 has_role ds1 master
wait_until 20 has_role ds2 backup
contains "an answer" rs "$(udp_ask client 192.168.1.183 7001 word)"

# --- the active one retires

start_probe 192.168.1.183:7001
code=0
on ds1 tunvs retire --deadline 30s --socket "$work/ds1.sock" >"$work/retired" || code=$?
same "the status of retire" 0 "$code"
wait_until 20 has_addresses ds2
wait_until 20 ended_process "${directors[ds1]}"
wait "${directors[ds1]}" || fail "the director ended with $?"
wait_until 20 has_role ds2 master
silence "the active director retires" 1000

# --- it comes back: keepalived is started with it, since the tables are new

stop_keepalived ds1
run_director ds1
start_probe 192.168.1.183:7001
run_keepalived ds1 200
wait_until 20 has_addresses ds1
wait_until 20 has_tables ds1
wait_until 20 has_role ds1 master
silence "it takes the addresses back" 1000

# --- its host is lost

start_probe 192.168.1.183:7001
for device in eth1 eth2; do ip -n ds1 link set $device down; done
# Some end with those that are killed before them.
ip netns pids ds1 | xargs kill -KILL 2>/dev/null || true
wait_until 20 has_addresses ds2
contains "an answer" rs "$(udp_ask client 192.168.1.183 7001 word)"
silence "the active host is lost" 2000

stop_keepalived ds2
same "what a stop leaves" "" "$(TUNVS_SOCKET=$work/ds2.sock on ds2 ipvsadm -Sn)"
director=${directors[ds2]} director_host=ds2
stop_director
on ds1 tunvs cleanup --socket "$work/ds1.sock" >/dev/null
nothing_left ds2
printf '%s\n' "${figures[@]}"
