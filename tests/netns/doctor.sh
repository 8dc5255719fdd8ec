#!/usr/bin/env bash
# The doctor: a host that is well has nothing to mend; then each thing is broken in turn, found, mended by the very commands
# that the doctor printed, and well again. Nothing is changed by looking.
. "$(dirname "$0")/lib.sh"

topology
web rs1
web rs2
vip=192.168.1.183

# host_of ADDRESS: on which host a command is to be typed.
host_of() {
  case $1 in
    192.168.56.183) echo rs1 ;;
    192.168.56.184) echo rs2 ;;
    *) echo "${patient:-ds}" ;;
  esac
}

# look [OPTION...]: the findings, in findings.json; the exit status must be that of the worst.
look() {
  local status=0 worst
  on "${patient:-ds}" tunvs doctor --json "$@" >findings.json || status=$?
  worst=$(python3 -c 'import json; print(int(json.load(open("findings.json"))["failures"] > 0))')
  same "the doctor's exit status" "$worst" "$status"
}

# level CHECK: the worst level of a check, or nothing.
level() {
  python3 -c '
import json, sys
levels = [f["level"] for f in json.load(open("findings.json"))["findings"] if f["check"] == sys.argv[1]]
print(max(levels, key=["ok", "warn", "fail"].index, default=""))' "$1"
}

# ill: what is not well, for messages.
ill() {
  python3 -c 'import json; [print(f) for f in json.load(open("findings.json"))["findings"] if f["level"] != "ok"]'
}

# found CHECK LEVEL [OPTION...]: it is seen.
found() {
  local check=$1 wanted=$2
  shift 2
  look "$@"
  [[ $(level "$check") == "$wanted" ]] || fail "$check is \"$(level "$check")\", not $wanted: $(ill)"
}

# mend CHECK: types what the doctor printed for it, where it said.
mend() {
  local command where
  while IFS=$'\t' read -r where command; do
    echo "$where: $command" >>mended.log
    on "$(host_of "$where")" bash -c "$command" >>mended.log 2>&1 || echo "exit status $?" >>mended.log
  done < <(python3 -c '
import json, sys
for f in json.load(open("findings.json"))["findings"]:
    if f["check"] == sys.argv[1]:
        for m in f["mend"]:
            print(m["on"], m["command"], sep="\t")' "$1")
}

# gone CHECK [OPTION...]: it is well.
gone() {
  local check=$1
  shift
  look "$@"
  [[ $(level "$check") =~ ^(ok)?$ ]] || fail "$check is still \"$(level "$check")\": $(ill)"
}

# broken_and_mended CHECK LEVEL [OPTION...]
broken_and_mended() {
  found "$@"
  mend "$1"
  gone "$1" "${@:3}"
}

well() {
  look "$@"
  python3 -c '
import json
for f in json.load(open("findings.json"))["findings"]:
    assert f["level"] == "ok" and not f["why"] and not f["mend"], f'
}

# --- before the start
well
before=$(snapshot ds)
on ds tunvs doctor >text
contains "as text" "ok   tun: /dev/net/tun with IFF_VNET_HDR" "$(cat text)"
contains "as text" " ok, 0 to be looked at, 0 wrong" "$(cat text)"

# A rule in front of the director's, and none at all.
on ds ip rule add pref 3 from 10.77.0.0/16 lookup 100
broken_and_mended policy-rules fail
contains "the rule where there is room" "6:	from 10.77.0.0/16 lookup 100" "$(on ds ip rule)"
on ds ip rule del pref 6
on ds ip rule del pref 0
broken_and_mended policy-rules fail
same "rules of before" "$(sed -n '/== rules -4/,/==/p' <<<"$before")" "$(snapshot ds | sed -n '/== rules -4/,/==/p')"

# The driver's device, in this sandbox's own view of /dev.
mount -t tmpfs none /dev/net
broken_and_mended tun fail
umount /dev/net
status=0
output=$(on ds capsh --drop=cap_net_raw -- -c 'tunvs doctor --quiet') || status=$?
same "the exit status" 1 "$status"
contains "capabilities" "this process has no CAP_NET_RAW" "$output"
contains "packet sockets" "packet sockets are not allowed here" "$output"

# Services of a file, without a director.
cat >tunvs.toml <<TOML
[[service]]
address = "$vip:80"
[[service.server]]
address = "10.99.0.1:80"
forward = "masq"
TOML
found route fail --config tunvs.toml
on ds ip route add 10.99.0.0/24 dev eth2
gone route --config tunvs.toml
on ds ip route del 10.99.0.0/24
refused on ds tunvs doctor --config nowhere.toml
same "the exit status of trouble" 2 "$status"

# --- while it runs
start_director
on ds ipvsadm -A -t $vip:80 -s rr
two_servers -t $vip:80 80
reached() { [[ $(get client http://$vip) == rs* ]]; }
answers client 4 http://$vip >/dev/null
well
running=$(snapshot ds)
on ds tunvs doctor --quiet
same "a host that was looked at" "$running" "$(snapshot ds)"

broken() { on ds sysctl -qw "$@"; }
# Of what the director sets again itself, nothing is left to be found.
filters() { on ds sysctl -n net.ipv4.conf.{tunvs-vip,eth2}.rp_filter | xargs; }
is_well() { [[ $(filters) == "0 $1" ]]; }
broken net.ipv4.conf.tunvs-vip.rp_filter=1
wait_until 5 is_well "$(on ds sysctl -n net.ipv4.conf.eth2.rp_filter)"
gone rp-filter
broken net.ipv4.conf.eth2.rp_filter=1
wait_until 5 is_well 2
gone rp-filter
broken net.ipv4.conf.eth1.forwarding=0
broken_and_mended forwarding fail
broken net.ipv4.ip_early_demux=1
broken_and_mended early-demux warn
broken net.ipv4.ip_local_port_range="1024 65535"
broken_and_mended ports warn
wait_until 5 reached

on ds ip tuntap add tap9 mode tap
ip -n ds link set tap9 up
on ds ethtool -K tap9 gro off
broken_and_mended offload warn
on ds ip link del tap9
ip -n ds link set eth2 mtu 1400
broken_and_mended mtu warn
ip -n ds link set tunvs-rs mtu 1500
broken_and_mended mtu warn
prlimit --pid "$director" --nofile=200:4096
broken_and_mended open-files warn

# Filters: no answer while they drop, answers after the commands.
dropped() { ! on client curl -s --max-time 1 http://$vip >/dev/null; }
filter() { on ds nft -f -; }
filter <<'NFT'
table inet guard {
  chain forward {
    type filter hook forward priority 0; policy drop;
    ct state established,related accept
  }
}
NFT
wait_until 5 dropped
broken_and_mended firewall fail
wait_until 5 reached
on ds nft delete table inet guard
on ds iptables -P FORWARD DROP
wait_until 5 dropped
broken_and_mended firewall fail
wait_until 5 reached
on ds nft flush ruleset
if on ds iptables-legacy -P FORWARD DROP 2>/dev/null; then
  wait_until 5 dropped
  broken_and_mended firewall fail
  wait_until 5 reached
  on ds iptables-legacy -P FORWARD ACCEPT
  on ds iptables-legacy -F
fi
filter <<'NFT'
table inet guard { chain input { type filter hook input priority 0; policy drop; }; }
NFT
broken_and_mended firewall warn
on ds nft delete table inet guard

# Others that rewrite the same addresses.
filter <<'NFT'
table ip other {
  chain before { type nat hook prerouting priority -100; ip daddr 192.168.1.183 tcp dport 80 dnat to 192.168.56.200:81; }
  chain after { type nat hook postrouting priority 100; oifname "eth2" masquerade; }
}
NFT
wait_until 5 dropped
found nat fail
mend nat
gone nat
wait_until 5 reached
on ds nft delete table ip other

# --- what the doctor says of rulesets is what clients see of them: $vip:80 masqueraded, for the client; by direct routing $dip:80,
# for rs2, with rs1 as its server
dip=192.168.56.190
on rs1 sysctl -qw net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2
address rs1 lo $dip/32
on ds ipvsadm -A -t $dip:80 -s rr
on ds ipvsadm -a -t $dip:80 -r 192.168.56.183 -g
# What goes to a neighbour that has to be asked for passes the host's own hooks: here none has to be.
ip -n ds neigh replace 192.168.56.183 dev eth2 nud permanent lladdr "$(ip -n rs1 -br link show eth0 | awk '{ print $3 }')"

# says SERVICE: whether the doctor finds no rule in its way.
says() {
  python3 -c '
import json, sys
failures = [f for f in json.load(open("findings.json"))["findings"] if f["level"] == "fail" and f["check"] in ("firewall", "nat")]
print("no" if any(f"TCP {sys.argv[1]}" in f["found"] for f in failures) else "yes")' "$1"
}
# asks HOST ADDRESS: whether two requests are answered.
asks() {
  local i
  for i in 1 2; do on "$1" curl -s --connect-timeout 0.5 --max-time 0.7 "http://$2" >/dev/null || { echo no; return; }; done
  echo yes
}
# fits WHAT MASQUERADED DIRECT: whether each of the two is served.
fits() {
  look
  same "$1: what clients see" "$2 $3" "$(asks client $vip) $(asks rs2 $dip)"
  same "$1: what the doctor says" "$2 $3" "$(says $vip:80) $(says $dip:80)"
  on ds nft flush ruleset
}
forward() { printf 'table inet guard { set web { type ipv4_addr . inet_proto . inet_service; elements = { %s . tcp . 80 }; }
  map links { type ifname : verdict; flags interval; elements = { "eth1" : goto outside, "tunvs-*" : accept }; }
  chain outside { oifname "tunvs-vip" ct state new,established accept; reject; }
  chain forward { type filter hook forward priority 0; policy drop; %s
  }
}' $vip "$1" | filter; }
both='iifname "tunvs-*" accept; oifname "tunvs-*" accept;'

fits "no rules" yes yes
forward 'accept'
fits "an open chain" yes yes
forward 'ct state established accept'
fits "a closed chain" no no
forward "ct state invalid drop; $both"
fits "invalid dropped, the rest let through" yes yes
forward 'iifname "eth1" oifname "tunvs-vip" accept; ct state established accept'
fits "in, but not out again" no no
forward 'iifname vmap @links; ct state established accept'
fits "a map of links, jumps" yes no
forward 'ip daddr . meta l4proto . th dport @web accept; iifname "tunvs-*" accept; ct state established accept'
fits "a set of services" yes no
forward "ct state new,established accept"
fits "by state" yes no
forward "ct state new,established,untracked accept"
fits "by state, what is not tracked too" yes yes
forward "ip saddr 10.0.0.0/8 drop; limit rate over 10000/second drop; $both"
fits "a block list and a limit" yes yes
forward 'ip saddr 192.168.1.0/24 oifname "tunvs-vip" accept; iifname "tunvs-*" accept; oifname "tunvs-rs" accept'
fits "clients of one subnet" yes no
filter <<<"table ip other { chain pre { type filter hook prerouting priority mangle; ip daddr $vip meta mark set 7; }
  chain forward { type filter hook forward priority 0; policy drop; meta mark 7 accept; ct state established accept; }; }"
fits "by a mark that is lost in the TUN" no no
filter <<<'table ip other { chain pre { type filter hook prerouting priority raw; iifname "tunvs-*" notrack; }
  chain forward { type filter hook forward priority 0; ct state invalid drop; }; }'
fits "answers to what is not tracked" no yes
filter <<<'table ip other { chain post { type filter hook postrouting priority 0; ip daddr 192.168.56.183 drop; }; }'
fits "dropped at the very end" no yes
filter <<<"table ip wg-quick-wg0 { chain preraw { type filter hook prerouting priority raw; iifname != \"wg0\" ip daddr 10.8.0.1 fib saddr type != local drop; }; }"
fits "wg-quick" yes yes
filter <<<'table ip nat { chain post { type nat hook postrouting priority srcnat; oifname "eth2" masquerade; }; }'
fits "sources rewritten" yes yes
here=$(cd "$OLDPWD" && realpath "$(dirname "$0")/../data/rulesets")
on ds nft -j -f "$here/firewalld.json"
fits firewalld no no
on ds nft -j -f "$here/firewalld-zone.json"
fits "firewalld with a zone of the TUNs" yes yes
on ds iptables-nft-restore <"$here/ufw.save"
fits "ufw with routes" yes yes
grep -v tunvs- "$here/ufw.save" | on ds iptables-nft-restore
fits ufw no no
on ds iptables-nft-restore <"$here/docker.save"
fits Docker no no
sed 's/^-A DOCKER-USER.*/-A DOCKER-USER -i tunvs-+ -j ACCEPT\n-A DOCKER-USER -o tunvs-+ -j ACCEPT/' "$here/docker.save" | on ds iptables-nft-restore
fits "Docker with rules of its user" yes yes
sed 's/^:FORWARD DROP/:FORWARD ACCEPT/; s/--dport 8080/--dport 80/' "$here/docker.save" | on ds iptables-nft-restore
# What is not tracked is not rewritten either.
fits "Docker with a published port" no yes
on ds iptables-nft-restore <"$here/kube-proxy.save"
fits kube-proxy yes yes
sed 's/30080/80/' "$here/kube-proxy.save" | on ds iptables-nft-restore
fits "kube-proxy with the same port" no yes
if on ds iptables-legacy -P FORWARD ACCEPT 2>/dev/null; then
  grep -v tunvs- "$here/ufw.save" | on ds iptables-legacy-restore
  fits "ufw of the old tables" no no
  on ds iptables-legacy-restore <"$here/ufw.save"
  fits "ufw of the old tables with routes" yes yes
  on ds iptables-legacy -P FORWARD ACCEPT
  on ds iptables-legacy -P INPUT ACCEPT
  on ds iptables-legacy -F
fi
contains "what is not tracked" "$dip . tcp . 80" "$(on ds nft list set inet tunvs services4)"
on ds ipvsadm -D -t $dip:80
[[ $(on ds nft list ruleset) != *$dip* ]] || fail "a service that is gone is still not tracked"
ip -n rs1 addr del $dip/32 dev lo
on rs1 sysctl -qw net.ipv4.conf.all.arp_ignore=0 net.ipv4.conf.all.arp_announce=0
ip -n ds neigh del 192.168.56.183 dev eth2

# Daemons beside it. One that removes what is not its own is told not to, in a file of its own.
mount -t tmpfs none /etc/systemd
cp "$(command -v sleep)" "$work/systemd-networkd"
ip netns exec ds "$work/systemd-networkd" 300 &
networkd=$!
named() { look; [[ $(level daemon) == "$1" ]]; }
wait_until 5 named warn
mend daemon
gone daemon
contains "it is named" '"about": "systemd-networkd"' "$(cat findings.json)"
kill $networkd
wait $networkd || true
umount /etc/systemd

# Ways to the servers.
on ds ip route add blackhole 192.168.56.184
broken_and_mended route fail
on ds ip route del 192.168.56.0/24 dev eth2
broken_and_mended route fail
ip -n ds link set eth2 down
broken_and_mended route fail
address ds eth2 fd00:56::181/64 2>/dev/null || true
wait_until 10 reached
on ds ip route add 10.88.0.1 via 192.168.56.184
on ds ipvsadm -A -t $vip:88 -s rr
on ds ipvsadm -a -t $vip:88 -r 10.88.0.1 -g
broken_and_mended route fail
contains "the server in a tunnel" "10.88.0.1:88 Tunnel" "$(on ds ipvsadm -L -n | tr -s ' ')"
on ds ipvsadm -D -t $vip:88

# A server that does not answer ARP: its link is down. Up again, it is asked again.
ip -n rs2 link set eth0 down
on ds ip neigh flush to 192.168.56.184
failed() { on client curl -s --max-time 1 http://$vip >/dev/null || true; look; [[ $(level neighbour) == fail ]]; }
wait_until 20 failed
ip -n rs2 link set eth0 up
mend neighbour
gone neighbour

# A server whose answers go past the director (its default route went with its link).
on ds ipvsadm -Z
unanswered() { on client curl -s --max-time 1 http://$vip >/dev/null || true; look; [[ $(level return) == warn ]]; }
wait_until 30 unanswered
mend return
both() { [[ $(answers client 2 http://$vip | tr ' ' '\n' | sort -u | wc -l) == 2 ]]; }
wait_until 20 both
gone return

# Probes, where they are asked for.
well --probe
on ds ip neigh replace 192.168.56.184 lladdr 02:00:00:00:00:99 dev eth2 nud permanent
well
broken_and_mended probe fail --probe
on ds ipvsadm -A -t $vip:81 -s rr
on ds ipvsadm -a -t $vip:81 -r 192.168.56.183:81 -m
found probe fail --probe
contains "a port that nobody listens at" "refused a probe" "$(cat findings.json)"
on ds ipvsadm -D -t $vip:81

# --- after a kill
kill -KILL "$director"
wait "$director" || true
wait_until 5 eval '[[ -z $(on ds nft list ruleset) ]]'
broken_and_mended policy-rules fail
nothing_left

# --- a real server of direct routing
patient=rs1
export TUNVS_SOCKET=$work/none.sock
address rs1 eth0 $vip/24
found virtual-address fail --vip $vip
found arp fail --vip $vip
mend virtual-address
gone virtual-address --vip $vip
found arp fail --vip $vip
mend arp
well --vip $vip
same "where the address is" "lo $vip/32" "$(ip -n rs1 -br addr show to $vip | awk '{ print $1, $NF == "" ? $3 : "" }' | xargs) $vip/32"
