#!/usr/bin/env bash
# Virtual addresses reach a router by BIRD, with the configurations of conf/fleet as they are: announced when checks have spoken,
# withdrawn when servers go, with a kill, and when the director retires; not by an upgrade, a flapping router or a restart of BIRD
# with 1000 addresses. Then the same by FRR.
conf=$(realpath "$(dirname "$0")/../../conf/fleet")
. "$(dirname "$0")/lib.sh"

behind_a_router
web rs1
web rs2

start_bird router "$conf/bird-router.conf"
start_bird ds "$conf/bird.conf"

cat >tunvs.toml <<CONF
[[service]]
address = "192.0.2.80:80"
scheduler = "rr"
announce = true
check = { type = "tcp", interval = "500ms", timeout = "500ms", rise = 1, fall = 1 }
server = [
  { address = "192.168.56.183:80", forward = "masq" },
  { address = "192.168.56.184:80", forward = "masq" },
]

[[service]]
address = "[2001:db8:1::80]:80"
scheduler = "rr"
announce = true
server = [{ address = "[fd00:56::183]:80", forward = "masq" }]

[[service]]
address = "192.0.2.81:80"
server = [{ address = "192.168.56.183:80", forward = "masq" }]
CONF
planned=$(on ds tunvs run --dry-run --config tunvs.toml)
contains "what a start would announce" "ip route add 192.0.2.80/32 dev tunvs-fleet table 151 protocol 151" "$planned"
contains "what a start would announce" "route add 2001:db8:1::80/128 dev tunvs-fleet table 151 protocol 151" "$planned"
[[ $planned != *"192.0.2.81/32 dev tunvs-fleet"* ]] || fail "a start would announce what is not marked: $planned"

# --- what is announced, and what is not

start_director --config tunvs.toml --track-file "$work/track"
wait_until 10 has_route 192.0.2.80
wait_until 10 has_route6 2001:db8:1::80
same "an answer" rs1 "$(answers client 2 http://192.0.2.80 | tr ' ' '\n' | sort | head -n 1)"
same "an answer by IPv6" rs1 "$(get client http://[2001:db8:1::80])"
has_no has_route 192.0.2.81 || fail "an address is announced that nobody marked"
contains "vips" "192.0.2.80               announced" "$(on ds tunvs vips)"
contains "status" '"announced":["192.0.2.80","2001:db8:1::80"]' "$(on ds tunvs status --json | tr -d ' \n')"
same "the tracked file" 0 "$(<track)"
same "routes that others see" "" "$(ip -n ds route show 192.0.2.80)"

# --- servers go and come back

nginx_of() { cat "$work/web-$1/pid"; }
began=$(now)
kill "$(nginx_of rs1)" "$(nginx_of rs2)"
within "withdrawn after the servers had gone (checks twice a second)" 3000 has_no has_route 192.0.2.80
contains "why" "WITHHELD" "$(on ds tunvs vips)"
contains "why" "TCP 192.0.2.80:80: weight 0 is up, quorum is 1" "$(on ds tunvs vips --json)"
same "the tracked file" 1 "$(<track)"
has_route6 2001:db8:1::80 || fail "the other address went along"
web rs1
web rs2
began=$(now)
within "announced after the servers had come back" 3000 has_route 192.0.2.80
contains "events" '"event":"vip_withdrawn","address":"192.0.2.80"' "$(on ds tunvs events --no-follow --last 200)"

# --- an upgrade withdraws nothing

ip netns exec router ip -ts monitor route >changes 2>&1 &
monitor=$!
on ds tunvs upgrade >/dev/null
upgraded() { on ds tunvs events --no-follow --only upgraded | grep -q upgraded; }
wait_until 10 upgraded
sees_link() { [[ $(ip -n ds -o link show tunvs-fleet) == *,UP* ]]; }
wait_until 5 sees_link
same "an answer after the upgrade" rs1 "$(get client http://[2001:db8:1::80])"
has_route 192.0.2.80 || fail "the upgrade withdrew the address"
same "changes at the router in an upgrade" 0 "$(grep -c 192.0.2.80 changes || true)"

# --- a machine that dies, a router that flaps, and a director that is killed

kill "$monitor"
has_bfd() { [[ $(on "$1" birdc -s "/run/bird/$1.ctl" show bfd sessions | awk '/ Up /' | wc -l) == 2 ]]; }
wait_until 10 has_bfd ds
wait_until 10 has_bfd router
began=$(now)
ip -n front link set port2 down
within "withdrawn after the director's machine had died" 2000 has_no has_route 192.0.2.80
within "both families" 2000 has_no has_route6 2001:db8:1::80
ip -n front link set port2 up
began=$(now)
within "announced after the machine was back" 30000 has_route 192.0.2.80
wait_until 20 has_route6 2001:db8:1::80
for flap in {1..5}; do
  stop_bird router
  start_bird router "$conf/bird-router.conf"
  began=$(now)
  within "announced to a router that came back (time $flap)" 15000 has_route 192.0.2.80
done
wait_until 10 has_route6 2001:db8:1::80
same "an answer after all that" rs1 "$(get client http://[2001:db8:1::80])"
pid=$(on ds tunvs status --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["director"]["pid"])')
began=$(now)
kill -9 "$pid"
within "withdrawn after a kill" 3000 has_no has_route 192.0.2.80
wait_until 10 ended_process "$director"
began=$(now)
start_director --config tunvs.toml --track-file "$work/track"
within "announced after the start that followed" 5000 has_route 192.0.2.80
same "an answer after a kill" rs1 "$(get client http://[2001:db8:1::80])"

# --- who retires has no traffic any more, then stops

asks() { while :; do get client http://192.0.2.80 >/dev/null 2>&1 || sleep 0.05; done; }
asks &
asking=$!
wait_until 10 on ds sh -c 'tunvs status --json | grep -q "\"forward\": [1-9][0-9][0-9]"'
began=$(now)
on ds tunvs retire --deadline 60s >retired
within "retired under traffic" 20000 ended_process "$director"
wait "$director"
contains "what retire says" "2 announcements withdrawn" "$(<retired)"
contains "what retire says" "retired after" "$(tail -n 1 retired)"
kill "$asking"
nothing_left
same "the tracked file" 1 "$(<track)"
has_no has_route 192.0.2.80 || fail "a director that stopped is announced"

# A client that knows no other way is waited for until the deadline.
start_director --config tunvs.toml
wait_until 10 has_route 192.0.2.80
ip -n router route add 192.0.2.80 via 198.51.100.11 metric 1
asks &
asking=$!
wait_until 10 on ds sh -c 'tunvs status --json | grep -q "\"forward\": [1-9][0-9][0-9]"'
began=$(now)
on ds tunvs retire --deadline 4s >/dev/null
wait "$director"
took=$(($(now) - began))
((took >= 3900)) || fail "a deadline of 4 s took $took ms"
((took < 15000)) || late "a deadline of 4 s took $took ms"
kill "$asking"
ip -n router route del 192.0.2.80 metric 1

# --- BIRD is restarted while 1000 addresses are announced

start_director --announce
for number in {0..999}; do
  addr=10.64.$((number / 250)).$((number % 250 + 1)):80
  echo "-A -t $addr -s rr"
  echo "-a -t $addr -r 192.168.56.183:80 -m"
done >many
on ds ipvsadm-restore <many
count() { ip -n router route show proto bird | grep -c '^10\.64\.' || true; }
counts() { [[ $(count) == "$1" ]]; }
began=$(now)
within "1000 addresses at the router" 60000 counts 1000
stop_bird ds
wait_until 10 counts 0
start_bird ds "$conf/bird.conf"
began=$(now)
within "1000 addresses again after BIRD was restarted" 60000 counts 1000
on ds ipvsadm -e -t 10.64.0.1:80 -r 192.168.56.183:80 -m -w 0
wait_until 10 counts 999
began=$(now)
stop_director
within "1000 addresses withdrawn by a stop" 20000 counts 0
nothing_left
stop_bird ds

# --- FRR

folder=$work/frr
install -d -o frr -g frr /run/frr "$folder"
install -o frr -g frr "$conf/frr.conf" "$folder/frr.conf"
mount --bind "$folder" /etc/frr
mount -t tmpfs tmpfs /tmp
for daemon in zebra bfdd bgpd; do
  on ds "/usr/lib/frr/$daemon" -d -A 127.0.0.1 -i "/run/frr/$daemon.pid"
done
on ds vtysh -b >>frr.log 2>&1
start_director --config tunvs.toml --announce-table main --no-claim-vips
began=$(now)
within "announced by FRR" 15000 has_route 192.0.2.80
wait_until 10 has_route6 2001:db8:1::80
same "an answer by IPv6" rs1 "$(get client http://[2001:db8:1::80])"
same "what FRR tells" 1 "$(ip -n router route show proto bird | wc -l)"
wait_until 10 has_bfd router
began=$(now)
ip -n front link set port2 down
within "withdrawn after the machine of FRR had died" 2000 has_no has_route 192.0.2.80
ip -n front link set port2 up
began=$(now)
within "announced by FRR after the machine was back" 60000 has_route 192.0.2.80
wait_until 20 has_route6 2001:db8:1::80
began=$(now)
kill "$(nginx_of rs1)" "$(nginx_of rs2)"
within "withdrawn by FRR after the servers had gone" 5000 has_no has_route 192.0.2.80
began=$(now)
kill -9 "$director"
within "withdrawn by FRR after a kill" 5000 has_no has_route6 2001:db8:1::80
on ds tunvs cleanup >/dev/null
nothing_left
for daemon in bfdd bgpd zebra; do kill "$(<"/run/frr/$daemon.pid")"; done
stop_bird router

printf '%s\n' "${figures[@]}"
