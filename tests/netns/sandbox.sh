#!/usr/bin/env bash
# The sandbox of a director, of its successor and of a real server: in force for each thread, refuses what somebody would do who has got hold
# of a thread, and lets through whatever a director does; programs are started outside of it, as their user.
here=$(realpath "$(dirname "$0")")
. "$here/lib.sh"
topology
web rs1
web rs2
mkdir state logs elsewhere forbidden
mkdir -m 777 told
chmod 755 "$work" /run
export TUNVS_SOCKET=$work/state/sock

# of PID KEY: what all its threads have in common there.
of() { cat "/proc/$1"/task/*/status | sed -n "s/^$2:\t//p" | sort -u | xargs; }
starter_of() { pgrep -P "$1" -f start-programs; }
# inject PID CALL...: their outcomes, in the thread that waits for signals, on one line.
inject() {
  local thread
  thread=$(grep -l signals "/proc/$1"/task/*/comm)
  thread=${thread%/comm}
  shift
  python3 "$here/inject.py" "${thread##*/}" "$@" | xargs
}

cat >script <<SCRIPT
#!/bin/sh
echo "\$(id -u) \$(sed -n 's/^\(CapEff\|NoNewPrivs\|Seccomp\):.//p' /proc/self/status | xargs)" >$work/told/\$1.new
mv $work/told/\$1.new $work/told/\$1
SCRIPT
chmod 755 script
cat >base.toml <<CONF
[[service]]
address = "192.168.1.200:80"
scheduler = "rr"
[[service.server]]
address = "192.168.56.183:80"
forward = "masq"
check = [
  { type = "http", interval = 0.2 },
  { type = "script", command = ["$work/script", "nobody"], user = "nobody", interval = 0.2 },
]
[[service.server]]
address = "192.168.56.184:80"
forward = "masq"
check = { type = "script", command = ["$work/script", "own"], interval = 0.2 }
CONF
{ printf '[flow_log]\nfile = "%s"\n' "$work/logs/flows"; cat base.toml; } >tunvs.toml
start_director --config tunvs.toml
sandboxed() {
  same "the sandbox of $2" "1 2" "$(of "$1" NoNewPrivs) $(of "$1" Seccomp)"
}
sandboxed "$director" "each thread"
starter=$(starter_of "$director")
same "its name, and the director's" "tunvs-programs tunvs" "$(cat "/proc/$starter/comm" "/proc/$director/comm" | xargs)"
same "no sandbox where programs are started" "0 0" "$(of "$starter" NoNewPrivs) $(of "$starter" Seccomp)"
same "capabilities that only the other process needs" "3420 34e0" "$(of "$director" CapEff | sed 's/^0*//') $(of "$starter" CapEff | sed 's/^0*//')"
contains "the status" "sandbox        no new privileges, a filter of system calls, Landlock" "$(on ds tunvs status)"
contains "the doctor" "the director is sandboxed: no new privileges" "$(on ds tunvs doctor || true)"

# --- programs run as their user, with the capabilities of that, and are not in the sandbox
told() { [[ -s told/nobody && -s told/own ]]; }
wait_until 10 told
same "the script of nobody" "65534 0000000000000000 0 0" "$(cat told/nobody)"
same "the director's own" "0 0000000000000000 1 0" "$(cat told/own)"
answer() { [[ $(answers client 2 http://192.168.1.200) == *rs*rs* ]]; }
wait_until 10 answer

# --- what the director is refused: mount, unshare, ptrace, setns, setuid, execve, keyctl, bpf(BPF_PROG_LOAD), io_uring_setup; a socket of
# AF_ALG; a call that there is not; execveat(2) of another program; openat(2) to write elsewhere; and what it is let
denied="EPERM EPERM EPERM EPERM EPERM EPERM EPERM EPERM EPERM EAFNOSUPPORT ENOSYS EPERM EACCES EACCES"
attack() {
  inject "$1" 165,none,/mnt,tmpfs,0,0 272,1073741824 101,16,1 308,3,0 105,0 59,/bin/true,0,0 250,0,-1 321,5,0,0 425,4,0 41,38,5,0 999 322,-100,/bin/true,0,0,0 \
    "257,-100,$work/forbidden/new,577,420" "257,-100,/etc/hostname,1" >attacked
  cat attacked
}
same "what somebody is refused who has got hold of a thread" "$denied" "$(attack "$director")"
made=$(inject "$director" "257,-100,$work/state/new,577,420" "41,2,1,0")
[[ $made =~ ^[0-9]+\ [0-9]+$ && -e $work/state/new ]] || fail "files beside the socket, and sockets: $made"
same "files where none may be" "" "$(ls forbidden)"
answer || fail "no answer after that"

# --- reload: another check, another program; a log that lies where the director may not write is refused, and said how to have it
sed -e 's/"own"/"other"/' tunvs.toml >next.toml && cat next.toml >tunvs.toml
on ds tunvs reload >reload.out
is_told() { [[ -s told/$1 ]]; }
wait_until 10 is_told other
sed -e "s:$work/logs/flows:$work/elsewhere/flows:" tunvs.toml >next.toml && cat next.toml >tunvs.toml
refused on ds tunvs reload
contains "a log elsewhere" '`tunvs upgrade` starts it with this one' "$output"

# --- the flow log is opened anew where it was
mv logs/flows logs/flows.1
kill -USR1 "$director"
wait_until 10 test -e logs/flows

# --- another one takes over, started outside of the sandbox, with the file as it is now; the attendant stays sandboxed, and frees its memory
cp "$TUNVS_BIN" state/tunvs
refused on ds tunvs upgrade state/tunvs
contains "a binary that the director could have written" "it lies where the director writes" "$output"
for turn in 1 2; do
  old=$(director_pid)
  on ds tunvs upgrade >upgrade.out
  new=$(director_pid)
  sandboxed "$new" "successor $turn"
  sandboxed "$director" "the attendant"
  contains "the attendant's command" "attend" "$(tr '\0' ' ' <"/proc/$director/cmdline")"
  same "what somebody is refused in successor $turn" "$denied" "$(attack "$new")"
  one_child() { [[ $(pgrep -P "$director" | wc -l) == 1 ]]; }
  wait_until 10 one_child
  rm -f told/*
  wait_until 10 is_told other
  answer || fail "no answer after upgrade $turn"
done
test -e elsewhere/flows || fail "no flow log where the file says"

# --- without the process that starts programs a check says nothing of its server, and the director goes on
kill -9 "$(starter_of "$new")"
void() { on ds tunvs health --json | grep -q 'the process that starts programs'; }
wait_until 10 void
answer || fail "no answer without that process"
refused on ds tunvs upgrade
contains "why there is no upgrade" "the process that starts programs" "$output"
stop_director
nothing_left
gone() { ! pgrep -f start-programs; }
wait_until 10 gone

# --- without it
start_director --config tunvs.toml --no-sandbox
same "the sandbox with --no-sandbox" "0 0" "$(of "$director" NoNewPrivs) $(of "$director" Seccomp)"
contains "the status" "sandbox        off" "$(on ds tunvs status)"
rm -f told/*
wait_until 10 is_told other
stop_director

# --- a container whose own filter lets neither seccomp(2) nor Landlock through, and a process that may gain no privileges already
cat >contained.py <<'PY'
import ctypes, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
EPERM, ENOSYS, ERRNO, ALLOW = 1, 38, 0x50000, 0x7FFF0000
load, equal, least, give = 0x20, 0x15, 0x35, 0x06
# 317 is seccomp(2), 444 to 446 are Landlock.
steps = [(load, 0, 0, 0), (equal, 0, 1, 317), (give, 0, 0, ERRNO | EPERM), (least, 0, 2, 444), (least, 1, 0, 447),
         (give, 0, 0, ERRNO | ENOSYS), (give, 0, 0, ALLOW)]
filter = b"".join(struct.pack("=HBBI", *step) for step in steps)
buffer = ctypes.create_string_buffer(filter)
program = struct.pack("@HP", len(steps), ctypes.addressof(buffer))
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, ctypes.c_char_p(program), 0, 0) == 0
os.execvp(sys.argv[1], sys.argv[1:])
PY
ip netns exec ds python3 contained.py tunvs run --config tunvs.toml >>director-ds.log 2>&1 &
director=$!
wait_until 10 director_answers
found=$(on ds tunvs status)
contains "what is left of the sandbox" $'sandbox        no new privileges\n' "$found"
contains "why there is no Landlock" "this kernel has no Landlock" "$found"
contains "why there is no filter" "seccomp: Operation not permitted" "$found"
contains "the log" "not sandboxed as it should be" "$(cat director-ds.log)"
rm -f told/*
wait_until 10 is_told other
answer || fail "no answer in a container"
stop_director
nothing_left

# --- a real server
ip netns exec rs1 tunvs real-server --vip 192.168.1.200 --mode ipip --socket "$work/state/real" >>real.log 2>&1 &
real=$!
up() { TUNVS_SOCKET=$work/state/real on rs1 tunvs counters; }
wait_until 10 up
sandboxed "$real" "a real server"
same "what somebody is refused there" "$denied" "$(attack "$real")"
contains "its status" "sandbox        no new privileges" "$(TUNVS_SOCKET=$work/state/real on rs1 tunvs status)"
kill -TERM "$real"
wait "$real"
nothing_left rs1
