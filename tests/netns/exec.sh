#!/usr/bin/env bash
# Programs written for the kernel's IPVS, as they come: Debian's ipvsadm says of a director what it says of the kernel, to
# the byte; files and settings of the kernel are there; signals, exit statuses and processes in the background are the program's.
here=$(realpath "$(dirname "$0")")
. "$here/lib.sh"
data=$(realpath "$here/../data/cli")
ip link set lo up
real=$work/real
mkdir "$real"
for name in ipvsadm ipvsadm-save ipvsadm-restore; do
  program=/usr/sbin/$name
  [[ -e $program && $(realpath "$program") != "$TUNVS_BIN" ]] || fail "no $program of Debian's: run scripts/install-test-deps"
  ln -s "$program" "$real/$name"
done

start_one() {
  tunvs run >>"$work/director.log" 2>&1 &
  director=$!
  wait_until 10 ipvsadm -Ln
}
stop_one() { stop_director; }

# in_kernel COMMAND...: runs it where Debian's tools come first and this host has IPVS.
in_kernel() { PATH=$real:$PATH tunvs exec -- "$@"; }

# --- Debian's ipvsadm: every recording, each on a fresh director

cat >"$work/transcribe" <<'SCRIPT'
while IFS= read -r line; do
  [[ -n $line ]] || continue
  [[ $line != \#* ]] || { printf '%s\n' "$line"; continue; }
  code=0
  output=$(bash -c "$line" 2>&1 </dev/null) || code=$?
  printf '$ %s\n' "$line"
  [[ -z $output ]] || printf '%s\n' "$output"
  printf '[exit %d]\n' "$code"
done <"$1"
SCRIPT
count=0
for file in "$data"/*.cmd; do
  name=$(basename "$file" .cmd)
  [[ $name != stats-* && $name != proc-conn ]] || continue
  start_one
  same "$name" "$(<"$data/$name.out")" "$(in_kernel bash "$work/transcribe" "$file")"
  stop_one
  count=$((count + 1))
done
((count > 40)) || fail "only $count recordings"

# --- how programs end

status_of() { local code=0; "$@" || code=$?; echo "$code"; }
start_one
same "an exit status" 7 "$(status_of tunvs exec -- sh -c 'exit 7')"
same "a program that is not there" 127 "$(status_of tunvs exec -- /nonexistent 2>/dev/null)"
same "a file that is no program" 126 "$(status_of tunvs exec -- /etc/passwd 2>/dev/null)"
same "a supervisor below another" 125 "$(status_of tunvs exec -- tunvs exec -- true 2>/dev/null)"
contains "what is said of it" "supervised already" "$(tunvs exec -- tunvs exec -- true 2>&1 || true)"
same "a signal" 143 "$(status_of tunvs exec -- sh -c 'kill -TERM $$' 2>/dev/null)"
same "a real-time signal" 168 "$(status_of tunvs exec -- sh -c 'kill -40 $$' 2>/dev/null)"
same "SIGKILL" 137 "$(status_of tunvs exec -- sh -c 'kill -9 $$' 2>/dev/null)"

tunvs exec -- bash -c 'trap "echo reloaded >>hups" HUP; trap "exit 3" TERM; touch ready; while :; do sleep 0.1; done' &
outer=$!
wait_until 5 test -e ready
kill -HUP "$outer"
wait_until 5 test -e hups
kill -TERM "$outer"
code=0
wait "$outer" || code=$?
same "the status after SIGTERM" 3 "$code"

# A daemon that the program leaves behind is still supervised, and whoever reads its output does not wait for it.
same "what a program with a daemon writes" done "$(tunvs exec -- sh -c \
  '(setsid sh -c "sleep 1; '"$real"'/ipvsadm -A -f 77 -s rr; touch daemon" >/dev/null 2>&1 &) ; echo done')"
wait_until 10 test -e daemon
contains "the daemon's service" "FWM  77 rr" "$(ipvsadm -Ln)"
ipvsadm -C

# As the first process of a container.
same "a container's status" 5 "$(status_of unshare --pid --fork --mount-proc tunvs exec -- sh -c \
  'for i in 1 2 3 4 5; do (sleep 0.01 &) ; done; sleep 0.2; '"$real"'/ipvsadm -A -f 78 -s rr && exit 5')"
contains "the container's service" "FWM  78 rr" "$(ipvsadm -Ln)"
ipvsadm -C

# In a user namespace, without any privilege on this host.
chmod 755 "$work"
same "in a user namespace" 0 "$(status_of setpriv --reuid 65534 --regid 65534 --clear-groups unshare -Ur tunvs exec -- true)"

# Where the host lacks what is usual.
contains "without /proc" "/proc is not mounted here" \
  "$(unshare --mount bash -c 'mount -t tmpfs tmpfs /proc && exec tunvs exec -- true' 2>&1 || true)"
same "without /dev/null" 0 "$(status_of unshare --mount bash -c 'mount -t tmpfs tmpfs /dev && exec tunvs exec -- true')"

# --- files and settings

ipvsadm -A -t 10.0.0.1:80 -s rr
same "/proc/net/ip_vs" "$(tunvs proc net/ip_vs)" "$(in_kernel cat /proc/net/ip_vs)"
same "by another path" "$(tunvs proc net/ip_vs)" "$(in_kernel sh -c 'cd /proc/self/net; cat ip_vs')"
contains "modules" "ip_vs_wlc" "$(in_kernel lsmod 2>&1)"
same "modprobe" 0 "$(status_of in_kernel modprobe ip_vs)"
same "modprobe of what is not there" 1 "$(status_of in_kernel modprobe ip_vs_nothing 2>/dev/null)"
same "a setting" "0" "$(in_kernel cat /proc/sys/net/ipv4/vs/conntrack)"
in_kernel sysctl -qw net.ipv4.vs.conntrack=1
contains "a setting of sysctl" "conntrack = 1" "$(tunvs sysctl conntrack)"
same "what sysctl shows" "net.ipv4.vs.conntrack = 1" "$(in_kernel sysctl net.ipv4.vs.conntrack)"
same "a setting by a shell" "0" "$(in_kernel sh -c 'echo 0 >/proc/sys/net/ipv4/vs/conntrack; cat /proc/sys/net/ipv4/vs/conntrack')"
contains "a value that is none" "Invalid argument" \
  "$(in_kernel python3 -c 'with open("/proc/sys/net/ipv4/vs/drop_entry", "w") as file: file.write("9")' 2>&1 || true)"
same "a setting that is none" 1 "$(status_of in_kernel test -e /proc/sys/net/ipv4/vs/nothing)"
same "a table of another kind" "$(cat /proc/net/dev | wc -l)" "$(in_kernel sh -c 'wc -l </proc/net/dev')"

# --- a director that goes and comes back: the module is gone, and is there again

cat >"$work/patient" <<'SCRIPT'
ipvsadm -Ln >/dev/null && echo there
touch asked
until [[ -e gone ]]; do sleep 0.05; done
ipvsadm -Ln 2>&1 | grep ^Can
[[ -e /proc/net/ip_vs ]] || echo "no file"
touch asked-again
until [[ -e back ]]; do sleep 0.05; done
ipvsadm -Ln | head -n 1
SCRIPT
in_kernel bash "$work/patient" >"$work/patient.out" 2>/dev/null &
patient=$!
wait_until 10 test -e asked
stop_one
touch gone
wait_until 10 test -e asked-again
start_one
touch back
wait "$patient"
same "as a director comes and goes" "there
Can't initialize ipvs: Protocol not available
no file
IP Virtual Server version 1.2.1 (size=4096)" "$(<"$work/patient.out")"
stop_one
