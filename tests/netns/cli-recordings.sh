#!/usr/bin/env bash
# Replays the recordings of the real ipvsadm that need no traffic, byte for byte, on a director that looks after a host:
# what it does there must not be seen.
here=$(realpath "$(dirname "$0")")
. "$here/lib.sh"
data=$(realpath "$here/../data/cli")
ip link set lo up

for file in "$data"/*.cmd; do
  name=$(basename "$file" .cmd)
  [[ $name != stats-* && $name != proc-conn ]] || continue
  tunvs run >"$work/director.log" 2>&1 &
  director=$!
  wait_until 10 ipvsadm -Ln
  same "$name" "$(<"$data/$name.out")" "$(transcribe "$file")"
  stop_director
done
