#!/usr/bin/env bash
# Kinds of programs below `tunvs exec`: scripts, programs of 32 bits, children in a network or a user namespace of their own or in
# another root, sockets that go with their thread into another network. Each sees IPVS, or what it sees without us.
here=$(realpath "$(dirname "$0")")
. "$here/lib.sh"
real=/usr/sbin/ipvsadm
[[ -e $real && $(realpath "$real") != "$TUNVS_BIN" ]] || fail "no $real of Debian's: run scripts/install-test-deps"
ip link set lo up
tunvs run >>"$work/director.log" 2>&1 &
director=$!
wait_until 10 ipvsadm -Ln
table="-A -f 9 -s rr"
ipvsadm -A -f 9 -s rr
status_of() { local code=0; "$@" || code=$?; echo "$code"; }

# --- scripts, with a line that says by what they are run and without; no standard files

printf '#!/bin/sh\nexec %s "$@"\n' $real >script
printf '%s "$@"\n' $real >bare
chmod +x script bare
same "a script" "$table" "$(tunvs exec -- ./script -Sn)"
same "a script by its name" "$table" "$(PATH=$PWD:$PATH tunvs exec -- script -Sn)"
same "a script of nobody's" "$table" "$(tunvs exec -- ./bare -Sn)"
tunvs exec -- $real -A -f 10 -s rr <&- >&- 2>&-
contains "what a program without standard files has added" "FWM  10 rr" "$(ipvsadm -Ln)"
ipvsadm -D -f 10

# --- 32 bits, and another way into the kernel: left alone, with the answers of this host's own kernel

if [[ $(uname -m) == x86_64 ]]; then
  cat >narrow.c <<'C'
static int call(int number, int a, int b, int c) {
  int result;
  __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c) : "memory");
  return result;
}
static char ask[32] = {32, 0, 0, 0, 16, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 3, 1, 0, 0, 9, 0, 2, 0, 'I', 'P', 'V', 'S'};
static char answer[4096];
void _start(void) {
  int sock = call(359, 16, 3, 16);
  call(4, sock, (int)ask, 32);
  if (call(3, sock, (int)answer, sizeof answer) < 20) call(1, 100, 0, 0);
  call(1, ((unsigned short *)answer)[2] == 2 ? -*(int *)(answer + 16) : 0, 0, 0);
}
C
  cc -m32 -nostdlib -static -fno-pie -no-pie -fno-stack-protector -o narrow narrow.c
  same "a program of 32 bits" "$(status_of ./narrow)" "$(status_of tunvs exec -- ./narrow)"
fi
same "io_uring" "-1 ENOSYS" "$(tunvs exec -- python3 -c '
import ctypes, errno
libc = ctypes.CDLL(None, use_errno=True)
print(libc.syscall(425, 8, 0), errno.errorcode[ctypes.get_errno()])')"

# --- a network of its own: there no director is, by any of the ways to ask; the modules are there

cat >elsewhere <<SCRIPT
$real -Ln 2>&1 | grep ^Can
ls /proc/net/ip_vs /proc/sys/net/ipv4/vs/conntrack 2>&1 | grep -c 'No such file'
echo 1 2>/dev/null >/proc/sys/net/ipv4/vs/conntrack
lsmod | grep -c "^ip_vs_rr "
SCRIPT
same "in another network" "Can't initialize ipvs: Protocol not available
2
1" "$(tunvs exec -- unshare --net sh ./elsewhere 2>/dev/null)"
contains "the setting" "conntrack = 0" "$(tunvs sysctl conntrack)"

# --- a user namespace of its own, whose privileges say nothing outside; other namespaces change nothing

contains "in a user namespace" "Permission denied" "$(tunvs exec -- unshare --map-root-user $real -A -f 11 -s rr 2>&1 || true)"
contains "in one of nobody's" "Permission denied" "$(chmod 755 .; tunvs exec -- setpriv --reuid 65534 --regid 65534 --clear-groups \
  unshare --map-root-user $real -A -f 11 -s rr 2>&1 || true)"
contains "by the older way" EPERM "$(tunvs exec -- unshare --map-root-user python3 -c '
import errno, socket
try: socket.socket().getsockopt(0, 1152, 64)
except OSError as error: print(errno.errorcode[error.errno])')"
same "with processes of its own" "$table" "$(tunvs exec -- unshare --pid --fork --mount-proc $real -Sn)"
mkdir -p jail/{bin,proc}
cp "$(command -v busybox)" jail/bin/
mount --bind /proc jail/proc
same "in another root" "$(tunvs proc net/ip_vs)" "$(tunvs exec -- chroot jail /bin/busybox cat /proc/net/ip_vs)"

# --- a thread that goes to another network: a socket stays where it was opened

ip netns add other
same "sockets of two networks" "here: IPVS
here, from there: IPVS
there: ENOENT
there, from here: ENOENT
here: IPVS" "$(tunvs exec -- python3 -c '
import ctypes, errno, os, socket, struct
libc = ctypes.CDLL(None)
ASK = struct.pack("=IHHIIBBHHH", 32, 16, 1, 1, 0, 3, 1, 0, 9, 2) + b"IPVS\0\0\0\0"
def family(sock):
    sock.send(ASK)
    answer = sock.recv(65536)
    return errno.errorcode[-struct.unpack_from("=i", answer, 16)[0]] if answer[4] == 2 else "IPVS"
def opened(): return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
one = opened()
print("here:", family(one))
home, there = (os.open(path, os.O_RDONLY) for path in ("/proc/self/ns/net", "/run/netns/other"))
libc.setns(there, 0)
other = opened()
print("here, from there:", family(one))
print("there:", family(other))
libc.setns(home, 0)
print("there, from here:", family(other))
print("here:", family(opened()))')"
same "the table" "$table" "$(ipvsadm -Sn)"
stop_director
