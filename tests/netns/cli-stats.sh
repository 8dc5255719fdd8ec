#!/usr/bin/env bash
# Replays the recordings of the real ipvsadm that need traffic: counters, connections and the kernel's tables after an
# exact number of packets, byte for byte. Each recording has a sandbox of its own; the sandbox is the director.
#   cli-stats.sh [NAME ...]    all recordings, or those named
here=$(realpath "$(dirname "$0")")
. "$here/lib.sh"
data=$(realpath "$here/../data/cli")

if [[ -z ${TUNVS_RECORDING-} ]]; then
  names=("$@")
  (($#)) || names=(stats-{forwarding,ipv6,large,persistent,schedulers,tcp-nat,udp-nat} proc-conn)
  for name in "${names[@]}"; do
    TUNVS_RECORDING=$name unshare --net --mount --pid --fork --kill-child --mount-proc bash "$here/cli-stats.sh"
    echo "$name: as recorded"
  done
  exit
fi

# The recordings' network setup keeps its programs in /tmp.
mkdir /run/tmp
mount --bind /run/tmp /tmp
ip link set lo up
tunvs run >>"$work/director.log" 2>&1 &
director=$!
wait_until 10 ipvsadm -Ln
# That setting belongs to the whole machine, and is out of reach here.
grep -v netdev_max_backlog "$data/$TUNVS_RECORDING.setup.sh" >"$work/setup.sh"
bash "$work/setup.sh"

# transcribe FILE: runs each line as one shell command; prints the line, all that it wrote, and its exit status.
transcribe() {
  local line output code
  while IFS= read -r line; do
    if [[ $line == \#* ]]; then
      printf '%s\n' "$line"
      continue
    fi
    [[ -n $line ]] || continue
    code=0
    output=$(bash -c "$(from_tunvs "$line")" 2>&1 </dev/null) || code=$?
    printf '$ %s\n' "$line"
    [[ -z $output ]] || printf '%s\n' "$output"
    printf '[exit %d]\n' "$code"
  done <"$1"
}

# A command that reads one of the kernel's tables, made to read ours.
from_tunvs() {
  if [[ $1 =~ ^(.*)\ /proc/(net/ip_vs[a-z_]*)(.*)$ ]]; then
    printf 'set -o pipefail; tunvs proc %s | %s%s' "${BASH_REMATCH[2]}" "${BASH_REMATCH[1]}" "${BASH_REMATCH[3]}"
  else
    printf '%s' "$1"
  fi
}

same "$TUNVS_RECORDING" "$(<"$data/$TUNVS_RECORDING.out")" "$(transcribe "$data/$TUNVS_RECORDING.cmd")"
kill -TERM "$director"
wait_until 10 ended_process "$director"
