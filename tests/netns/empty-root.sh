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

# --- no /dev/null, and no other device than the TUN
only_tun='mount -t tmpfs tmpfs /mnt/dev; mkdir /mnt/dev/net; mknod -m 666 /mnt/dev/net/tun c 10 200'
begin "$ordinary; $only_tun" /sbin/tunvs run
serves "no /dev/null"
ends "no /dev/null"
same "what a director without /dev/null says" "" "$(grep -v ' INFO ' "$work/inside.log" || true)"

# --- each other command, where something is missing
printf '[[service]]\naddress = "192.168.1.183:80"\n[[service.server]]\naddress = "192.168.56.183:80"\nforward = "masq"\n' >$root/tunvs.toml
alone="no director answers at /run/tunvs/control.sock"
# each_command WHAT SETUP: with what `exec`, `real-server`, `demo` and the doctor say in $of_exec, $of_real_server, $of_demo and $of_doctor.
each_command() {
  local command
  same "check: $1" "/tunvs.toml: 1 service, 1 server, 0 checks" "$(inside "$2" /sbin/tunvs check /tunvs.toml 2>&1)"
  same "cleanup: $1" "nothing to undo" "$(inside "$2" /sbin/tunvs cleanup 2>&1)"
  for command in "tunvs status" "tunvs upgrade" "ipvsadm -L -n" "ipvsadm-save -n"; do
    # shellcheck disable=SC2086 # Words.
    refused_inside "$command: $1" "$alone" "$2" /sbin/$command
  done
  refused_inside "exec: $1" "$of_exec" "$2" /sbin/tunvs exec /sbin/ipvsadm -L -n
  [[ -z $of_real_server ]] || refused_inside "real-server: $1" "$of_real_server" "$2" /sbin/tunvs real-server --vip 192.168.1.184 --mode dr
  refused_inside "demo: $1" "$of_demo" "$2" /sbin/tunvs demo
  contains "the doctor: $1" "$of_doctor" "$(inside "$2" /sbin/tunvs doctor 2>&1 || true)"
}
of_exec=$alone of_real_server="make /run first" of_demo="name another folder with TMPDIR" of_doctor=" 0 wrong"
each_command "no /run" 'mount -t proc proc /mnt/proc; rm -rf /mnt/run'
mkdir -p $root/run
of_real_server="docker run --tmpfs /run/tunvs"
each_command "nothing can be written" \
  'mount -t proc proc /mnt/proc; mount --bind /mnt/run /mnt/run; mount -o remount,ro,bind /mnt/run; mount -o remount,ro,bind /mnt'
of_exec="/proc is not mounted" of_real_server="/proc is not mounted" of_demo="Is /proc mounted" of_doctor="FAIL capabilities: /proc does not tell"
each_command "no /proc" 'mount -t tmpfs tmpfs /mnt/run'
of_exec=$alone of_real_server="" of_demo="cannot open /dev/net/tun" of_doctor="FAIL tun: /dev/net/tun does not exist"
refused_inside "a director without devices" "/dev/net/tun does not exist" "$ordinary; mount -t tmpfs tmpfs /mnt/dev" /sbin/tunvs run
each_command "no devices" "$ordinary; mount -t tmpfs tmpfs /mnt/dev"
of_exec=$alone of_demo="cannot make network namespaces" of_doctor="FAIL capabilities: this process has no CAP_NET_ADMIN"
of_real_server="cannot set net.ipv4.conf.all.arp_ignore to 1"
each_command "a user without a name and without rights" "$ordinary"'; install -d -o 4242 -g 4242 /mnt/run/tunvs
  as="$(command -v setpriv) --reuid=4242 --regid=4242 --clear-groups --inh-caps=+sys_chroot --ambient-caps=+sys_chroot"'
same "how often the demo says its cause" 1 "$(grep -o 'os error' <<<"$output" | grep -c .)"

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
again() {
  local now listed
  now=$(of_init) && [[ $now != "$killed" ]] && listed=$(beside /sbin/ipvsadm -L -n) && [[ $listed == *192.168.56.183* ]]
}
wait_until 20 again
same "answers after a kill" "rs2 rs1" "$(answers client 2 http://192.168.1.183)"
ends "busybox's init"
