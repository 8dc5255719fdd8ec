#!/usr/bin/env bash
# A second director on the same socket, or in the same network namespace, is refused with one clear line, and the
# first does not notice.
. "$(dirname "$0")/lib.sh"
topology
web rs1
web rs2
start_director
address ds eth1 192.168.1.183/24
on ds ipvsadm -A -t 192.168.1.183:80 -s rr
two_servers -t 192.168.1.183:80 80
running=$(snapshot ds)

refused on ds timeout 60 tunvs run
((status != 124)) || fail "a second director started"
contains "the refusal" "$TUNVS_SOCKET" "$output"
same "lines of the refusal" 1 "$(wc -l <<<"$output")"
same "the host" "$running" "$(snapshot ds)"

refused on ds timeout 60 tunvs run --socket "$work/other.sock"
((status != 124)) || fail "a second director started in the same namespace"
same "the host" "$running" "$(snapshot ds)"
[[ ! -e $work/other.sock ]] || fail "the refused director left its socket"

same "answers" "rs2 rs1 rs2 rs1" "$(answers client 4 http://192.168.1.183)"
stop_director
[[ ! -e $TUNVS_SOCKET ]] || fail "the socket is left after a clean stop"
nothing_left
