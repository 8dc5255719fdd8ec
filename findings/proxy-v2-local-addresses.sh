#!/usr/bin/env bash
# PROXY protocol version 2, command LOCAL with an address block, read by aiosmtpd 1.4.6 and proxy-protocol 0.11.3 (PyPI).
#
# A proxy says LOCAL of connections that it opens itself (health checks). The specification has the receiver skip whatever
# addresses follow and take those of the connection.
# Seen: aiosmtpd gives the skipped address as the client's; proxy-protocol reads the addresses as TLVs (types and
# lengths made of their bytes).
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip -q install aiosmtpd==1.4.6 proxy-protocol==0.11.3
cat >probe.py <<'PY'
import asyncio
import struct

from aiosmtpd.proxy_protocol import get_proxy
from proxyprotocol.detect import ProxyProtocolDetect
from proxyprotocol.reader import ProxyProtocolReader

addresses = bytes([192, 0, 2, 1, 192, 0, 2, 2]) + struct.pack(">HH", 40000, 25)
header = b"\r\n\r\n\0\r\nQUIT\n" + bytes([0x20, 0x11]) + struct.pack(">H", len(addresses)) + addresses

def reader():
    stream = asyncio.StreamReader()
    stream.feed_data(header + b"EHLO a\r\n")
    stream.feed_eof()
    return stream

async def main():
    proxy = await get_proxy(reader())
    print("aiosmtpd: command", int(proxy.command), "client", proxy.src_addr, proxy.src_port)
    result = await ProxyProtocolReader(ProxyProtocolDetect()).read(reader())
    print("proxy-protocol:", type(result).__name__, "with", len(bytes(result.tlv)), "bytes of TLVs")

asyncio.run(main())
PY
venv/bin/python probe.py | tee seen
diff seen - <<'SEEN'
aiosmtpd: command 0 client 192.0.2.1 40000
proxy-protocol: ProxyResultLocal with 12 bytes of TLVs
SEEN
echo "as found"
