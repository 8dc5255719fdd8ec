#!/usr/bin/env bash
# Time stamps of pcapng files, read by dpkt 1.9.8, scapy 2.6.1 and python-pcapng 2.1.1 (PyPI).
#
# The unit of a packet's time stamp is an option of the interface that it came by (if_tsresol, microseconds where it is missing),
# and if_tsoffset is a number of seconds to add to it. A capture may have interfaces of different units.
# Seen:
# - dpkt takes the unit of the first interface for all packets: those of a second interface are a thousand times too late or too early.
# - scapy and python-pcapng do not add if_tsoffset; dpkt does.
# So a program that writes pcapng for everybody gives all interfaces one unit and no offset.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip -q install dpkt==1.9.8 scapy==2.6.1 python-pcapng==2.1.1

cat >write.py <<'PY'
import struct

def block(kind, body):
    body += bytes(-len(body) % 4)
    return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)

def option(code, value):
    return struct.pack("<HH", code, len(value)) + value + bytes(-len(value) % 4)

def interface(*options):
    return block(1, struct.pack("<HHI", 101, 0, 65535) + b"".join(options) + (option(0, b"") if options else b""))

def packet(number, stamp):
    data = bytes.fromhex("4500001c00010000401100000a0000010a00000200010002000800 00")
    return block(6, struct.pack("<IIIII", number, stamp >> 32, stamp & 0xffffffff, len(data), len(data)) + data)

section = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
nanoseconds, offset = option(9, b"\x09"), option(14, struct.pack("<q", 3600))
second = 1_700_000_000
with open("units.pcapng", "wb") as file:
    file.write(section + interface() + interface(nanoseconds) + packet(0, second * 10**6) + packet(1, second * 10**9))
with open("offset.pcapng", "wb") as file:
    file.write(section + interface(offset) + packet(0, second * 10**6))
PY
cat >read.py <<'PY'
import dpkt
from pcapng import FileScanner
from scapy.utils import rdpcap

for name in ("units.pcapng", "offset.pcapng"):
    print(name, "dpkt", *[int(stamp) for stamp, _ in dpkt.pcapng.Reader(open(name, "rb"))])
    print(name, "scapy", *[int(packet.time) for packet in rdpcap(name)])
    stamps = [int(block.timestamp) for block in FileScanner(open(name, "rb")) if hasattr(block, "timestamp")]
    print(name, "python-pcapng", *stamps)
PY
venv/bin/python write.py
venv/bin/python read.py 2>/dev/null | tee seen
diff seen - <<'SEEN'
units.pcapng dpkt 1700000000 1700000000000
units.pcapng scapy 1700000000 1700000000
units.pcapng python-pcapng 1700000000 1700000000
offset.pcapng dpkt 1700003600
offset.pcapng scapy 1700000000
offset.pcapng python-pcapng 1700000000
SEEN
echo "as found"
