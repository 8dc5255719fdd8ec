#!/usr/bin/env bash
# ldirectord, unmodified, keeps the service: it takes a stopped nginx out, puts it back, and at its end removes what
# it made. It looks for ipvsadm in /usr/sbin only, so the sandbox has tunvs there.
. "$(dirname "$0")/lib.sh"
[[ -e /usr/sbin/ipvsadm ]] || fail "no /usr/sbin/ipvsadm, which the package ldirectord brings: run scripts/install-test-deps"
mount --bind "$TUNVS_BIN" /usr/sbin/ipvsadm
topology
web rs1
web rs2
start_director
address ds eth1 192.168.1.183/24

cat >ldirectord.cf <<'CONF'
checktimeout=2
checkinterval=1
quiescent=no
logfile="/run/work/ldirectord.log"
virtual=192.168.1.183:80
	real=192.168.56.183:80 masq
	real=192.168.56.184:80 masq
	service=http
	scheduler=rr
	protocol=tcp
	checktype=negotiate
	request="index.html"
	receive="rs[12]"
CONF
ip netns exec ds ldirectord -d "$work/ldirectord.cf" start >ldirectord-debug.log 2>&1 &
ldirectord=$!

servers() { on ds ipvsadm -L -n | awk '/->.*Masq/ { print $2 }' | paste -sd' '; }
servers_are() { [[ $(servers) == "$1" ]]; }
both="192.168.56.183:80 192.168.56.184:80"
wait_until 20 servers_are "$both"
same "both servers" "rs1 rs2" "$(answers client 2 http://192.168.1.183 | tr ' ' '\n' | sort | paste -sd' ')"

kill "$(cat web-rs2/pid)"
wait_until 20 servers_are 192.168.56.183:80
same "with one nginx" "rs1 rs1 rs1 rs1" "$(answers client 4 http://192.168.1.183)"
web rs2
wait_until 20 servers_are "$both"

kill "$ldirectord"
no_services() { ! on ds ipvsadm -L -n | grep -q ^TCP; }
wait_until 20 no_services
stop_director
nothing_left
