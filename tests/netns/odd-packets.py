"""A client that sends odd packets on connections that live, as raw frames: odd-packets.py ADDRESS OWN-ADDRESS MAC.

After each, a line to port 7 and a datagram to port 5000 must still be answered. Prints how many packets and bytes it has sent to
each port; its kernel must not answer for it.
"""
import random, socket, struct, sys, time

vip, me, mac = sys.argv[1], sys.argv[2], bytes.fromhex(sys.argv[3].replace(":", ""))
IS_V6 = ":" in vip
FAMILY = socket.AF_INET6 if IS_V6 else socket.AF_INET
VIP, ME = socket.inet_pton(FAMILY, vip), socket.inet_pton(FAMILY, me)
FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
wire.bind(("eth0", 0))
sent = {6: [0, 0], 17: [0, 0]}


def checksum(data):
    total = sum(struct.unpack("!%dH" % ((len(data) + 1) // 2), data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def send(proto, body, at, has_checksum=True, trailer=b""):
    """Sends a segment or datagram, whose checksum belongs `at` these bytes."""
    if has_checksum:
        pseudo = ME + VIP + struct.pack("!II", len(body), proto)
        body = body[:at] + struct.pack("!H", checksum(pseudo + body) or 0xFFFF) + body[at + 2:]
    if IS_V6:
        packet = struct.pack("!IHBB", 6 << 28, len(body), proto, 64) + ME + VIP + body
    else:
        head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), random.getrandbits(16), 0x4000, 64, proto, 0) + ME + VIP
        packet = head[:10] + struct.pack("!H", checksum(head)) + head[12:] + body
    sent[proto][0] += 1
    sent[proto][1] += len(packet)
    kind = b"\x86\xdd" if IS_V6 else b"\x08\x00"
    wire.send(mac + wire.getsockname()[4] + kind + packet + trailer)


def heard(proto, port, is_it):
    """Waits for such a segment or datagram to that port: the header's fields and the data."""
    deadline, start, shape = time.monotonic() + 60, 40 if IS_V6 else 20, "!HHIIBBHHH" if proto == 6 else "!HHHH"
    while (left := deadline - time.monotonic()) > 0:
        wire.settimeout(left)
        packet = wire.recv(65535)[14:]
        if len(packet) < start + 8 or packet[6 if IS_V6 else 9] != proto or packet[start - len(ME):start] != ME:
            continue
        whole = struct.unpack_from("!H", packet, 4)[0] + 40 if IS_V6 else struct.unpack_from("!H", packet, 2)[0]
        fields = struct.unpack_from(shape, packet, start)
        data = packet[start + ((fields[4] >> 4) * 4 if proto == 6 else 8):whole]
        if fields[1] == port and is_it(fields, data):
            return fields, data
    sys.exit(f"no answer at port {port} after {last}")


class Connection:
    next_port = 20000

    def __init__(self):
        Connection.next_port += 1
        self.port, self.first = Connection.next_port, random.getrandbits(31)
        self.segment(SYN, seq=self.first)
        fields, _ = heard(6, self.port, lambda fields, _: fields[5] & SYN)
        self.next, self.due = self.first + 1, fields[2] + 1 & 0xFFFFFFFF
        self.segment(ACK)
        for _ in range(3):
            self.ask(b"line\n")

    def segment(self, flags, data=b"", seq=None, window=5000, urgent=0, is_right=True, trailer=b""):
        seq, ack = self.next if seq is None else seq, self.due if flags & ACK else 0
        head = struct.pack("!HHIIBBHHH", self.port, 7, seq & 0xFFFFFFFF, ack, 5 << 4, flags, window, 0 if is_right else 1, urgent)
        send(6, head + data, 16, is_right, trailer)

    def ask(self, line, answer=None, flags=PSH | ACK, **odd):
        self.segment(flags, line, **odd)
        self.next += len(line)
        self.answered(answer or line)

    def answered(self, answer):
        heard(6, self.port, lambda fields, data: fields[2] == self.due and data == answer)
        self.due = self.due + len(answer) & 0xFFFFFFFF
        self.segment(ACK)

    def close(self):
        self.segment(FIN | ACK)
        self.next += 1
        heard(6, self.port, lambda fields, _: fields[5] & FIN)
        self.due = self.due + 1 & 0xFFFFFFFF
        self.segment(ACK)


def zero_window(conn):
    conn.segment(PSH | ACK, b"0\n", window=0)
    conn.next += 2
    heard(6, conn.port, lambda fields, _: fields[3] == conn.next & 0xFFFFFFFF)
    conn.segment(ACK)
    conn.answered(b"0\n")


ODD = {
    "urgent data": lambda conn: conn.ask(b"u\n!", b"u\n", PSH | ACK | URG, urgent=3),
    "a window of 0": zero_window,
    "a keep-alive": lambda conn: conn.segment(ACK, seq=conn.next - 1),
    "a keep-alive with a byte": lambda conn: conn.segment(ACK, b"\n", seq=conn.next - 1),
    "a SYN": lambda conn: conn.segment(SYN, seq=conn.next + 100_000),
    "the SYN again": lambda conn: conn.segment(SYN, seq=conn.first),
    "a SYN with ACK": lambda conn: conn.segment(SYN | ACK),
    "a RST that is not exact": lambda conn: conn.segment(RST, seq=conn.next + 5),
    "no flags": lambda conn: conn.segment(0),
    "an old segment": lambda conn: conn.segment(PSH | ACK, b"e\n", seq=conn.next - 2),
    "a far segment": lambda conn: conn.segment(PSH | ACK, b"f\n", seq=conn.next + 100_000_000),
    "a wrong checksum": lambda conn: conn.segment(PSH | ACK, b"w\n", is_right=False),
    "bytes behind the packet": lambda conn: conn.ask(b"behind\n", trailer=bytes(60)),
}
for last, odd in ODD.items():
    conn = Connection()
    odd(conn)
    conn.ask(b"after\n")
    conn.close()
last = "a RST in TIME_WAIT"
conn.segment(RST)
Connection().close()


def datagram(data, has_checksum=True):
    send(17, struct.pack("!HHHH", 30000, 5000, 8 + len(data), 0) + data, 6, has_checksum)
    heard(17, 30000, lambda _, answer: answer.endswith(b" " + data))


for number in range(20):
    last = f"datagram {number}"
    datagram(b"%d" % number)
for last, data, has_checksum in [
    ("an empty datagram", b"", True), ("one without checksum", b"none", False), ("an empty one without", b"", False)
]:
    datagram(data, has_checksum)
    datagram(b"after", True)
print(*sent[6], *sent[17])
