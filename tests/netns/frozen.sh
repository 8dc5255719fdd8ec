#!/usr/bin/env bash
# A director that is frozen, short of files, of room on its disk or of memory, or whose clock jumps: connections go on, and what is lost is
# said or counted.
here=$(realpath "$(dirname "$0")")
. "$(dirname "$0")/lib.sh"
topology
vip=192.168.1.200
echo_server rs1
echo_server rs2
mkdir "$work/state"
mount -t tmpfs -o size=1m,mode=700 tmpfs "$work/state"
export TUNVS_SOCKET=$work/state/sock

serve() {
  start_director
  on ds ipvsadm -A -t $vip:7 -s rr
  two_servers -t $vip:7 7
}
# load SECONDS STALL: 50 connections in the background; then `unharmed`: none of them was reset, closed or waited for longer than STALL.
load() { begin_load $vip 50 "$1" "$2"; }
unharmed() {
  end_load
  same "connections that were harmed: $1: $(tail -n 1 "$work/load")" 0 "$lost"
}
count() { on ds tunvs counters | sed -n "s/^$1 //p"; }
pass() { python3 -c 'import sys, time; time.sleep(float(sys.argv[1]))' "$1"; }

# --- stopped for ten seconds
serve
load 14 12
kill -STOP "$director"
pass 10
kill -CONT "$director"
unharmed "by a stop of ten seconds"

# --- no descriptors left: packets go on, and who asks the director waits or is refused
load 6 2
prlimit --pid "$director" --nofile="$(ls "/proc/$director/fd" | wc -l):"
for ((number = 0; number < 20; number++)); do timeout 1 ip netns exec ds tunvs counters >/dev/null 2>&1 || true; done
unharmed "for want of descriptors"
prlimit --pid "$director" --nofile=1024:
wait_until 10 director_answers

# --- no room on the disk: connections are not kept any more, which is said once, and packets go on
load 8 2
head -c 1m /dev/zero >"$work/state/filler" 2>/dev/null || true
ip netns exec client python3 "$here/crash-load.py" load $vip 7 2000 0 2 >"$work/more" 2>&1
said() { grep -c "connections will not outlive this director" "$work/director-ds.log" || true; }
is_said() { [[ $(said) == 1 ]]; }
wait_until 10 is_said
contains "status" "connections DO NOT OUTLIVE A KILL: No space left on device" "$(on ds tunvs status)"
contains "the doctor" "connections do not outlive a kill of the director: No space left on device" "$(on ds tunvs doctor || true)"
unharmed "by a full disk"
rm "$work/state/filler"
stop_director
nothing_left

# --- a clock that jumps between two directors
serve
for jump in 86400 864000; do
  load 6 2
  pass 1
  kill -9 "$director"
  wait "$director" || true
  ip netns exec ds unshare --time --monotonic "$jump" --fork --kill-child tunvs run >>"$work/director-ds.log" 2>&1 &
  director=$!
  wait_until 10 director_answers
  unharmed "by a clock that went on by $jump s"
  kill -9 "$(pgrep -P "$director")"
  wait "$director" || true
  start_director
done

# --- no more memory than it has: whether it lives with that or ends, connections go on
load 8 3
prlimit --pid "$director" --as="$(($(awk '/VmSize/ { print $2 }' "/proc/$director/status") * 1024)):"
ip netns exec client python3 "$here/crash-load.py" load $vip 7 3000 0 3 >"$work/more" 2>&1
if ended_process "$director"; then
  wait "$director" && fail "it ended as though nothing were wrong"
  start_director
fi
unharmed "for want of memory"
stop_director
nothing_left
