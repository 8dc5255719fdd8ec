#!/usr/bin/env bash
# Three directors behind a router that spreads flows over them by layer 4, told by BIRD. One is killed, and comes back: connections of
# direct routing, IP in IP and NAT go on, because the others choose the same server (`mh`, `adopt`) without a word between them, though
# each lists servers in an order of its own; then, with a scheduler that nobody could repeat, because sync daemons told of them; and
# with neither they do not. COUNT: connections of each method (500 if nobody says).
#
#   client ---- eth0  router  eth1 ---+--- ds1, ds2, ds3  198.51.100.11 to .13
#   .1.10      .1.254       .100.1    +--- rs1, rs2       198.51.100.21, .22: 192.0.2.80 by direct routing, .81 by IP in IP, .82 by NAT
conf=$(realpath "$(dirname "$0")/../../conf/fleet")
flows=$(realpath "$(dirname "$0")/flows.py")
. "$(dirname "$0")/lib.sh"
count=${COUNT:-500}
ulimit -n 8192

host client router ds1 ds2 ds3 rs1 rs2
cable client eth0 router eth0
switch front router:eth1 ds1:eth1 ds2:eth1 ds3:eth1 rs1:eth0 rs2:eth0
address client eth0 192.168.1.10/24
address router eth0 192.168.1.254/24
address router eth1 198.51.100.1/24 2001:db8:ffff::1/64
ip -n client route add default via 192.168.1.254
on router sysctl -qw net.ipv4.ip_forward=1 net.ipv4.fib_multipath_hash_policy=1
start_bird router "$conf/bird-router.conf"
for number in 1 2 3; do
  address ds$number eth1 198.51.100.1$number/24 2001:db8:ffff::1$number/64
  ip -n ds$number route add default via 198.51.100.1
  sed "s/198\.51\.100\.11/198.51.100.1$number/; s/2001:db8:ffff::11/2001:db8:ffff::1$number/" "$conf/bird.conf" >"bird-ds$number.conf"
  start_bird ds$number "bird-ds$number.conf"
done
for number in 1 2; do
  address rs$number eth0 198.51.100.2$number/24
  ip -n rs$number route add default via 198.51.100.1
  ip netns exec rs$number tunvs real-server --socket "$work/rs$number.sock" --vip 192.0.2.80 --vip 192.0.2.81 --mode dr,ipip \
    >"real-server-rs$number.log" 2>&1 &
  flow_server rs$number 198.51.100.2$number 7002
  for port in 7000 7001; do
    vip=192.0.2.$((port - 6920))
    has_vip() { on rs$number python3 -c 'import socket, sys; socket.socket().bind((sys.argv[1], 0))' "$vip"; }
    wait_until 10 has_vip
    flow_server rs$number "$vip" $port
  done
done

# Answers of masqueraded servers go back to the director that their client's last packet came by.
for number in 1 2; do
  {
    echo "table inet back {"
    echo "  chain came { type filter hook prerouting priority mangle;"
    for director in 1 2 3; do
      link=$(ip -n ds$director -j link show eth1 | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["address"])')
      echo "    tcp dport 7002 ether saddr $link ct mark set $director"
      ip -n rs$number rule add fwmark $director lookup $((100 + director))
      ip -n rs$number route add default via 198.51.100.1$director table $((100 + director))
    done
    echo "  }"
    echo "  chain goes { type route hook output priority mangle; tcp sport 7002 meta mark set ct mark; }"
    echo "}"
  } >"back-rs$number.nft"
  on rs$number nft -f "back-rs$number.nft"
done

configure() { # SCHEDULER MORE...
  local scheduler=$1 number servers
  shift
  for number in 1 2 3; do
    servers=('{ address = "198.51.100.21", forward = "METHOD" }' '{ address = "198.51.100.22", forward = "METHOD", weight = 2 }')
    ((number != 2)) || servers=("${servers[1]}" "${servers[0]}")
    {
      printf '[director]\nannounce = true\nsync_channel = true\n%s\n' "$*"
      for service in 80:7000=route 81:7001=tunnel 82:7002=masq; do
        printf '[[service]]\naddress = "192.0.2.%s"\n%s\n' "${service%=*}" "$scheduler"
        printf 'server = [%s, %s]\n' "${servers[@]//METHOD/${service#*=}}"
      done
    } >"tunvs-ds$number.toml"
  done
}
declare -A directors
run_director() {
  export TUNVS_SOCKET=$work/$1.sock director_host=$1
  start_director --config "tunvs-$1.toml"
  directors[$1]=$director
}
ways() { # COUNT: of all addresses
  local vip
  for vip in 192.0.2.80 192.0.2.81 192.0.2.82; do
    (($(ip -n router route show $vip | grep -o 'via 198' | wc -l) == $1)) || return 1
  done
}

declare -A holding
hold() { # NAME TARGET
  mkfifo "$1.in"
  : >"$1.out"
  ip netns exec client python3 "$flows" hold "$count" "$2" <"$1.in" >"$1.out" 2>"$1.err" &
  local fd
  exec {fd}>"$1.in"
  holding[$1]=$fd
}
answered() { (($(wc -l <"$1.out") > before)); }
# settle WHAT: how many connections of each method go on. One in a thousand may be lost; more than a tenth must be where `is_lossy`.
is_lossy=
settle() {
  local name on all before
  for name in dr ipip nat; do
    before=$(wc -l <"$name.out")
    echo settle >&"${holding[$name]}"
    wait_until 30 answered $name
    read -r on all <<<"$(tail -n 1 "$name.out")"
    figures+=("$1, $name: $((all - on)) of $all connections lost")
    if [[ -n $is_lossy && $1 != *before ]]; then
      (((all - on) * 10 > all)) || fail "$1, $name: $on of $all go on, without anything that could make them"
      continue
    fi
    (((all - on) * 1000 <= all)) || fail "$1, $name: only $on of $all go on: $(tail -n 4 "$name.err")"
  done
}

figures=()
play() { # NAME
  local number pid
  for number in 1 2 3; do run_director ds$number; done
  wait_until 20 ways 3
  hold dr tcp:192.0.2.80:7000
  hold ipip tcp:192.0.2.81:7001
  hold nat tcp:192.0.2.82:7002
  settle "$1, before"
  spread=$(for number in 1 2 3; do tunvs status --json --socket "$work/ds$number.sock" | python3 -c 'import json, sys; print(json.load(sys.stdin)["stats"]["conns"])'; done | paste -sd ' ')
  figures+=("$1, connections scheduled by ds1, ds2, ds3: $spread")
  [[ " $spread " != *" 0 "* ]] || fail "the router does not spread: $spread"
  kill -KILL "${directors[ds2]}"
  wait_until 10 ways 2
  settle "$1, ds2 is killed"
  run_director ds2
  wait_until 20 ways 3
  settle "$1, ds2 is back"
  for name in dr ipip nat; do
    pid=${holding[$name]}
    exec {pid}>&-
    rm "$name.in"
  done
  for number in 1 2 3; do
    director=${directors[ds$number]} director_host=ds$number
    stop_director
    nothing_left ds$number
  done
}

configure 'scheduler = "mh"
scheduler_flags = ["mh-port"]
adopt = true'
play "mh alone"
daemons=$(for role in master backup; do printf '[[sync]]\nrole = "%s"\ninterface = "eth1"\nid = 7\n' $role; done)
configure 'scheduler = "wlc"' "$daemons"
play "sync alone"
# What this scenario would see if neither worked.
configure 'scheduler = "wlc"'
is_lossy=yes
play "neither"
printf '%s\n' "${figures[@]}"
