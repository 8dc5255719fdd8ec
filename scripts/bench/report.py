#!/usr/bin/env python3
"""Makes figures.md, figures.json and figures.svg of what bench-compare measured: report.py RESULTS FOLDER."""

import datetime
import json
import os
import pathlib
import platform
import sys
from statistics import median

PEERS = {
    "routed": "routed",
    "nftables": "nftables DNAT",
    "ipvs": "IPVS",
    "haproxy": "HAProxy",
    "nginx": "nginx stream",
    "tunvs": "tunvs",
    "tunvs-tun": "tunvs, TUN only",
    "tunvs-2q": "TUN only, 2 queues",
    "tunvs-plain": "TUN only, no offload",
}
BASES = {"routed": "routing alone"}
# key: (what, unit, scale, decimals, whether more is better)
ROWS = {
    "tcp1_up": ("TCP, 1 stream up", "Gbit/s", 1, 1, True),
    "tcp1_down": ("TCP, 1 stream down", "Gbit/s", 1, 1, True),
    "tcp4_up": ("TCP, 4 streams up", "Gbit/s", 1, 1, True),
    "tcp4_down": ("TCP, 4 streams down", "Gbit/s", 1, 1, True),
    "tcp32_up": ("TCP, 32 streams up", "Gbit/s", 1, 1, True),
    "tcp32_down": ("TCP, 32 streams down", "Gbit/s", 1, 1, True),
    "keep_alive": ("requests, keep-alive, 32 clients", "k/s", 1e-3, 1, True),
    "close": ("requests, a connection each, 32 clients", "k/s", 1e-3, 1, True),
    "p50": ("latency p50, one client", "us", 1, 0, False),
    "p99": ("latency p99, one client", "us", 1, 0, False),
    "udp64": ("UDP, 64 B, at most 0.5 % lost", "k/s", 1e-3, 0, True),
    "udp1200": ("UDP, 1200 B, at most 0.5 % lost", "k/s", 1e-3, 0, True),
    "cpu_gb_up": ("processor time of it per GB up", "s", 1, 2, False),
    "cpu_gb_down": ("processor time of it per GB down", "s", 1, 2, False),
    "cpu_conns": ("processor time of it per 10,000 connections", "s", 1, 2, False),
}
COLOURS = {"routed": "#bbbbbb", "nftables": "#888888", "ipvs": "#8a6fae", "haproxy": "#4878a8", "nginx": "#6fae75", "tunvs": "#c8553d",
           "tunvs-tun": "#b5604f", "tunvs-2q": "#dd8452", "tunvs-plain": "#e8b49a"}


def read(path):
    """{peer: {round: row}}"""
    results = {}
    for line in pathlib.Path(path).read_text().splitlines():
        row = json.loads(line)
        results.setdefault(row["peer"], {})[row["round"]] = row
    return {peer: results[peer] for peer in PEERS if peer in results}


def middle(results, peer, key):
    values = [row[key] for row in results.get(peer, {}).values() if row.get(key) is not None]
    return median(values) if values else None


def ratio(results, ours, theirs, key):
    """Median, least and most of the rounds' ratios."""
    ours, theirs = results.get(ours, {}), results.get(theirs, {})
    pairs = [(ours[n].get(key), theirs[n].get(key)) for n in sorted(ours.keys() & theirs.keys())]
    ratios = [a / b for a, b in pairs if a is not None and b]
    return (median(ratios), min(ratios), max(ratios)) if ratios else None


def machine():
    model = platform.processor()
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    return f"{model}, {os.cpu_count()} cores, Linux {platform.release()}"


def markdown(results, facts):
    out = [f"{facts['date']}, {facts['machine']}; {facts['rounds']} rounds. Medians; ratios are medians of the rounds'"
           " ratios (least to most).", ""]
    against = [(peer, label) for peer, label in (("haproxy", "HAProxy"), ("nftables", "nftables"), ("ipvs", "IPVS")) if peer in results]
    ours = [(own, label) for own, label in (("tunvs", "tunvs"), ("tunvs-tun", "TUN only")) if own in results]
    heads = [PEERS[peer] for peer in results] + [f"{own} / {label}" for _, own in ours for _, label in against]
    out.append("| | " + " | ".join(heads) + " |")
    out.append("|---|" + "---|" * len(heads))
    for key, (what, unit, scale, decimals, _) in ROWS.items():
        cells = []
        for peer in results:
            value = middle(results, peer, key)
            cells.append("" if value is None else f"{value * scale:.{decimals}f}")
        for own, peer in [(own, peer) for own, _ in ours for peer, _ in against]:
            found = ratio(results, own, peer, key)
            cells.append("" if found is None else "{:.2f} ({:.2f} to {:.2f})".format(*found))
        out.append(f"| {what}, {unit} | " + " | ".join(cells) + " |")
    return "\n".join(out) + "\n"


def svg(results, facts):
    """Bars: how much of what routing alone (or who comes first) reaches. For latencies its inverse: longer is better everywhere."""
    base = "routed" if "routed" in results else next(iter(results))
    keys = [key for key in ROWS if not key.startswith("cpu_") and middle(results, base, key)]
    peers = [peer for peer in results if peer != base]
    bar, left, width = 9, 250, 480
    group = bar * len(peers) + 10
    height = 60 + group * len(keys) + 20
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + width + 70}" height="{height}" '
           'font-family="sans-serif" font-size="11">',
           '<rect width="100%" height="100%" fill="white"/>',
           f'<text x="10" y="16">Share of what {BASES.get(base, PEERS[base])} reaches ({facts["date"]}); longer is better</text>']
    x = 10
    for peer in peers:
        out.append(f'<rect x="{x}" y="26" width="10" height="10" fill="{COLOURS[peer]}"/>'
                   f'<text x="{x + 14}" y="35">{PEERS[peer]}</text>')
        x += 34 + 6.2 * len(PEERS[peer])
    most = 1.25
    for n, key in enumerate(keys):
        top = 50 + n * group
        out.append(f'<text x="{left - 8}" y="{top + group / 2}" text-anchor="end">{ROWS[key][0]}</text>')
        for m, peer in enumerate(peers):
            value, ceiling = middle(results, peer, key), middle(results, base, key)
            if not value:
                continue
            share = value / ceiling if ROWS[key][4] else ceiling / value
            y, length = top + m * bar, min(share, most) / most * width
            out.append(f'<rect x="{left}" y="{y}" width="{length:.1f}" height="{bar - 1}" fill="{COLOURS[peer]}"/>'
                       f'<text x="{left + length + 4:.1f}" y="{y + 8}" font-size="8">{100 * share:.0f} %</text>')
    x = left + width / most
    out.append(f'<line x1="{x}" x2="{x}" y1="44" y2="{height - 20}" stroke="#999" stroke-dasharray="3 3"/></svg>')
    return "\n".join(out) + "\n"


def main():
    results, folder = read(sys.argv[1]), pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    facts = {
        "date": datetime.date.today().isoformat(),
        "machine": machine(),
        "rounds": max(len(rounds) for rounds in results.values()),
    }
    medians = {peer: {key: middle(results, peer, key) for key in ROWS} for peer in results}
    ratios = {key: {peer: ratio(results, "tunvs", peer, key) for peer in results if peer != "tunvs"} for key in ROWS}
    everything = {**facts, "medians": medians, "tunvs_to": ratios,
                  "measured": [row for rounds in results.values() for row in rounds.values()]}
    (folder / "figures.json").write_text(json.dumps(everything, indent=1) + "\n")
    (folder / "figures.md").write_text(markdown(results, facts))
    (folder / "figures.svg").write_text(svg(results, facts))
    print(markdown(results, facts), end="")


if __name__ == "__main__":
    main()
