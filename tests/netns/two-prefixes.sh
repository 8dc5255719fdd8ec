#!/usr/bin/env bash
# Two directors on one host, whose TUNs have other names: a family of addresses is the one's whose services came first. The other one is refused
# with a sentence until that one is gone, and may have the other family meanwhile. `lookup local` is the first rule, or is not.
. "$(dirname "$0")/lib.sh"
topology
web rs1
web rs2
# So that no setting stays on for the sake of the other one.
on ds sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
first_socket=$TUNVS_SOCKET second_socket=$work/second.sock
first() { TUNVS_SOCKET=$first_socket on ds "$@"; }
second() { TUNVS_SOCKET=$second_socket on ds "$@"; }
rules() { ip -n ds "$1" rule; }
masquerade() { # DIRECTOR SERVICE SERVER
  "$1" ipvsadm -A -t "$2" -s rr
  "$1" ipvsadm -a -t "$2" -r "$3" -m
}

both() {
  before=$(snapshot ds)
  start_director
  first_process=$director
  TUNVS_SOCKET=$second_socket start_director --tun-prefix other
  second_process=$director

  masquerade first 192.168.1.183:80 192.168.56.183:80
  same "the first's servers" "rs1 rs1" "$(answers client 2 http://192.168.1.183)"
  made=$(rules -4)
  refused second ipvsadm -A -t 192.168.1.184:80 -s rr
  contains "the refusal" "another tunvs holds the IPv4 policy rules" "$output"
  same "services of the second" "" "$(second ipvsadm -Sn)"
  same "rules of the first" "$made" "$(rules -4)"

  masquerade second "[fd00:1::184]:80" "[fd00:56::184]:80"
  same "the second's servers" "rs2 rs2" "$(answers client 2 "http://[fd00:1::184]")"
  refused first ipvsadm -A -t "[fd00:1::183]:80" -s rr
  contains "the refusal" "another tunvs holds the IPv6 policy rules" "$output"
  same "the first's servers" "rs1 rs1" "$(answers client 2 http://192.168.1.183)"
  same "rules of the first" "$made" "$(rules -4)"

  director=$first_process
  stop_director
  same "the second's servers, alone" "rs2 rs2" "$(answers client 2 "http://[fd00:1::184]")"
  masquerade second 192.168.1.184:80 192.168.56.184:80
  same "the second's servers, alone" "rs2 rs2" "$(answers client 2 http://192.168.1.184)"
  director=$second_process
  stop_director
  same "the host afterwards" "$before" "$(snapshot ds)"
}

both
for family in -4 -6; do
  ip -n ds $family rule add pref 100 lookup local
  ip -n ds $family rule del pref 0
done
both
