#!/usr/bin/env python3
"""A real server's end of tunnels, for kernels without the modules: decapsulate.py OUT-FILE

Takes IP in IP, GRE and GUE (UDP 5555) that reach this host and hands what is inside to the host through a TUN device
`tunl`. Verifies the outer checksums, drops what is damaged, and writes to OUT-FILE how many packets of each kind came.
"""
import ctypes, fcntl, os, select, socket, struct, sys

ETH_P_ALL, IPIP, GRE, SIX, UDP, PORT = 3, 4, 47, 41, 17, 5555


def checksum(data):
    if len(data) % 2:
        data += b'\0'
    total = sum(struct.unpack('!%dH' % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def finished(packet):
    """Behind its virtio header, with the checksum that a sender on the same machine has left out."""
    flags, gso, _, _, start, offset = struct.unpack('=BBHHHH', packet[:10])
    packet = packet[10:]
    assert gso == 0, 'a super-packet'
    if flags & 1:
        at = start + offset
        total = checksum(packet[start:])
        packet = packet[:at] + struct.pack('!H', total or 0xffff) + packet[at + 2:]
    return packet


def inner(proto, body, pseudo):
    """What is inside, and the kind; None for what is no tunnel."""
    if proto in (IPIP, SIX):
        return 'ipip', body
    if proto == GRE:
        flags, _ = struct.unpack('!HH', body[:4])
        if flags & 0x8000:
            assert checksum(body) == 0, 'GRE checksum'
            return 'gre', body[8:]
        return 'gre', body[4:]
    if proto == UDP and struct.unpack('!H', body[2:4])[0] == PORT:
        if body[6:8] != b'\0\0':
            assert checksum(pseudo + struct.pack('!HBB', len(body), 0, UDP) + body) == 0, 'UDP checksum'
        words = body[8] & 0x1f
        return 'gue', body[12 + 4 * words:]
    return None


def main():
    tun = os.open('/dev/net/tun', os.O_RDWR)
    fcntl.ioctl(tun, 0x400454ca, struct.pack('16sH22x', b'tunl', 0x1001))
    os.system('ip link set tunl up mtu 65000; sysctl -qw net.ipv4.conf.tunl.rp_filter=0 net.ipv4.conf.all.rp_filter=0')
    # Somebody listens, so that the host does not complain of what it does not know; and takes nothing, as it would complain
    # once a buffer is full.
    quiet = [socket.socket(family, socket.SOCK_RAW, proto)
             for family in (socket.AF_INET, socket.AF_INET6) for proto in (IPIP, GRE, SIX)]
    nothing = ctypes.create_string_buffer(struct.pack('HBBI', 6, 0, 0, 0))
    for sock in quiet:
        sock.setsockopt(socket.SOL_SOCKET, 26, struct.pack('HL', 1, ctypes.addressof(nothing)))
    port = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    port.bind(('::', PORT))
    quiet.append(port)
    packets = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    packets.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE
    packets.setsockopt(263, 15, 1)  # PACKET_VNET_HDR: says which checksums are still to be made
    counts = {}
    print('ready', flush=True)
    while True:
        select.select([packets], [], [])
        packet, (_, ethertype, kind, *_) = packets.recvfrom(65535 + 24)
        if kind != 0 or ethertype not in (0x0800, 0x86dd):
            continue
        packet = finished(packet)[14:]
        if ethertype == 0x0800:
            at = (packet[0] & 15) * 4
            packet = packet[:struct.unpack('!H', packet[2:4])[0]]
            proto, pseudo = packet[9], packet[12:20]
        else:
            at, proto, pseudo = 40, packet[6], packet[8:40] + b'\0\0'
        try:
            found = inner(proto, packet[at:], pseudo)
        except AssertionError as error:
            found = None
            counts['bad ' + str(error)] = counts.get('bad ' + str(error), 0) + 1
        if not found:
            continue
        kind, content = found
        first = kind not in counts
        counts[kind] = counts.get(kind, 0) + 1
        if first or any(name.startswith('bad') for name in counts):
            with open(sys.argv[1] + '.new', 'w') as out:
                out.write(''.join(name + '\n' for name in sorted(counts)))
            os.rename(sys.argv[1] + '.new', sys.argv[1])
        os.write(tun, content)


main()
