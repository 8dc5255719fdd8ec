#!/usr/bin/env bash
# A director that is killed leaves TUNs and rules behind: `tunvs cleanup` removes them, also at once, and the next start goes on with
# them. Its socket file is in nobody's way.
. "$(dirname "$0")/lib.sh"
topology
web rs1
web rs2
before=$(snapshot ds)

serve() {
  start_director
  on ds ipvsadm -A -t 192.168.1.200:80 -s rr
  two_servers -t 192.168.1.200:80 80
  same "answers" "rs2 rs1" "$(answers client 2 http://192.168.1.200)"
}
serve_and_kill() {
  serve
  kill -9 "$director"
}
gone() { wait "$director" || true; }

serve_and_kill
gone
[[ $(snapshot ds) != "$before" ]] || fail "nothing was left to clean up, so this proves nothing"
refused on ds ipvsadm -L -n
same "the exit status without a director" 2 "$status"
on ds tunvs cleanup
same "the host after cleanup" "$before" "$(snapshot ds)"
on ds tunvs cleanup
same "the host after a second cleanup" "$before" "$(snapshot ds)"
serve_and_kill
on ds tunvs cleanup
same "the host after a cleanup at once" "$before" "$(snapshot ds)"
gone

# Twice in a row, without a command in between: the services are there again.
serve_and_kill
gone
start_director
same "answers after a kill" "rs2 rs1" "$(answers client 2 http://192.168.1.200)"
kill -9 "$director"
gone
start_director
same "services after two kills" 2 "$(on ds ipvsadm -Sn | grep -c -- '-a -t 192.168.1.200:80')"
stop_director
same "the host after a new start and stop" "$before" "$(snapshot ds)"

# A link that came meanwhile, as that of containers does, may rely on forwarding: it stays on then, and that is said.
forwards() { on ds sysctl -n net.ipv4.ip_forward; }
on ds sysctl -qw net.ipv4.ip_forward=0
for end in TERM KILL; do
  start_director
  on ds ipvsadm -A -t 192.168.1.200:80 -s rr
  same "forwarding while it runs" 1 "$(forwards)"
  ip -n ds link add containers type bridge
  ip -n ds link set containers up
  address ds containers 172.17.0.1/16
  said='net.ipv4.ip_forward stays 1: containers came after the director and may rely on it'
  if [[ $end == TERM ]]; then
    stop_director
    contains "the log" "$said" "$(cat director-ds.log)"
  else
    kill -9 "$director"
    wait "$director" || true
    contains "the clean-up" "$said" "$(on ds tunvs cleanup)"
  fi
  same "forwarding after SIG$end" 1 "$(forwards)"
  ip -n ds link del containers
  on ds sysctl -qw net.ipv4.ip_forward=0
done
# So may a bridge that was there before, once rules forward what is behind it, as those of Docker do when it starts again.
ip -n ds link add docker0 type bridge
ip -n ds link set docker0 up
address ds docker0 172.17.0.1/16
# stays SAID COMMAND...: after a stop, when the command had been run meanwhile; SAID is empty where forwarding goes off.
stays() {
  local said=$1 wanted=0
  shift
  [[ -z $said ]] || wanted=1
  start_director
  on ds ipvsadm -A -t 192.168.1.200:80 -s rr
  on ds "$@"
  stop_director
  same "forwarding after: $*" "$wanted" "$(forwards)"
  [[ -z $said ]] || contains "the log" "ip_forward stays 1: $said came after the director" "$(tail -n 3 director-ds.log)"
  on ds sysctl -qw net.ipv4.ip_forward=0
}
stays "" iptables-nft -A FORWARD -i tunvs-+ -j ACCEPT
stays "a rule for forwarding in ip filter FORWARD" iptables-nft -A FORWARD -i docker0 ! -o docker0 -j ACCEPT
stays "" iptables-nft -L FORWARD
stays "a masquerade in ip nat POSTROUTING" iptables-nft -t nat -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
on ds nft flush ruleset
stays "a masquerade in inet own post" nft 'table inet own { chain post { type nat hook postrouting priority 100; oifname "eth1" masquerade; }; }'
stays "" nft 'flush ruleset; table inet own { chain post { type nat hook postrouting priority 100; oifname "eth1" masquerade; }; }'
on ds nft flush ruleset
if on ds iptables-legacy -t nat -L >/dev/null 2>&1; then
  stays "a masquerade of iptables-legacy" iptables-legacy -t nat -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
  on ds iptables-legacy -t nat -F
fi
ip -n ds link del docker0
before=$(snapshot ds)

# A stop amid a change of the host: thousands of addresses that come (`ipvsadm -R`), go (`-C`), or are looked at anew since
# their link went down. Whatever has been made by then is undone; if it cannot be, `tunvs cleanup` can.
many=1500
python3 - "$many" >many.rules <<'PY'
import sys
for number in range(int(sys.argv[1])):
    print(f"-A -t [fd00:1::a:{number:x}]:80 -s rr")
PY
proxies() { ip -n ds -6 neigh show proxy | grep -c . || true; }
more_than() { (($(proxies) > $1)); }
less_than() { (($(proxies) < $1)); }
answers_for_nobody() { [[ $(on ds sysctl -n net.ipv6.conf.eth1.proxy_ndp) == 0 ]]; }

# with_all: a director that has captured all of them.
with_all() {
  start_director
  on ds ipvsadm -R <many.rules
  same "addresses that are answered for" "$many" "$(proxies)"
}

# stopped WHAT: SIGTERM, and nothing is left. A command that is under way may fail.
stopped() {
  stop_director
  same "the host after a stop amid $1" "$before" "$(snapshot ds)"
  same "what cleanup finds after a stop amid $1" "nothing to undo" "$(on ds tunvs cleanup)"
}

for part in 0 $((many / 2)); do
  start_director
  ip netns exec ds ipvsadm -R <many.rules >>commands.out 2>&1 &
  wait_until 20 more_than "$part"
  stopped "ipvsadm -R"
done

with_all
ip netns exec ds ipvsadm -C >>commands.out 2>&1 &
wait_until 20 less_than "$many"
stopped "ipvsadm -C"

with_all
ip -n ds link set eth1 down
wait_until 20 answers_for_nobody
ip -n ds link set eth1 up
address ds eth1 fd00:1::181/64
wait_until 20 more_than 0
stopped "what follows a link that went down"

# A kill amid the undoing.
with_all
kill -TERM "$director"
wait_until 20 less_than "$many"
kill -KILL "$director"
wait "$director" || true
on ds tunvs cleanup
same "the host after a kill amid the undoing, and a cleanup" "$before" "$(snapshot ds)"
