#!/usr/bin/env bash
# The recorded cases of the kernel's IPVS come out of the real programs: `tunvs run` between two links whose far ends
# are played by replay.py. Cases that do not come out yet are listed, with the reason, in datapath-expected.txt.
tests=$(realpath "$(dirname "$0")")
. "$tests/lib.sh"

"$tests/replay.py" --jobs 10 --wait 1 --expected "$tests/datapath-expected.txt" \
  "$tests"/../data/datapath/{schedulers,tcp-states,persistence,limits,udp-icmp,reuse,bytes,stats,sync,sync-more,more,even-more,bad-servers,overload,tunnel-errors,fragments,sip,ipsec}
