#!/usr/bin/env python3
"""Loads one running balancer from the namespace `client` and prints one JSON object of what it reached.

Called by bench-compare, in its sandbox. The balancer's own processor time is that of all processes in `ds`.
"""

import argparse
import json
import os
import re
import subprocess
import time

TICKS = os.sysconf("SC_CLK_TCK")
MOST_LOSS = 0.5
UNITS = {"us": 1.0, "ms": 1000.0, "s": 1e6}


def on_client(*command):
    words = ["ip", "netns", "exec", "client", *map(str, command)]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def processor_time():
    """Seconds that the processes in `ds` have used, threads included."""
    pids = subprocess.run(["ip", "netns", "pids", "ds"], capture_output=True, text=True, check=True)
    total = 0
    for pid in pids.stdout.split():
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
                fields = stat.read().rpartition(")")[2].split()
        except FileNotFoundError:
            continue
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def connections_begun():
    """TCP connections that the client has begun so far; wrk counts only those that were answered in time."""
    snmp = subprocess.run(["ip", "netns", "exec", "client", "cat", "/proc/net/snmp"], capture_output=True, text=True, check=True)
    names, values = (line.split() for line in snmp.stdout.splitlines() if line.startswith("Tcp:"))
    return int(values[names.index("ActiveOpens")])


def iperf(target, *options):
    """One test; the server takes one client at a time, and needs a moment between two."""
    said = ""
    for _ in range(20):
        done = on_client("iperf3", "-c", target, "-J", *options)
        try:
            report = json.loads(done.stdout)
        except ValueError:
            report = {"error": done.stdout + done.stderr}
        if "error" not in report:
            return report["end"]
        said = report["error"]
        time.sleep(0.1)
    raise SystemExit(f"iperf3 {' '.join(map(str, options))}: {said}")


def stream(args, streams, down):
    """Gbit/s received, and processor seconds per GB."""
    amount = ["-n", "20M"] if args.smoke else ["-t", args.span]
    before = processor_time()
    end = iperf(args.target, *amount, "-P", streams, *(["-R"] if down else []))
    used = processor_time() - before
    received = end["sum_received"]
    return received["bits_per_second"] / 1e9, used / max(received["bytes"] / 1e9, 1e-9)


def datagrams(args, size):
    """Packets a second that arrive while no more than half a percent is lost, by bisection; None if none do."""
    def offer(bits):
        amount = ["-k", 2000] if args.smoke else ["-t", 1]
        end = iperf(args.target, "-u", "-l", size, "-b", int(bits), *amount)["sum"]
        lost, packets, seconds = end["lost_packets"], end["packets"], end["seconds"]
        return 100 * lost / max(packets, 1), (packets - lost) / seconds, packets / seconds

    if args.smoke:
        return offer(5000 * size * 8)[1]
    high = offer(0)[2]
    low, best = 0.0, None
    for _ in range(5):
        rate = (low + high) / 2
        loss, arrived, _ = offer(rate * size * 8)
        if loss <= MOST_LOSS:
            low, best = rate, max(best or 0, arrived)
        else:
            high = rate
    return best


def wrk(args, clients, *options):
    """Requests a second, and latencies in microseconds by percentile."""
    threads = min(2, clients)
    url = f"http://{args.target}/"
    # A busy machine may answer nothing within the second of a smoke run; it has longer then.
    for span in (args.span, 5, 20) if args.smoke else (args.span,):
        said = on_client("wrk", "-t", threads, "-c", clients, "-d", f"{span}s", "--latency", *options, url).stdout
        rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
        if rate and float(rate[1]) > 0:
            break
    else:
        raise SystemExit(f"wrk: {said}")
    spread = {int(p): float(value) * UNITS[unit] for p, value, unit in re.findall(r"(\d+)%\s+([\d.]+)(us|ms|s)\n", said)}
    errors = re.search(r"Socket errors: connect (\d+), read \d+, write (\d+), timeout (\d+)", said)
    if errors and any(map(int, errors.groups())):
        print(f"wrk: {errors[0]}", file=os.sys.stderr)
    return float(rate[1]), spread


def main():
    parser = argparse.ArgumentParser()
    for name in ("--round", "--peer", "--target", "--span"):
        parser.add_argument(name, required=True)
    parser.add_argument("--smoke", action="store_true")
    args = parser.parse_args()

    row = {"round": int(args.round), "peer": args.peer}
    for streams in (1, 4, 32):
        for down in (False, True):
            rate, cost = stream(args, streams, down)
            row[f"tcp{streams}_{'down' if down else 'up'}"] = rate
            if streams == 1:
                row[f"cpu_gb_{'down' if down else 'up'}"] = cost
    row["keep_alive"], _ = wrk(args, 32)
    opened, used = connections_begun(), processor_time()
    row["close"], _ = wrk(args, 32, "-H", "Connection: close")
    row["cpu_conns"] = (processor_time() - used) / (connections_begun() - opened) * 10_000
    _, spread = wrk(args, 1)
    row["p50"], row["p99"] = spread[50], spread[99]
    if args.peer != "haproxy":
        row["udp64"], row["udp1200"] = datagrams(args, 64), datagrams(args, 1200)
    if args.peer in ("routed", "nftables"):
        for key in ("cpu_gb_up", "cpu_gb_down", "cpu_conns"):
            del row[key]
    print(json.dumps(row))


if __name__ == "__main__":
    main()
