#!/usr/bin/env bash
# BFD_CHECK with the daemons of others on the director: FRR's bfdd, whose sessions' other end is BIRD, and then keepalived's own BFD
# process (one at a time: they want the same port). A session that goes down takes its server out; a daemon that is gone or hangs
# says nothing.
. "$(dirname "$0")/lib.sh"
topology
web rs1
web rs2
# keepalived and zebra leave files in /tmp and /var/tmp. The program may lie below them, too.
cp "$TUNVS_BIN" "$work/program"
for name in tunvs ipvsadm; do ln -sf "$work/program" "$work/bin/$name"; done
mount -t tmpfs tmpfs /tmp
mount -t tmpfs tmpfs /var/tmp

# service ADDRESS PORT SERVER SESSION: with a virtual server of that port.
service() {
  printf 'virtual_server %s %s {\n  lb_algo wrr\n  lb_kind NAT\n  protocol TCP\n  real_server %s 80 {\n' "$1" "$2" "$3"
  printf '    weight 10\n    BFD_CHECK {\n      name %s\n    }\n  }\n}\n' "$4"
}
# On a busy machine a daemon may miss a tenth of a second, and more.
# instance NAME PEER OWN
instance() {
  printf 'bfd_instance %s {\n  neighbor_ip %s\n  source_ip %s\n  min_rx 400\n  min_tx 400\n}\n' "$1" "$2" "$3"
}
# Sessions with rs1 by FRR, with rs2 and many of nobody by keepalived.
{
  instance rs2 192.168.56.184 192.168.56.181
  instance six fd00:56::184 fd00:56::181
  for number in {100..139}; do instance "n$number" "192.168.56.$number" 192.168.56.181; done
} >keepalived-ds.conf
{
  instance rs1 192.168.56.183 192.168.56.181
  instance rs1-six fd00:56::183 fd00:56::181
  instance nobody 192.168.56.199 192.168.56.181
  cat keepalived-ds.conf
  service 192.168.1.183 8001 192.168.56.183 rs1
  service fd00:1::183 8002 fd00:56::183 rs1-six
  service 192.168.1.183 8003 192.168.56.184 rs2
  service fd00:1::183 8004 fd00:56::184 six
  service 192.168.1.183 8005 192.168.56.183 nobody
  for number in {100..139}; do service 192.168.1.183 "8$number" 192.168.56.184 "n$number"; done
} >lvs.conf

# FRR on the director, with sessions to rs1 (IPv4 and IPv6) and to nobody.
install -d -o frr -g frr /run/frr
for peer in "192.168.56.183 interface eth2" "fd00:56::183 local-address fd00:56::181" "192.168.56.199 interface eth2"; do
  printf 'bfd\n peer %s\n  receive-interval 400\n  transmit-interval 400\n exit\nexit\n' "$peer"
done >/run/frr/bfdd.conf
on ds /usr/lib/frr/zebra -d -P 0 -f /dev/null --log file:/run/frr/zebra.log
frr() {
  on ds /usr/lib/frr/bfdd -d -P 0 -f /run/frr/bfdd.conf --log file:/run/frr/bfdd.log
  # Written by the daemon, not by the process that starts it.
  wait_until 10 test -s /run/frr/bfdd.pid
  at_ds=$(</run/frr/bfdd.pid)
}
frr
install -d -o bird -g bird /run/bird
cat >bird.conf <<'CONF'
router id 192.168.56.183;
protocol device {}
protocol bfd {
  interface "eth0" { interval 400 ms; };
  neighbor 192.168.56.181 dev "eth0";
  neighbor fd00:56::181 dev "eth0" local fd00:56::183;
}
CONF
far_bird() { on rs1 bird -c bird.conf -s /run/bird/rs1.ctl -P /run/bird/rs1.pid -u bird -g bird; }
far_bird

start_director --config lvs.conf
ip netns exec ds tunvs events >events.jsonl &
wait_until 30 are up 8001 8002
wait_until 30 are down 8003 8004 8005
contains "a session with nobody" "answered session down, expected up" "$(state 8005)"
contains "a session that FRR does not have" "no BFD session with 192.168.56.184" "$(state 8003)"
same "through the session" rs1 "$(get client http://192.168.1.183:8001)"

# Forty-five checks at a time find room at FRR's socket, which has it for a few.
rounds() { on ds tunvs health --json | python3 -c '
import json, sys
print(min(server["checks"][0]["rounds"] for service in json.load(sys.stdin) for server in service["servers"]))'; }
# asked TIMES: until each check was asked that often again.
asked() {
  local from=$(rounds)
  asked_often() { (($(rounds) >= from + $1)); }
  wait_until 60 asked_often "$1"
}
asked 20
same "checks that could not be made" "" "$(grep 'cannot be made' director-ds.log || true)"

# The other end goes and comes back.
kill "$(</run/bird/rs1.pid)"
wait_until 20 are down 8001 8002
far_bird
wait_until 30 are up 8001 8002

# A daemon that hangs, or is gone, says nothing.
unknown() { states && [[ $(state 8001) == "up True "*"$1"* && $(state 8002) == "up True "*"$1"* ]]; }
kill -STOP "$at_ds"
wait_until 30 unknown "the BFD daemon does not answer within"
kill -CONT "$at_ds"
# Its sessions have ended meanwhile, and begin anew.
asked 8
wait_until 30 are up 8001 8002
asked 2
wait_until 30 are up 8001 8002
# On SIGTERM it would end its sessions first, and may still be asked: then they are down.
kill -KILL "$at_ds"
wait_until 30 unknown "no BFD daemon answers"
wait_until 10 ended_process "$at_ds"
same "a server of whom nothing is known" rs1 "$(get client http://192.168.1.183:8001)"

# keepalived on both ends, on the director with its usual files.
ip netns exec ds keepalived -n -l -D -f keepalived-ds.conf >keepalived-ds.log 2>&1 &
at_ds=$!
far_keepalived() {
  ip netns exec rs2 keepalived -n -l -D -f keepalived-rs2.conf -p rs2.pid -b rs2-bfd.pid >keepalived-rs2.log 2>&1 &
  at_rs2=$!
}
{
  instance ds 192.168.56.181 192.168.56.184
  instance six fd00:56::181 fd00:56::184
} >keepalived-rs2.conf
far_keepalived
wait_until 30 are up 8003 8004
wait_until 30 are down 8001 8002 8005
contains "a session that keepalived does not have" "no BFD session with 192.168.56.183" "$(state 8001)"
contains "the last session of the file" "answered session down, expected up" "$(state 8139)"
same "through the session" rs2 "$(get client http://192.168.1.183:8003)"

# Its file takes many blocks, and is read to its end each time.
before=$(wc -l <events.jsonl)
asked 20
meanwhile=$(tail -n +$((before + 1)) events.jsonl | grep -E '"server_(down|up)"' || true)
[[ -z $meanwhile ]] || late "servers went or came meanwhile, or a daemon was not heard in time: ${meanwhile:0:300}"
kill "$at_rs2"
wait_until 20 are down 8003 8004
far_keepalived
wait_until 30 are up 8003 8004

# Its file outlives it, and says nothing any more.
kill "$at_ds"
wait_until 10 ended_process "$at_ds"
outlived() { states && [[ $(state 8003) == "up True "*"an old file, and no keepalived"* ]]; }
wait_until 30 outlived
same "a server of whom nothing is known" rs2 "$(get client http://192.168.1.183:8003)"
stop_director
nothing_left
