#!/usr/bin/env bash
# Virtual addresses reach a router by daemons that read no table of the kernel: ExaBGP and GoBGP, with the configurations and the
# programs of conf/fleet as they are. They are announced and withdrawn as tunvs says, with a kill and the death of the machine too, and again
# after these daemons were restarted; an upgrade withdraws nothing.
conf=$(realpath "$(dirname "$0")/../../conf/fleet")
. "$(dirname "$0")/lib.sh"

behind_a_router
web rs1
web rs2
start_bird router "$conf/bird-router.conf"
cat >tunvs.toml <<CONF
[[service]]
address = "192.0.2.80:80"
announce = true
check = { type = "tcp", interval = "500ms", timeout = "500ms", rise = 1, fall = 1 }
server = [{ address = "192.168.56.183:80", forward = "masq" }]

[[service]]
address = "[2001:db8:1::80]:80"
announce = true
server = [{ address = "[fd00:56::183]:80", forward = "masq" }]
CONF
nginx_of() { cat "$work/web-$1/pid"; }
count() { ip -n router route show proto bird | grep -c '^10\.64\.' || true; }
counts() { [[ $(count) == "$1" ]]; }

# plays NAME MS MANY: what the router knows, in which time at most, also of so many addresses, by a daemon that `begin_daemon` begins and
# `end_daemon` ends.
plays() {
  local name=$1 most=$2 many=$3 number
  begin_daemon
  start_director --config tunvs.toml --announce
  began=$(now)
  within "$name: announced after a start" 30000 has_route 192.0.2.80
  wait_until 20 has_route6 2001:db8:1::80
  same "$name: an answer" "rs1 rs1" "$(answers client 2 http://192.0.2.80)"
  same "$name: an answer by IPv6" rs1 "$(get client 'http://[2001:db8:1::80]')"
  began=$(now)
  kill "$(nginx_of rs1)"
  within "$name: withdrawn after the server had gone (checks twice a second)" "$most" has_no has_route 192.0.2.80
  has_route6 2001:db8:1::80 || fail "$name: the other address went along"
  web rs1
  began=$(now)
  within "$name: announced after it had come back" "$most" has_route 192.0.2.80

  began=$(now)
  ip -n front link set port2 down
  within "$name: withdrawn after the director's machine had died (hold time of 9 s)" 15000 has_no has_route 192.0.2.80
  wait_until 10 has_no has_route6 2001:db8:1::80
  ip -n front link set port2 up
  began=$(now)
  within "$name: announced after the machine was back" 60000 has_route 192.0.2.80
  wait_until 60 has_route6 2001:db8:1::80
  same "$name: an answer after that" rs1 "$(get client http://192.0.2.80)"

  ip netns exec router ip monitor route >changes 2>&1 &
  local monitor=$!
  on ds tunvs upgrade >/dev/null
  upgraded() { on ds tunvs events --no-follow --only upgraded | grep -q upgraded; }
  wait_until 10 upgraded
  director=$(on ds tunvs status --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["director"]["pid"])')
  # Once the router hears of what comes later, it has heard of all that came before.
  on ds ipvsadm -A -t 10.64.0.1:80 -s rr
  on ds ipvsadm -a -t 10.64.0.1:80 -r 192.168.56.183:80 -m
  wait_until 20 counts 1
  kill "$monitor"
  same "$name: changes at the router in an upgrade" 0 "$(grep -c 192.0.2.80 changes || true)"

  end_daemon
  wait_until 20 has_no has_route 192.0.2.80
  begin_daemon
  began=$(now)
  within "$name: announced after its daemon was restarted" 30000 has_route 192.0.2.80
  wait_until 20 has_route6 2001:db8:1::80
  began=$(now)
  kill -9 "$director"
  within "$name: withdrawn after a kill" "$most" has_no has_route 192.0.2.80
  wait_until 10 has_no has_route6 2001:db8:1::80
  wait_until 10 ended_process "$director"

  start_director --announce
  for ((number = 0; number < many; number++)); do
    echo "-A -t 10.64.$((number / 250)).$((number % 250 + 1)):80 -s rr"
    echo "-a -t 10.64.$((number / 250)).$((number % 250 + 1)):80 -r 192.168.56.183:80 -m"
  done >tables
  on ds ipvsadm-restore <tables
  began=$(now)
  within "$name: $many addresses at the router" 120000 counts "$many"
  began=$(now)
  stop_director
  within "$name: $many addresses withdrawn by a stop" 120000 counts 0
  nothing_left
  end_daemon
}

# --- ExaBGP: its configuration belongs into /etc/exabgp, and it is nobody there

mkdir exabgp
install -m 644 "$conf/exabgp.conf" exabgp/
install -m 755 "$conf/exabgp-vips" exabgp/
mount --bind exabgp /etc/exabgp
begin_daemon() {
  ip netns exec ds exabgp /etc/exabgp/exabgp.conf >>exabgp.log 2>&1 &
  daemon=$!
}
end_daemon() {
  kill "$daemon"
  wait_until 10 ended_process "$daemon"
}
plays ExaBGP 5000 1000

# --- GoBGP, and what follows the announcements for it

begin_daemon() {
  ip netns exec ds gobgpd -f "$conf/gobgpd.conf" >>gobgp.log 2>&1 &
  daemon=$!
}
ip netns exec ds "$conf/gobgp-vips" >>gobgp-vips.log 2>&1 &
follower=$!
# Its tool is a process for each address.
plays GoBGP 5000 200
kill "$follower"
stop_bird router
printf '%s\n' "${figures[@]}"
