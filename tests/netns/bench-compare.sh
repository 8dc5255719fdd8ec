#!/usr/bin/env bash
# The comparison with other balancers still runs: a little of everything once. It compares the connections that the
# director counted with those that the client began; here, that every figure is there.
set -euo pipefail
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
"$(dirname "$0")/../../scripts/bench-compare" --smoke --out "$out"

python3 - "$out" <<'PY'
import json, pathlib, sys
out = pathlib.Path(sys.argv[1])
medians = json.loads((out / "figures.json").read_text())["medians"]
assert len(medians) == 8, medians.keys()
without = {"routed": "cpu_", "nftables": "cpu_", "haproxy": "udp"}
for peer, row in medians.items():
    missing = [key for key, value in row.items() if not value and not key.startswith(("cpu_", without.get(peer, "cpu_")))]
    if missing:
        # A span of one second can be too short on a busy machine: played again by itself (`TOO_LATE` of lib.sh).
        print(f"too late: {peer}: no {missing}")
        sys.exit(75)
assert "TUN only, 2 queues" in (out / "figures.md").read_text()
assert (out / "figures.svg").read_text().count("<rect") > 50
PY
