#!/usr/bin/env bash
# A virtual_server_group of keepalived.conf: its servers are asked once and not for every address of it, its services have
# the findings in common, and its scripts run once.
. "$(dirname "$0")/lib.sh"
topology
for name in rs1 rs2; do
  web "$name" "" "access_log $work/access-$name.log;"
done
for last in 183 184 185; do address ds eth1 "192.168.1.$last/24"; done
cat >tell <<TELL
#!/bin/sh
echo "\$*" >>$work/told
TELL
chmod +x tell

server() {
  echo "real_server $1 80 {
    weight 2
    notify_up \"$work/tell up $1\"
    notify_down \"$work/tell down $1\"
    HTTP_GET {
      url { path /
        status_code 200 }
      connect_timeout 1
      retry 0
    } }"
}
cat >keepalived.conf <<CONF
global_defs { script_user root }
virtual_server_group web {
  192.168.1.183-184 80
  192.168.1.185 8080
  fwmark 7
}
virtual_server group web {
  delay_loop 1
  lb_algo rr
  lb_kind NAT
  protocol TCP
  alpha
  quorum 3
  quorum_up "$work/tell quorum up"
  quorum_down "$work/tell quorum down"
  $(server 192.168.56.183)
  $(server 192.168.56.184)
}
CONF
start_director --config keepalived.conf

services=("-t 192.168.1.183:80" "-t 192.168.1.184:80" "-t 192.168.1.185:8080" "-f 7")
# How many of the services have just these real servers.
have() {
  local service count=0
  for service in "${services[@]}"; do
    # shellcheck disable=SC2086 # option and value
    [[ $(on ds ipvsadm -Sn | grep -e "-a $service " | grep -o '56\.18[0-9]' | sort | xargs) != "$1" ]] || ((count += 1))
  done
  echo "$count"
}
all_have() { [[ $(have "$1") == 4 ]]; }
told() { [[ $(sort told 2>/dev/null | paste -sd,) == "$1" ]]; }
wait_until 20 all_have "56.183 56.184"
wait_until 10 told "quorum up,up 192.168.56.183,up 192.168.56.184"
same "through the range" "rs1 rs2" "$(answers client 2 http://192.168.1.184 | tr ' ' '\n' | sort | xargs)"
same "through the other port" "rs1 rs2" "$(answers client 2 http://192.168.1.185:8080 | tr ' ' '\n' | sort | xargs)"

# Rounds begin a second apart, for all four services together.
checks() { grep -c '^192.168.56.181 ' "access-$1.log" || true; }
asked_more_than() { (($(checks rs1) > $1)); }
before=$(checks rs1)
began=$(date +%s%N)
wait_until 20 asked_more_than "$((before + 4))"
rounds=$(($(checks rs1) - before))
took=$((($(date +%s%N) - began) / 1000000))
((rounds <= took / 900 + 2)) || fail "$rounds requests of one server within $took ms"

: >told
on rs2 nginx -c "$work/web-rs2/nginx.conf" -s stop
wait_until 20 all_have "56.183"
wait_until 10 told "down 192.168.56.184,quorum down"
same "every service of it" 4 "$(on ds tunvs health --json | python3 -c '
import json, sys
print(sum([server["up"] for server in service["servers"]].count(False) == 1 for service in json.load(sys.stdin)))')"
wait_until 5 test ! -e web-rs2/pid
: >told
web rs2 "" "access_log $work/access-rs2.log;"
wait_until 20 all_have "56.183 56.184"
wait_until 10 told "quorum up,up 192.168.56.184"
stop_director
nothing_left
