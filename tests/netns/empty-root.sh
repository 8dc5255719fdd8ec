#!/usr/bin/env bash
# A root folder with the program and nothing else: the article is played there, the director is the first process of a container
# there and a child of busybox's init, and what it misses (name servers, /proc, /run, a place to write, a name for its user) it
# does without or names. A binary that is not static brings its libraries along; `make test-dist` brings the one that is.
here=$(realpath "$(dirname "$0")")
. "$here/lib.sh"

# The root: a memory of its own, where scenarios that are run from here see it too.
root=/mnt
mount -t tmpfs -o size=512m tmpfs $root
mkdir -p $root/{sbin,proc,run,dev/net}
cp "$TUNVS_BIN" $root/sbin/tunvs
for name in ipvsadm ipvsadm-save ipvsadm-restore; do ln -s tunvs $root/sbin/$name; done
mknod -m 666 $root/dev/net/tun c 10 200
mknod -m 666 $root/dev/null c 1 3
for library in $(ldd "$TUNVS_BIN" 2>/dev/null | grep -o '/[^ ]*' || true); do
  install -D "$library" "$root$library"
done
same "files in the root" "" "$(cd $root && find . -xdev -type f -not -name '*.so*' -not -path ./sbin/tunvs -not -path './dev/*')"

# --- the article, each command of it in that root
cat >$root/enter <<'ENTER'
#!/usr/bin/env bash
# Plays a program of ours: in the root, whose /proc and /run are those of whoever calls.
mount -t proc proc /mnt/proc
mount --rbind /run /mnt/run
exec chroot /mnt "/sbin/${0##*/}" "$@"
ENTER
chmod 755 $root/enter
env -u TUNVS_SANDBOX TUNVS_BIN=$root/enter bash "$here/article.sh"

# --- by hand
topology
web rs1
web rs2
ip -n ds addr add 192.168.1.183/32 dev lo
before=$(snapshot ds)
unset TUNVS_SOCKET

# inside SETUP COMMAND...: plays a command on ds in the root, as the first process of a namespace of processes, as containers do,
# after these commands of a shell that prepare the root.
inside() {
  local setup=$1
  shift
  on ds unshare --mount --pid --fork --kill-child bash -ec "$setup"'; exec env -i ${as-} "$(command -v chroot)" /mnt "$@"' - "$@"
}
ordinary='mount -t proc proc /mnt/proc; mount -t tmpfs tmpfs /mnt/run'
# That process, below the shell and `unshare`.
first() { pgrep -P "$(pgrep -P "$started")"; }
# beside COMMAND...: where it is.
beside() { env -i "$(command -v nsenter)" -t "$(first)" -a -r -w "$@"; }
answers_inside() {
  ! ended_process "$started" || fail "it ended: $(cat "$work/inside.log")"
  beside /sbin/ipvsadm -L -n
}
begin() {
  inside "$@" >"$work/inside.log" 2>&1 &
  started=$!
  wait_until 10 answers_inside
}
serves() {
  beside /sbin/ipvsadm -A -t 192.168.1.183:80 -s rr
  beside /sbin/ipvsadm -a -t 192.168.1.183:80 -r 192.168.56.183 -m
  beside /sbin/ipvsadm -a -t 192.168.1.183:80 -r 192.168.56.184 -m
  same "answers: $1" "rs2 rs1" "$(answers client 2 http://192.168.1.183)"
}
# ends WHAT: SIGTERM to the first process, and nothing is left of it.
ends() {
  kill -TERM "$(first)"
  wait_until 20 ended_process "$started"
  same "the host after: $1" "$before" "$(snapshot ds)"
}
# refused_inside WHAT PART SETUP COMMAND...: one line that has this part, and nothing is left.
refused_inside() {
  local what=$1 part=$2
  shift 2
  refused inside "$@"
  contains "$what" "$part" "$output"
  same "lines about: $what" 1 "$(grep -c . <<<"$output")"
  same "the host after: $what" "$before" "$(snapshot ds)"
}

# --- the first process of a container, and its health check
begin "$ordinary" /sbin/tunvs run
serves "an empty root"
contains "the status" "services       1 with 2 servers" "$(beside /sbin/tunvs status)"
refused beside /sbin/ipvsadm -A -t nowhere:80
same "a name, without files" "illegal virtual server address[:port] specified" "${output%%$'\n'*}"
contains "a listing" "TCP  192.168.1.183:80 rr" "$(beside /sbin/ipvsadm -L -n)"
ends "an empty root"
refused_inside "a health check without a director" /run/tunvs/control.sock "$ordinary" /sbin/tunvs status

# --- a root that cannot be written; a folder for the socket is enough
begin "$ordinary; mount -o remount,ro,bind /mnt" /sbin/tunvs run
serves "a read-only root"
ends "a read-only root"
refused_inside "nothing can be written" "cannot create the directory /run/tunvs for the control socket" \
  'mount -t proc proc /mnt/proc; mount --bind /mnt/run /mnt/run; mount -o remount,ro,bind /mnt/run; mount -o remount,ro,bind /mnt' /sbin/tunvs run

# --- no /run
refused_inside "no /run" "/run/tunvs for the control socket, make /run first, or choose another path with --socket" \
  'mount -t proc proc /mnt/proc; rmdir /mnt/run' /sbin/tunvs run
mkdir -p $root/run

# --- no /proc
refused_inside "no /proc" "/proc is not mounted here" 'mount -t tmpfs tmpfs /mnt/run' /sbin/tunvs run

# --- a user without a name, that may do what a director has to
begin "$ordinary"'; install -d -o 4242 -g 4242 /mnt/run/tunvs
  may=+net_admin,+net_raw,+sys_chroot
  as="$(command -v setpriv) --reuid=4242 --regid=4242 --clear-groups --inh-caps=$may --ambient-caps=$may"' /sbin/tunvs run
same "its user" 4242 "$(stat -c %u "/proc/$(first)")"
serves "a user without a name"
ends "a user without a name"

# --- a child of busybox's init, which starts it again and stops it
install -D "$(command -v busybox)" $root/bin/busybox
mkdir -p $root/etc
ln -s /bin/busybox $root/sbin/init
printf '::respawn:/sbin/tunvs run\n::shutdown:/bin/busybox kill -TERM -1\n::shutdown:/bin/busybox sleep 2\n' >$root/etc/inittab
inside "$ordinary" /sbin/init >"$work/inside.log" 2>&1 &
started=$!
of_init() { pgrep -P "$(first)" -x tunvs; }
wait_until 10 answers_inside
serves "busybox's init"
killed=$(of_init)
kill -KILL "$killed"
again() { [[ $(of_init) != "$killed" ]] && beside /sbin/ipvsadm -L -n | grep -q 192.168.56.183; }
wait_until 20 again
same "answers after a kill" "rs2 rs1" "$(answers client 2 http://192.168.1.183)"
ends "busybox's init"
