#!/usr/bin/env bash
# Programs that behave badly below `tunvs exec`: messages that lie, answers that nobody reads, sockets and processes without end,
# filters of their own, set-uid. They get the kernel's errors, the supervisor's memory is bounded, and it goes on serving others.
here=$(realpath "$(dirname "$0")")
. "$here/lib.sh"
ip link set lo up
real=/usr/sbin/ipvsadm
[[ -e $real && $(realpath "$real") != "$TUNVS_BIN" ]] || fail "no $real of Debian's: run scripts/install-test-deps"
tunvs run >>"$work/director.log" 2>&1 &
director=$!
wait_until 10 ipvsadm -Ln
bad() { timeout 60 tunvs exec -- python3 -u "$here/exec-bad.py" "$@" 2>&1; }

same "lies" "after lies: True" "$(bad lies)"
same "many sockets" "many: True EMFILE
the last is served: True
and again: True" "$(ulimit -Sn 1024; bad many)"
ipvsadm -A -t 10.0.0.1:80 -s rr
same "what nobody reads" "bounded: True
a child is served: True
told that answers were lost
and so is it: True" "$(bad unread)"
same "room without end" "others are served meanwhile: True
bounded: True" "$(bad rooms)"
same "long datagrams" "bounded: True
and others are served: True" "$(bad long)"
chmod 755 "$work"
same "a crowd" "a bounded crowd: True 0" \
  "$(timeout 60 tunvs exec -- setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps +net_admin --ambient-caps +net_admin \
    prlimit --nproc=40 python3 -u "$here/exec-bad.py" crowd 2>&1)"
same "filters of its own" "beside a filter of its own: True
its own filter comes first" "$(bad filters)"
same "a second listener" "a second listener: EBUSY" "$(bad listener)"
contains "a second supervisor" "supervised already" "$(tunvs exec -- tunvs exec -- true 2>&1 || true)"

# --- set-uid: as without us where tunvs has CAP_SYS_ADMIN, and no privilege is gained where it has not

cp "$real" "$work/setuid-ipvsadm"
chmod 4755 "$work/setuid-ipvsadm"
nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)
tunvs exec -- "${nobody[@]}" "$work/setuid-ipvsadm" -A -f 5 -s rr
contains "what a set-uid program has added" "FWM  5 rr" "$(ipvsadm -Ln)"
cp "$TUNVS_BIN" "$work/program"
chmod 755 "$work/program"
chmod 666 "$TUNVS_SOCKET"
contains "set-uid without a privilege to filter" "Permission denied" \
  "$("${nobody[@]}" "$work/program" exec --socket "$TUNVS_SOCKET" -- "$work/setuid-ipvsadm" -A -f 6 -s rr 2>&1 || true)"
contains "without the capability" "Permission denied" "$(tunvs exec -- capsh --drop=cap_net_admin -- -c "$real -A -f 6 -s rr" 2>&1 || true)"
[[ $(ipvsadm -Ln) != *"FWM  6"* ]] || fail "a service was added without a privilege"

# --- a program that ends while its threads wait, and a director that hangs: signals still end programs

tunvs exec -- python3 -c '
import os, socket, threading, time
sock = socket.socket(16, 3, 16)
for _ in range(20): threading.Thread(target=sock.recv, args=(100,), daemon=True).start()
time.sleep(0.3)
os._exit(0)'
kill -STOP "$director"
code=0
timeout -s TERM 2 tunvs exec -- "$real" -Ln >/dev/null 2>&1 || code=$?
kill -CONT "$director"
same "a program that waits for a director that hangs" 124 "$code"
wait_until 10 ipvsadm -Ln
stop_director
