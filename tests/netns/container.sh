#!/usr/bin/env bash
# A director in a container that a runtime (crun, an OCI bundle) starts again whenever it ends, in a network namespace that is not the
# container's own: its root is read-only but for the volume with the run-time directory, and it has what Docker gives, no more. A kill and a
# stop for a restart cost no connection, and a stop undoes everything. The last line says what was lost.
here=$(realpath "$(dirname "$0")")
. "$here/lib.sh"
command -v crun >/dev/null || fail "no crun: run scripts/install-test-deps"
topology
vip=192.168.1.200
for rs in rs1 rs2; do echo_server $rs; done
# What the runtime sets, too.
on ds sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0
before=$(snapshot ds)

# --- the image and the bundle

bundle=$work/bundle root=$work/bundle/rootfs
mkdir -p $root/{sbin,etc/tunvs,proc,dev,sys,run/tunvs} "$work/volume"
cp "$TUNVS_BIN" $root/sbin/tunvs
for name in ipvsadm ipvsadm-save ipvsadm-restore; do ln -s tunvs $root/sbin/$name; done
for library in $(ldd "$TUNVS_BIN" 2>/dev/null | grep -o '/[^ ]*' || true); do install -D "$library" "$root$library"; done
cat >$root/etc/tunvs/tunvs.toml <<TOML
[[service]]
address = "$vip:7"
scheduler = "rr"
[[service.server]]
address = "192.168.56.183:7"
forward = "masq"
[[service.server]]
address = "192.168.56.184:7"
forward = "masq"
TOML
python3 - "$work/volume" >$bundle/config.json <<'PYTHON'
import json, sys
capabilities = ["CAP_NET_ADMIN", "CAP_NET_RAW"]
json.dump({
    "ociVersion": "1.0.2",
    "root": {"path": "rootfs", "readonly": True},
    "process": {
        "user": {"uid": 0, "gid": 0}, "cwd": "/", "env": ["PATH=/sbin"], "noNewPrivileges": True,
        "args": ["/sbin/tunvs", "run", "--config", "/etc/tunvs/tunvs.toml"],
        "capabilities": {kind: capabilities for kind in ("bounding", "effective", "permitted")},
    },
    "mounts": [
        {"destination": "/proc", "type": "proc", "source": "proc", "options": ["nosuid", "noexec", "nodev"]},
        {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755", "size=64k"]},
        {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev", "ro"]},
        {"destination": "/run/tunvs", "type": "bind", "source": sys.argv[1], "options": ["bind", "rw", "nosuid", "nodev"]},
    ],
    "linux": {
        "namespaces": [{"type": kind} for kind in ("pid", "mount", "ipc", "uts")] + [{"type": "network", "path": "/run/netns/ds"}],
        "devices": [{"path": "/dev/net/tun", "type": "c", "major": 10, "minor": 200, "fileMode": 0o666, "uid": 0, "gid": 0}],
        "sysctl": {"net.ipv4.ip_forward": "1", "net.ipv4.conf.all.rp_filter": "0"},
        "maskedPaths": ["/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/scsi", "/sys/firmware"],
        "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
    },
}, sys.stdout)
PYTHON

# crun knows control groups of one version alone, whatever the host has, and is to make none.
mount -t cgroup2 cgroup2 /sys/fs/cgroup

# --- the runtime, and what starts it again, as `--restart=always` has it

runtime() { crun --root "$work/crun" --cgroup-manager=disabled "$@"; }
inside() { runtime exec director "$@"; }
serves() { [[ $(inside /sbin/ipvsadm -Ln 2>&1) == *"TCP  $vip:7 rr"* ]]; }
# Of the process that the container has now.
first() { runtime state director | sed -n 's/.*"pid": \([1-9][0-9]*\),.*/\1/p'; }
keep_running() {
  until [[ -e $work/enough ]]; do
    runtime run --bundle "$bundle" director >>"$work/container.log" 2>&1 </dev/null || true
    runtime delete --force director 2>/dev/null || true
    sleep 0.1
  done
}
keep_running &
keeper=$!
wait_until 20 serves
contains "the sandbox within that of the container" "no new privileges" "$(inside /sbin/tunvs status)"

connections=60
begin_load $vip $connections 6 3
longest=0

# again HOW COMMAND...: the command ends the container's process, and the next one goes on.
again() {
  local how=$1 process took sent=$(date +%s%3N)
  shift
  process=$(first)
  [[ $process ]] || fail "$how: no process"
  "$@"
  another() { local now; now=$(first) && [[ $now && $now != "$process" ]] && serves; }
  wait_until 20 another
  took=$(($(date +%s%3N) - sent))
  ((took <= longest)) || longest=$took
  wait_until 20 nobody_waits $vip
}
kept() { inside /sbin/ipvsadm -Lnc | grep -c ESTABLISHED; }
again "a kill" runtime kill director KILL
same "connections after a kill" $connections "$(kept)"
again "another kill" runtime kill director KILL
again "a stop for a restart" runtime kill director QUIT
same "connections after a stop for a restart" $connections "$(kept)"
end_load

touch "$work/enough"
runtime kill director TERM
wait_until 20 ended_process $keeper
same "the host after a stop" "$before" "$(snapshot ds)"
echo "2 kills and a stop for a restart in a container: $lost of $connections connections lost, the longest wait $longest_wait s, the longest change $longest ms"
[[ $lost == 0 ]] || fail "connections were lost: $(cat load)"
