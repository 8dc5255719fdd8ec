#!/usr/bin/env bash
# A pcapng file with two interfaces of LINKTYPE_RAW, read by libpcap 1.10.3 (Debian 12: libpcap0.8 1.10.3-1, tcpdump 4.99.3-1).
#
# libpcap reads pcapng files whose interfaces are all of one link type. It keeps the type of the first as its own number (DLT_RAW
# is 12 on Linux) and compares the number in the file (LINKTYPE_RAW is 101) of the second with it.
# Seen: refused, as "a type 101 different from the type of the first interface", though both are 101. Types whose two numbers are the same
# (Ethernet, LINUX_SLL) are read.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq libpcap0.8=1.10.3-1 tcpdump=4.99.3-1 >/dev/null
for package in ./*.deb; do dpkg -x "$package" root; done
library=$(dirname "$(find "$PWD/root" -name 'libpcap.so.0.8')")
python3 - <<'PY'
import struct

def block(kind, body):
    return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)

section = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
datagram = bytes.fromhex("4500001c00010000401100000a0000010a0000020001000200080000")
for name, link, data in (("raw", 101, datagram), ("ethernet", 1, bytes(12) + b"\x08\x00" + datagram + b"\0\0")):
    interface = block(1, struct.pack("<HHI", link, 0, 65535))
    packet = block(6, struct.pack("<IIIII", 0, 0, 0, len(data), len(data)) + data)
    with open(name + ".pcapng", "wb") as file:
        file.write(section + interface + interface + packet)
PY
for name in raw ethernet; do
  LD_LIBRARY_PATH=$library root/usr/bin/tcpdump -nr $name.pcapng >"$name.out" 2>"$name.err" && code=0 || code=$?
  echo "$name: exit $code; $(wc -l <"$name.out") packets; $(grep -o 'an interface has.*' "$name.err" || true)"
done | tee seen
diff seen - <<'SEEN'
raw: exit 1; 0 packets; an interface has a type 101 different from the type of the first interface
ethernet: exit 0; 1 packets; 
SEEN
echo "as found"
