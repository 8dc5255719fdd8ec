#!/usr/bin/env bash
# Debian's keepalived, unmodified, keeps the tables of a director: each configuration of the corpus gives the table that it gave
# on Linux 6.1, and a stop leaves none; a server that stops and starts is taken out and put back; a reload changes what it says.
here=$(realpath "$(dirname "$0")")
. "$here/lib.sh"
data=$(realpath "$here/../data/keepalived")
ip link set lo up
# Packets go nowhere, so that no check has an answer yet.
ip link add nowhere type veth peer name nobody
ip link set nowhere arp off
ip link set nobody up
ip link set nowhere up
ip addr add 192.0.2.1/24 dev nowhere
ip addr add 2001:db8:ffff::1/64 dev nowhere nodad
ip route add default dev nowhere
ip -6 route add default dev nowhere
tunvs run >>"$work/director.log" 2>&1 &
director=$!
wait_until 10 ipvsadm -Ln

# The recordings have no spaces at the ends of lines.
tables() { { ipvsadm -Sn; echo; ipvsadm -Ln --thresholds; } | sed "s, *$,,"; }
table_is() { [[ $(tables) == "$1" ]]; }
none() { [[ -z $(ipvsadm -Sn) ]]; }
# stop_keepalived [STATUS]
stop_keepalived() {
  local code=0 tries
  # A signal that comes as keepalived sets its signals up is lost, without us, too.
  for ((tries = 0; tries < 1200; tries++)); do
    ((tries % 100 > 0)) || kill "$keepalived"
    ! ended_process "$keepalived" || break
    sleep 0.05
  done
  wait "$keepalived" || code=$?
  [[ $code == "${1-$code}" ]] || fail "keepalived ended with $code"
}
# A configuration with this in front. keepalived kills children that have not ended after five seconds, which on a machine that is
# busy leaves services, on a kernel too.
patient() { printf 'global_defs {\n  child_wait_time 60\n}\ninclude %s\n' "$1" >"$work/patient.conf"; }

count=0
for file in "$data"/wild/*.conf "$data"/own/*.conf; do
  name=$(basename "$file" .conf)
  wanted=$(<"${file%.conf}.table")
  options=()
  [[ ! -e ${file%.conf}.opts ]] || read -ra options <"${file%.conf}.opts"
  patient "$file"
  cd "$(dirname "$file")"
  tunvs exec -- /usr/sbin/keepalived -C -n -l -D -f "$work/patient.conf" -p "$work/keepalived.pid" -c "$work/checkers.pid" "${options[@]}" \
    >"$work/keepalived.log" 2>&1 &
  keepalived=$!
  cd "$work"
  if [[ $wanted == "exit "* ]]; then
    code=0
    wait "$keepalived" || code=$?
    same "$name" "$wanted" "exit $code"
  else
    deadline=$((SECONDS + 20))
    until table_is "$wanted"; do
      ((SECONDS < deadline)) || same "$name" "$wanted" "$(tables)"
      sleep 0.05
    done
    stop_keepalived
  fi
  none || fail "$name: keepalived has left services: $(ipvsadm -Sn)"
  count=$((count + 1))
done
((count > 50)) || fail "only $count configurations"

# --- a server that stops and starts, and a reload

mkdir "$work/site"
serve() { python3 -m http.server 8123 --bind 127.0.0.1 --directory "$work/site" >/dev/null 2>&1 & server=$!; }
configure() {
  cat >"$work/site.conf" <<CONF
virtual_server 10.0.0.50 80 {
  delay_loop 1
  lb_algo $1
  lb_kind NAT
  protocol TCP
  real_server 127.0.0.1 8123 {
    weight 3
    TCP_CHECK { connect_timeout 1 }
  }
}
CONF
}
configure wlc
serve
patient "$work/site.conf"
tunvs exec -- /usr/sbin/keepalived -C -n -l -f "$work/patient.conf" -p "$work/keepalived.pid" -c "$work/checkers.pid" >"$work/keepalived.log" 2>&1 &
keepalived=$!
with_server() { [[ $(ipvsadm -Sn) == *"-s $1"*"-r 127.0.0.1:8123 -m -w 3"* ]]; }
without_server() { [[ $(ipvsadm -Sn) == *"-A -t 10.0.0.50:80"* && $(ipvsadm -Sn) != *-r* ]]; }
wait_until 10 with_server wlc
kill "$server"
wait_until 10 without_server
serve
wait_until 10 with_server wlc
configure sed
kill -HUP "$keepalived"
wait_until 10 with_server sed
stop_keepalived 0
none || fail "a stop has left services"
kill "$server"
stop_director
