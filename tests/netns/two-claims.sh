#!/usr/bin/env bash
# Two directors that claim one address on one link: both logs say so, and so do the status and the doctor, by IPv4 and IPv6; those of
# a director that has it for itself do not.
#
#   client ---+--- eth1 ds  (192.168.1.181, fd00:1::181)
#             +--- eth1 ds2 (192.168.1.182, fd00:1::182)
. "$(dirname "$0")/lib.sh"
host client ds ds2
switch switch client:eth0 ds:eth1 ds2:eth1
address client eth0 192.168.1.10/24 fd00:1::10/64
address ds eth1 192.168.1.181/24 fd00:1::181/64
address ds2 eth1 192.168.1.182/24 fd00:1::182/64

declare -A link sockets
for name in ds ds2; do
  link[$name]=$(on $name cat /sys/class/net/eth1/address)
  sockets[$name]=$work/$name.sock
done
of() { TUNVS_SOCKET=${sockets[$1]} on "$@"; }
log_of() { sed 's/\x1b\[[0-9;]*m//g' "director-$1.log"; }
knows() { # HOST RIVAL ADDRESS
  [[ $(of "$1" tunvs status) == *"${link[$2]} on eth1 ANSWERS FOR $3, too"* ]]
}
begin() { # HOST NUMBER: with two addresses that the other one has, too, and one that it has not
  director_host=$1 TUNVS_SOCKET=${sockets[$1]} start_director
  for vip in 192.168.1.200 '[fd00:1::200]' "192.168.1.20$2"; do of "$1" ipvsadm -A -t "$vip:80" -s rr; done
}

begin ds 1
first=$director
asked() {
  on client nc -zw 1 192.168.1.200 80 || true
  [[ $(ip -n client neigh show 192.168.1.200) == *"${link[ds]}"* ]]
}
wait_until 10 asked
[[ $(of ds tunvs status) != *"ANSWERS FOR"* ]] || fail "a rival where there is none: $(of ds tunvs status)"
[[ $(log_of ds) != *"another host answers"* ]] || fail "a rival in the log where there is none"

begin ds2 2
second=$director
for pair in "ds ds2" "ds2 ds"; do
  read -r name rival <<<"$pair"
  wait_until 10 knows "$name" "$rival" 192.168.1.200
  wait_until 10 knows "$name" "$rival" fd00:1::200
  contains "the log of $name" "another host answers for a virtual address" "$(log_of "$name")"
  contains "the doctor of $name" "${link[$rival]} on eth1 answers for 192.168.1.200" "$(of "$name" tunvs doctor --quiet || true)"
  contains "JSON of $name" "${link[$rival]}" "$(of "$name" tunvs status --json)"
  [[ $(of "$name" tunvs status) != *"FOR 192.168.1.20"[!0]* ]] || fail "a rival for an address of one director alone"
done

# One of them lets go: it has no rival any more.
for vip in 192.168.1.200 '[fd00:1::200]'; do of ds2 ipvsadm -D -t "$vip:80"; done
alone() { [[ $(of ds2 tunvs status) != *"ANSWERS FOR"* ]]; }
wait_until 10 alone
for director in $first $second; do stop_director; done
nothing_left ds
nothing_left ds2
