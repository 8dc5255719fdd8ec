#!/usr/bin/env bash
# Replays the recordings of the real ipvsadm that need traffic: counters, connections and the kernel's tables after an
# exact number of packets, byte for byte. Each recording has a sandbox of its own; the sandbox is the director.
#   cli-stats.sh [NAME ...]    all recordings, or those named; as Linux 6.1 gave them, or the kernel of TUNVS_KERNEL
here=$(realpath "$(dirname "$0")")
. "$here/lib.sh"
data=$(realpath "$here/../data/cli")
kernel=${TUNVS_KERNEL:-6.1}

# How a sandbox ends whose traffic did.
LOST=75

if [[ -z ${TUNVS_RECORDING-} ]]; then
  replay() { TUNVS_RECORDING=$1 unshare --net --mount --pid --fork --kill-child --mount-proc bash "$here/cli-stats.sh"; }
  names=("$@")
  (($#)) || names=(stats-{forwarding,fwmark,ipv6,large,persistent,tcp-nat,udp-nat} proc-conn)
  # With 450 connections the table of 7.3 was at 2048 when it was listed; here it is at once as large as it may be.
  (($#)) || [[ $kernel == 7.3 ]] || names+=(stats-schedulers)
  for name in "${names[@]}"; do
    status=0
    replay "$name" || status=$?
    # The clients of a recording wait for each answer and send nothing twice: on a busy machine a datagram may be lost.
    if ((status == LOST)); then
      echo "$name: its traffic came to an end too early, once more"
      replay "$name"
    elif ((status)); then
      exit "$status"
    fi
    echo "$name: as recorded"
  done
  exit
fi

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
# The network setup keeps its programs in /tmp. The backlog belongs to the whole machine, and is out of reach here.
# Unanswered datagrams are paced: they pass through a process, and here through two processors that others use too.
sed "/netdev_max_backlog/d; s#/tmp/#$work/#g; s#^\( *\)s.sendto(bytes.*#&\n\1if k == 'udpn' and i % 100 == 99: time.sleep(0.02)#" "$data/$TUNVS_RECORDING.setup.sh" >"$work/setup.sh"
bash "$work/setup.sh" || exit "$LOST"

same "$TUNVS_RECORDING" "$(recorded)" "$(transcribe "$data/$TUNVS_RECORDING.cmd")"
kill -TERM "$director"
wait_until 10 ended_process "$director"
