#!/usr/bin/env bash
# A configuration file: its services answer from the start, SIGHUP applies what changed and nothing of a wrong file,
# --proc-dir follows, and a director that was killed while an interface of its own was gone is cleaned up after.
. "$(dirname "$0")/lib.sh"
topology
web rs1
web rs2
address ds eth1 192.168.1.183/24
before=$(snapshot ds)

# config SERVER... : a service on .183:80 with these servers, and a mark.
config() {
  echo '[[service]]'
  echo 'address = "192.168.1.183:80"'
  echo 'scheduler = "rr"'
  for server; do
    echo '[[service.server]]'
    echo "address = \"192.168.56.$server\""
    echo 'forward = "masq"'
  done
  echo '[[service]]'
  echo 'mark = 7'
}

reloaded() { grep -c 'configuration' director-ds.log | grep -x "$1"; }
servers() { on ds ipvsadm -Sn | grep -c -- '-a -t' || true; }
listed() { [[ $(servers) == "$1" ]] && [[ $(grep -c 'C0A838' proc/net/ip_vs) == "$1" ]]; }

config 183 184 >tunvs.toml
on ds tunvs check tunvs.toml
start_director --config tunvs.toml --proc-dir proc
same "answers" "rs2 rs1 rs2 rs1" "$(answers client 4 http://192.168.1.183)"
wait_until 5 listed 2
same "how keys spread is not for everybody" "440 644" "$(stat -c %a proc/net/ip_vs_status proc/net/ip_vs | paste -sd " ")"
contains "interfaces" tunvs-m7 "$(ip -n ds -o link)"

config 183 >tunvs.toml
kill -HUP "$director"
wait_until 5 reloaded 1
wait_until 5 listed 1
same "answers after the reload" "rs1 rs1" "$(answers client 2 http://192.168.1.183)"

{ config 184; echo 'scheduler = "none such"'; } >tunvs.toml
refused on ds tunvs check tunvs.toml
contains "the mistake" tunvs.toml: "$output"
kill -HUP "$director"
wait_until 5 reloaded 2
same "answers after a wrong file" "rs1 rs1" "$(answers client 2 http://192.168.1.183)"

on ds ipvsadm -D -f 7
[[ $(ip -n ds -o link) != *tunvs-m7* ]] || fail "the interface of a mark without a service is left"
same "forwarded packets are counted" 1 "$(on ds tunvs counters | grep -c '^forward [1-9]')"

kill -KILL "$director"
wait "$director" || true
on ds tunvs cleanup
same "the host after the clean-up" "$before" "$(snapshot ds)"

config 183 184 >tunvs.toml
start_director --config tunvs.toml --proc-dir proc --no-proc-sctp --kernel 7.3
# As Linux 7.3 says it, and without SCTP, whose servers some exporters take for those of the service before.
on ds ipvsadm -A --sctp-service 192.168.1.183:3868
on ds ipvsadm -A -t 192.168.1.183:81
listed_in_file() { grep -q :0051 proc/net/ip_vs; }
wait_until 5 listed_in_file
[[ $(cat proc/net/ip_vs) != *SCTP* ]] || fail "SCTP is in the file"
same "the size of a table that grows" "(size=256)" "$(grep -o '(size=.*)' proc/net/ip_vs)"
contains "ipvsadm lists it" "SCTP 192.168.1.183:3868" "$(on ds ipvsadm -L -n)"
on ds ipvsadm -D --sctp-service 192.168.1.183:3868
on ds ipvsadm -D -t 192.168.1.183:81
# The capabilities to run programs as other users were given up, since there was no program.
config 185 | sed '2a check = { type = "script", command = "/bin/true", user = "nobody" }' >tunvs.toml
refused on ds tunvs reload
contains "which check" "the script check of TCP 192.168.1.183:80 -> 192.168.56.185:80 runs as \`nobody\`" "$output"
contains "what to do" "restart it with this file; nothing was changed" "$output"
same "nothing was changed" 2 "$(servers)"
stop_director
nothing_left
same "the host at the end" "$before" "$(snapshot ds)"
same "files in the end" "" "$(find proc -type f)"
