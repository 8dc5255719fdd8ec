#!/usr/bin/env bash
# A director that is killed leaves rules behind: `tunvs cleanup` removes them, and so does the next start. Its
# socket file is in nobody's way.
. "$(dirname "$0")/lib.sh"
topology
web rs1
web rs2
before=$(snapshot ds)

serve_and_kill() {
  start_director
  on ds ipvsadm -A -t 192.168.1.200:80 -s rr
  two_servers -t 192.168.1.200:80 80
  same "answers" "rs2 rs1" "$(answers client 2 http://192.168.1.200)"
  kill -9 "$director"
  wait "$director" || true
}

serve_and_kill
[[ $(snapshot ds) != "$before" ]] || fail "nothing was left to clean up, so this proves nothing"
refused on ds ipvsadm -L -n
same "the exit status without a director" 2 "$status"
on ds tunvs cleanup
same "the host after cleanup" "$before" "$(snapshot ds)"
on ds tunvs cleanup
same "the host after a second cleanup" "$before" "$(snapshot ds)"

serve_and_kill
serve_and_kill
start_director
stop_director
same "the host after a new start and stop" "$before" "$(snapshot ds)"
