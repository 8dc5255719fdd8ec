#!/usr/bin/env bash
# Other programs written for the kernel's IPVS, unmodified: what sockets of netlink do, libnl, a static program in Go with 1 and 50
# goroutines, pyroute2, collectd by socket options, node_exporter by files, ldirectord with Debian's ipvsadm.
here=$(realpath "$(dirname "$0")")
. "$here/lib.sh"
packages=${TUNVS_TEST_PACKAGES:-/opt/tunvs-tests}
[[ -x $packages/go/bin/go && -d $packages/pyroute2 ]] || fail "no Go and pyroute2 in $packages: run scripts/install-test-deps"
ip link set lo up
tunvs run >>"$work/director.log" 2>&1 &
director=$!
wait_until 10 ipvsadm -Ln

data=$(realpath "$here/../data/netlink")

# --- sockets, as on Linux 6.1. One that stands under a low number, by dup2 or from another process, is not known as such.

known='^(its address there|sender there|its kind|sender to it): '
same "what sockets do" "$(grep -vE "$known" "$data/sockets.out")" \
  "$(timeout 60 tunvs exec -- python3 "$here/exec-sockets.py" 2>&1 | grep -vE "$known")"
ipvsadm -C

# --- odd calls, which this host's own kernel answers outside

same "what odd calls do" "$(timeout 60 python3 "$here/exec-strange.py" 2>&1)" \
  "$(timeout 60 tunvs exec -- python3 "$here/exec-strange.py" 2>&1)"

# --- libnl, also with threads of its own, and below strace

# shellcheck disable=SC2046 # words
cc -o "$work/exec-libnl" "$here/exec-libnl.c" $(pkg-config --cflags --libs libnl-genl-3.0) -lpthread
same "what libnl sees" "$(<"$data/libnl.out")" "$(timeout 60 tunvs exec -- "$work/exec-libnl" 2>&1)"
same "services of libnl" 161 "$(ipvsadm -Sn | grep -c -- -A)"
same "what strace sees" "$(<"$data/libnl.out")" "$(timeout 60 tunvs exec -- strace -f -qq -o "$work/strace" "$work/exec-libnl" 2>&1)"
ipvsadm -C

# --- Go

CGO_ENABLED=0 GO111MODULE=off GOCACHE=$work/go-cache HOME=$work "$packages/go/bin/go" build -o "$work/exec-go" "$here/exec-go/main.go"
for count in 1 50; do
  same "services of $count goroutines" "$count" "$(timeout 60 tunvs exec -- "$work/exec-go" "$count")"
  same "what the director has" "$count" "$(ipvsadm -Sn | grep -c -- '-a .* -r 10.21.0.1:80 -m -w 1')"
  ipvsadm -C
done

# --- pyroute2

cat >"$work/client.py" <<'PYTHON'
import socket
from pyroute2 import IPVS, IPVSDest, IPVSService
from pyroute2.netlink.exceptions import NetlinkError

with IPVS() as ipvs:
    for service, server in [
        (IPVSService(addr="10.0.0.9", port=6000, protocol=socket.IPPROTO_TCP, sched_name="rr"), "10.1.0.1"),
        (IPVSService(addr="fd00::9", port=6000, protocol=socket.IPPROTO_UDP, sched_name="wlc", af=socket.AF_INET6, netmask="128.0.0.0"), "fd00::1"),
        (IPVSService(addr="0.0.0.0", port=0, protocol=socket.IPPROTO_TCP, fwmark=10, sched_name="sh"), "10.1.0.2"),
    ]:
        ipvs.service("add", service=service)
        ipvs.dest("add", service=service, dest=IPVSDest(addr=server, port=6000))
        for dest in ipvs.dest("dump", service=service):
            dest = IPVSDest.from_message(dest)
            print(dest.get("addr"), dest.get("port"), dest.get("weight"))
        try:
            ipvs.service("add", service=service)
        except NetlinkError as error:
            print(error.code)
    print(len(list(ipvs.service("dump"))))
PYTHON
PYTHONPATH=$packages timeout 60 tunvs exec -- python3 "$work/client.py" >"$work/client.out" 2>"$work/pyroute2.log"
same "what pyroute2 sees" "10.1.0.1 6000 1
17
fd00::1 6000 1
17
10.1.0.2 6000 1
17
3" "$(<"$work/client.out")"
same "services of pyroute2" 3 "$(ipvsadm -Sn | grep -c -- -A)"
ipvsadm -C

# --- collectd

ipvsadm -A -t 10.0.0.70:80 -s rr
ipvsadm -a -t 10.0.0.70:80 -r 10.1.0.1:8080 -m
mkdir "$work/collectd"
cat >"$work/collectd.conf" <<CONF
BaseDir "$work/collectd"
PIDFile "$work/collectd.pid"
Interval 1
LoadPlugin ipvs
LoadPlugin csv
<Plugin csv>
  DataDir "$work/collectd"
</Plugin>
CONF
tunvs exec -- /usr/sbin/collectd -f -C "$work/collectd.conf" >"$work/collectd.log" 2>&1 &
collectd=$!
written() { compgen -G "$work/collectd/*/ipvs-10.0.0.70_TCP80/connections-10.1.0.1_8080*"; }
wait_until 20 written
kill "$collectd"
wait "$collectd" || fail "collectd ended with $?"
ipvsadm -C

# --- node_exporter

ipvsadm -A -t 10.0.0.71:80 -s rr
ipvsadm -a -t 10.0.0.71:80 -r 10.1.0.1:8080 -m -w 7
tunvs exec -- prometheus-node-exporter --collector.disable-defaults --collector.ipvs --web.listen-address=127.0.0.1:9100 \
  >"$work/node-exporter.log" 2>&1 &
exporter=$!
exported() { curl -sf http://127.0.0.1:9100/metrics >"$work/metrics"; }
wait_until 20 exported
contains "what node_exporter tells" \
  'node_ipvs_backend_weight{local_address="10.0.0.71",local_mark="",local_port="80",proto="TCP",remote_address="10.1.0.1",remote_port="8080"} 7' \
  "$(<"$work/metrics")"
contains "its statistics" node_ipvs_incoming_packets_total "$(<"$work/metrics")"
kill "$exporter"
wait "$exporter" || true
ipvsadm -C

# --- ldirectord

mkdir "$work/site"
echo up >"$work/site/index.html"
python3 -m http.server 8123 --bind 127.0.0.1 --directory "$work/site" >/dev/null 2>&1 &
server=$!
cat >"$work/ldirectord.cf" <<CONF
checktimeout=2
checkinterval=1
quiescent=no
logfile="$work/ldirectord.log"
virtual=10.0.0.60:80
	real=127.0.0.1:8123 masq
	service=http
	scheduler=rr
	protocol=tcp
	checktype=negotiate
	request="index.html"
	receive="up"
CONF
tunvs exec -- ldirectord -d "$work/ldirectord.cf" start >"$work/ldirectord-debug.log" 2>&1 &
ldirectord=$!
has() { [[ $(ipvsadm -Sn) == *"$1"* ]]; }
lacks() { ! has "$1"; }
wait_until 20 has "-r 127.0.0.1:8123 -m"
kill "$server"
wait_until 20 lacks "-r 127.0.0.1:8123"
kill "$ldirectord"
wait_until 20 lacks 10.0.0.60
wait "$ldirectord" || true

stop_director
