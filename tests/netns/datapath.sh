#!/usr/bin/env bash
# The recorded cases of the kernel's IPVS come out of the real programs: `tunvs run` between two links whose far ends
# are played by replay.py. Cases that do not come out yet are listed, with the reason, as for those in memory.
tests=$(realpath "$(dirname "$0")")
. "$tests/lib.sh"
data=$tests/../data/datapath

play() { "$tests/replay.py" --expected "$tests/../datapath/expected-failures.txt" "$@"; }
status=0
play --jobs 10 --wait 1 \
  "$data"/{schedulers,tcp-states,persistence,limits,udp-icmp,reuse,bytes,stats,sync,sync-more,more,even-more,bad-servers,overload,tunnel-errors,fragments,sip,ipsec} >"$work/cases" || status=$?
cat "$work/cases"
if ((status)); then
  # On a busy machine a packet of ten directors may take longer than is waited for it. Alone, with more time, each has to come out.
  mapfile -t late < <(sed -n 's/^FAIL \([^ ]*\) .*/\1/p' "$work/cases")
  ((${#late[@]} > 0 && ${#late[@]} <= 3)) || exit "$status"
  echo "once more, alone: ${late[*]}"
  (cd "$data" && play --jobs 1 --wait 3 "${late[@]/%/.json}")
fi
