#!/usr/bin/env bash
# Other programs written for the kernel's IPVS, unmodified: a static program in Go with 1 and 50 goroutines, pyroute2, ldirectord with
# Debian's ipvsadm, collectd; programs that behave badly; and what it all costs.
here=$(realpath "$(dirname "$0")")
. "$here/lib.sh"
packages=${TUNVS_TEST_PACKAGES:-/opt/tunvs-tests}
[[ -x $packages/go/bin/go && -d $packages/pyroute2 ]] || fail "no Go and pyroute2 in $packages: run scripts/install-test-deps"
ip link set lo up
tunvs run >>"$work/director.log" 2>&1 &
director=$!
wait_until 10 ipvsadm -Ln
real=/usr/sbin/ipvsadm

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

# --- collectd, by socket options

ipvsadm -A -t 10.0.0.70:80 -s rr
ipvsadm -a -t 10.0.0.70:80 -r 10.1.0.1:80 -m
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
tunvs exec -- collectd -f -C "$work/collectd.conf" >"$work/collectd.log" 2>&1 &
collectd=$!
written() { compgen -G "$work/collectd/*/ipvs-10.0.0.70_TCP50/connections-10.1.0.1_50*"; }
wait_until 20 written
kill "$collectd"
wait "$collectd" || true
ipvsadm -C

# --- programs that behave badly

cat >"$work/bad.py" <<'PYTHON'
import errno, os, resource, socket, struct, sys

FAMILY = None

def message(kind, command, attrs=b"", flags=5, seq=1, length=None):
    body = struct.pack("=BBH", command, 1, 0) + attrs
    return struct.pack("=IHHII", length or 16 + len(body), kind, flags, seq, 0) + body

def open_one():
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
    sock.bind((0, 0))
    return sock

sock = open_one()
sock.send(message(16, 3, b"\x09\0\2\0IPVS\0\0\0\0", 1))
answer = sock.recv(65536)
FAMILY = struct.unpack_from("=H", answer, 36)[0]

# Lies, and pieces of messages: answered or not, but never in the way of what follows.
for data in [b"", b"\0" * 15, b"\xff" * 64, message(FAMILY, 15, length=0xffffffff), message(FAMILY, 15)[:17], os.urandom(4096)]:
    try: sock.send(data)
    except OSError: pass
sock.settimeout(5)
sock.send(message(FAMILY, 15, flags=1, seq=4711))
while True:
    answer = sock.recv(65536)
    if struct.unpack_from("=I", answer, 8)[0] == 4711: break
print("after lies", struct.unpack_from("=H", answer, 4)[0] == FAMILY)

# A wait ends by a timeout, and by a signal.
import signal, time
sock.settimeout(None)
sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("=qq", 0, 200000))
try: sock.recv(100)
except BlockingIOError: print("timeout")
sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("=qq", 0, 0))
class Alarm(Exception): pass
def ring(*_): raise Alarm
signal.signal(signal.SIGALRM, ring)
signal.setitimer(signal.ITIMER_REAL, 0.2)
try: sock.recv(100)
except Alarm: print("signal")

# As many sockets as it may have: an error, and the next program is served.
many = []
try:
    while len(many) < 1000: many.append(open_one())
except OSError as error: print("many", len(many) > 400, errno.errorcode[error.errno])
for one in many: one.close()
for _ in range(3000): open_one().close()
print("and again")

# Answers that nobody reads: the program is held up at most by its own socket.
sock = open_one()
sock.setblocking(False)
sent = 0
try:
    while sent < 20000:
        sock.send(message(FAMILY, 4, flags=0x301)); sent += 1
except BlockingIOError: pass
print("unread", sent > 0)
if os.fork() == 0:
    sock = open_one(); sock.send(message(FAMILY, 15, flags=1)); print("a child is served", len(sock.recv(4096)) > 0)
    sys.stdout.flush(); os._exit(0)
os.wait()
PYTHON
same "a program that behaves badly" "after lies True
timeout
signal
many True EMFILE
and again
unread True
a child is served True" "$(ulimit -Sn 1024; timeout 60 tunvs exec -- python3 -u "$work/bad.py" 2>&1)"

# Processes up to the program's own limit, each of which asks.
same "a bounded crowd of processes" 40 "$(timeout 60 tunvs exec -- bash -c 'for i in {1..40}; do '"$real"' -Ln >/dev/null && echo ok & done; wait' | grep -c ok)"
# Without the capability nothing can be changed, as with the kernel.
contains "without a privilege" "Permission denied" \
  "$(tunvs exec -- capsh --drop=cap_net_admin -- -c "$real -A -f 1 -s rr" 2>&1 || true)"
same "nothing was added" "" "$(ipvsadm -Sn)"
# Another filter of the program's own.
same "beside another filter" 0 "$(tunvs exec -- capsh --no-new-privs -- -c "$real -Ln >/dev/null; echo \$?")"

stop_director
