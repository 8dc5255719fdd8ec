#!/usr/bin/env bash
# Replays the recordings of the real ipvsadm that need traffic: counters, connections and the kernel's tables after an
# exact number of packets, byte for byte. Each recording has a sandbox of its own; the sandbox is the director.
#   cli-stats.sh [NAME ...]    all recordings, or those named; of all kernels, or that of TUNVS_KERNEL
here=$(realpath "$(dirname "$0")")
. "$here/lib.sh"
data=$(realpath "$here/../data/cli")

# How a sandbox ends whose traffic did.
LOST=75

if [[ -z ${TUNVS_RECORDING-} ]]; then
  replay() { TUNVS_RECORDING=$1 TUNVS_KERNEL=$2 unshare --net --mount --pid --fork --kill-child --mount-proc bash "$here/cli-stats.sh"; }
  # attend NAME KERNEL: the clients of a recording wait for each answer and send nothing twice: on a busy machine a datagram may be lost.
  attend() {
    local status=0
    replay "$1" "$2" || status=$?
    if ((status == LOST)); then
      echo "$1 as Linux $2: its traffic came to an end too early, once more"
      replay "$1" "$2"
    elif ((status)); then
      exit "$status"
    fi
    echo "$1: as recorded of Linux $2"
  }
  names=("$@")
  (($#)) || names=(stats-{forwarding,fwmark,ipv6,large,persistent,schedulers,tcp-nat,udp-nat} proc-conn)
  # They wait most of the time.
  for name in "${names[@]}"; do
    running=()
    for kernel in ${TUNVS_KERNEL:-6.1 6.12 7.3}; do
      attend "$name" "$kernel" &
      running+=($!)
    done
    for each in "${running[@]}"; do wait "$each"; done
  done
  exit
fi
kernel=$TUNVS_KERNEL

# recorded: what that kernel gave; kept is where it differs from Linux 6.1.
recorded() {
  python3 - "$data/$TUNVS_RECORDING.out" "$data/../kernels/$kernel/cli.json" "cli/$TUNVS_RECORDING" <<'PY'
import json, os, sys
recording, differences, name = sys.argv[1:]
lines = open(recording).read().splitlines()
if os.path.exists(differences):
    for line, places in json.load(open(differences)).get(name, {}).items():
        for place in places:
            lines[place - 1] = line
print("\n".join(lines))
PY
}

ip link set lo up
tunvs run --kernel "$kernel" >>"$work/director.log" 2>&1 &
director=$!
wait_until 10 ipvsadm -Ln
# It was recorded in a network namespace beside the host's, where this is the kernel's default.
[[ $kernel != 7.3 ]] || tunvs sysctl conn_lfactor -2 >/dev/null
# The network setup keeps its programs in /tmp. The backlog belongs to the whole machine, and is out of reach here.
# Unanswered datagrams are paced: they pass through a process, and here through two processors that others use too.
sed "/netdev_max_backlog/d; s#/tmp/#$work/#g; s#^\( *\)s.sendto(bytes.*#&\n\1if k == 'udpn' and i % 100 == 99: time.sleep(0.02)#" "$data/$TUNVS_RECORDING.setup.sh" >"$work/setup.sh"
bash "$work/setup.sh" || exit "$LOST"

same "$TUNVS_RECORDING" "$(recorded)" "$(transcribe "$data/$TUNVS_RECORDING.cmd")"
kill -TERM "$director"
wait_until 10 ended_process "$director"
