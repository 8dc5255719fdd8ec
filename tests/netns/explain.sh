#!/usr/bin/env bash
# What `tunvs explain` says happens: with real traffic, for new connections, known ones and templates; asking changes nothing.
. "$(dirname "$0")/lib.sh"

topology
web rs1
web rs2
start_director
on ds ipvsadm -R <<'RULES'
-A -t 192.168.1.183:80 -s rr
-a -t 192.168.1.183:80 -r 192.168.56.183 -m
-a -t 192.168.1.183:80 -r 192.168.56.184 -m
-A -t 192.168.1.184:80 -s wlc -p 300
-a -t 192.168.1.184:80 -r 192.168.56.183 -m
-a -t 192.168.1.184:80 -r 192.168.56.184 -m -w 0
RULES
explain() { on ds tunvs explain "$@"; }
declare -A names=([192.168.56.183:80]=rs1 [192.168.56.184:80]=rs2)

for port in 41001 41002 41003 41004 41005; do
  for _ in 1 2 3; do text=$(explain --from 192.168.1.10:$port --to 192.168.1.183:80); done
  server=$(sed -n 's/^forwarded to \(.*\) (Masq)$/\1/p' <<<"$text")
  same "request from port $port" "${names[$server]}" "$(on client curl -s --max-time 30 --local-port $port http://192.168.1.183)"
  contains "a known connection" "belongs to a connection in state" "$(explain --from 192.168.1.10:$port --to 192.168.1.183:80)"
done
same "connections, which asking makes none of" 5 "$(on ds tunvs connections --count)"

contains "a server of weight 0" "weight 0: no new connections" "$(explain --from 192.168.1.10:42000 --to 192.168.1.184:80)"
same "persistent" rs1 "$(on client curl -s --max-time 30 http://192.168.1.184)"
on ds ipvsadm -e -t 192.168.1.184:80 -r 192.168.56.184 -m -w 5
text=$(explain --from 192.168.1.10:42000 --to 192.168.1.184:80)
contains "a template" "a template leads 192.168.1.10 to 192.168.56.183:80" "$text"
contains "without the template" "the template leads elsewhere" "$text"
same "persistent still" rs1 "$(on client curl -s --max-time 30 http://192.168.1.184)"
explain --from 192.168.1.99:42000 --to 192.168.1.184:80 --json | python3 -c '
import json, sys
explained = json.load(sys.stdin)
assert explained["server"] == {"address": "192.168.56.184", "port": 80}, explained
assert explained["template"] is None and explained["scheduler"] == "wlc", explained'

contains "no service" "passed to the host" "$(explain --from 192.168.1.10:1 --to 192.168.1.183:81)"
contains "another protocol" "passed to the host" "$(explain --from 192.168.1.10:1 --to 192.168.1.183:80 --proto udp)"
on ds ipvsadm -A -t 192.168.1.183:81 -s rr
contains "no server" "refused with an ICMP error" "$(explain --from 192.168.1.10:1 --to 192.168.1.183:81)"
refused on ds tunvs explain --from 192.168.1.10 --to 192.168.1.183:80
contains "a wrong end" "10.0.0.1:80" "$output"
refused on ds tunvs explain --from '[fd00::1]:1' --to 192.168.1.183:80
contains "families" "different families" "$output"

stop_director
nothing_left
