#!/usr/bin/env python3
"""What a netlink socket does, line by line; the same on a kernel with IPVS and below `tunvs exec` (tests/data/netlink/sockets.out).

Run as root: exec-sockets.py >FILE. Services that were there before are flushed.
"""
import array, ctypes, errno, os, select, signal, socket, struct, sys, threading, time

NETLINK, GENERIC, SOL_NETLINK = 16, 16, 270
ADD_MEMBERSHIP, DROP_MEMBERSHIP, PKTINFO, LIST_MEMBERSHIPS, CAP_ACK, EXT_ACK, STRICT = 1, 2, 3, 9, 10, 11, 12
PEEK, DONTWAIT, TRUNC, OOB = socket.MSG_PEEK, socket.MSG_DONTWAIT, socket.MSG_TRUNC, socket.MSG_OOB
NEW_SERVICE, GET_SERVICE, GET_INFO, FLUSH, ACK, DUMP = 1, 4, 15, 17, 5, 0x301
libc = ctypes.CDLL(None, use_errno=True)


def tell(what, act):
    """One line: what came of it, or the error's name."""
    try:
        value = act()
    except OSError as error:
        value = errno.errorcode[error.errno] if error.errno else type(error).__name__
    print(f"{what}: {value}", flush=True)


def attr(kind, data): return struct.pack("=HH", 4 + len(data), kind) + data + bytes(-len(data) % 4)
def message(kind, command, attrs=b"", flags=ACK, seq=1):
    body = struct.pack("=BBH", command, 1, 0) + attrs
    return struct.pack("=IHHII", 16 + len(body), kind, flags, seq, 0) + body
def service(port):
    parts = [(1, struct.pack("=H", 2)), (2, struct.pack("=H", 6)), (3, socket.inet_aton("10.0.0.1") + bytes(12)),
             (4, struct.pack(">H", port)), (6, b"rr\0"), (7, bytes(8)), (8, bytes(4)), (9, b"\xff" * 4)]
    return attr(1, b"".join(attr(*part) for part in parts))
def raw(kind=socket.SOCK_RAW, flags=0): return socket.socket(NETLINK, kind | flags, GENERIC)
def opened():
    sock = raw()
    sock.bind((0, 0))
    return sock
def check(result):
    if result < 0: raise OSError(ctypes.get_errno(), "")
    return result
def seq(data): return struct.unpack_from("=I", data, 8)[0]
def kind(data): return {2: "ERROR", 3: "DONE", 16: "CTRL"}.get(struct.unpack_from("=H", data, 4)[0], "IPVS")
def number(sock, level, name, room=4):
    value = sock.getsockopt(level, name, room)
    return len(value), int.from_bytes(value, sys.byteorder)


def groups(sock): return struct.unpack_from("=I", sock.getsockopt(SOL_NETLINK, LIST_MEMBERSHIPS, 256) + bytes(4))[0]


main = opened()
main.send(message(16, 3, attr(2, b"IPVS\0"), 1))
FAMILY = struct.unpack_from("=H", main.recv(65536), 36)[0]
def ask(sock, command=GET_INFO, flags=1, seq=1, attrs=b""): return sock.send(message(FAMILY, command, attrs, flags, seq))
ask(main, FLUSH, ACK); main.recv(65536)
me = os.getpid()
def named(address): return "own" if address[0] == me else "none" if address[0] == 0 else "other", address[1]

# --- addresses

one = raw()
tell("address before bind", lambda: named(one.getsockname()))
tell("peer", lambda: one.getpeername())
main.close()
tell("bind", lambda: one.bind((0, 0)))
tell("address after bind", lambda: named(one.getsockname()))
tell("bind again", lambda: one.bind((0, 0)))
tell("bind to another", lambda: one.bind((12345, 0)))
two = raw()
tell("bind to one that is taken", lambda: two.bind((me, 0)))
tell("bind to a number", lambda: two.bind((4711, 0)))
tell("its address", lambda: two.getsockname())
three = raw()
tell("send before bind", lambda: ask(three))
tell("address after that", lambda: named(three.getsockname()))
tell("connect", lambda: three.connect((0, 0)))
tell("send to the kernel", lambda: three.sendto(message(FAMILY, GET_INFO, b"", 1), (0, 0)))
address = struct.pack("=HHII", NETLINK, 0, 0, 0)
four = raw()
tell("bind, too short", lambda: check(libc.bind(four.fileno(), address, 8)))
tell("bind, another family", lambda: check(libc.bind(four.fileno(), b"\2\0" + address[2:], 12)))
tell("bind, no memory", lambda: check(libc.bind(four.fileno(), ctypes.c_void_p(8), 12)))
room = ctypes.create_string_buffer(12); length = ctypes.c_int(6)
tell("address into little room", lambda: (check(libc.getsockname(four.fileno(), room, ctypes.byref(length))), length.value, room.raw.hex()))
tell("address into no memory", lambda: check(libc.getsockname(four.fileno(), ctypes.c_void_p(8), ctypes.byref(length))))
tell("a kind that is none", lambda: socket.socket(NETLINK, socket.SOCK_STREAM, GENERIC))
for sock in (one, two, three, four): sock.close()

# --- options

one = raw(socket.SOCK_DGRAM)
for name, level, option in [
    ("domain", 1, socket.SO_DOMAIN), ("protocol", 1, socket.SO_PROTOCOL), ("type", 1, socket.SO_TYPE), ("error", 1, socket.SO_ERROR),
    ("accepts", 1, socket.SO_ACCEPTCONN), ("pktinfo", SOL_NETLINK, PKTINFO), ("cap ack", SOL_NETLINK, CAP_ACK),
    ("ext ack", SOL_NETLINK, EXT_ACK), ("strict", SOL_NETLINK, STRICT), ("option that is none", SOL_NETLINK, 99),
]:
    tell(name, lambda: number(one, level, option))
tell("an option into 2 bytes", lambda: number(one, SOL_NETLINK, EXT_ACK, 2))
tell("ext ack on", lambda: (one.setsockopt(SOL_NETLINK, EXT_ACK, 1), number(one, SOL_NETLINK, EXT_ACK)))
tell("ext ack of 2 bytes", lambda: one.setsockopt(SOL_NETLINK, EXT_ACK, b"\1\0"))
tell("set an option that is none", lambda: one.setsockopt(SOL_NETLINK, 99, 1))
tell("memberships", lambda: groups(one))
tell("join", lambda: (one.setsockopt(SOL_NETLINK, ADD_MEMBERSHIP, 16), groups(one)))
tell("joined", lambda: one.getsockname()[1] == 1 << 15)
tell("leave", lambda: (one.setsockopt(SOL_NETLINK, DROP_MEMBERSHIP, 16), groups(one)))
tell("join none", lambda: one.setsockopt(SOL_NETLINK, ADD_MEMBERSHIP, 0))
tell("join far", lambda: one.setsockopt(SOL_NETLINK, ADD_MEMBERSHIP, 100000))
tell("receive buffer", lambda: (one.setsockopt(1, socket.SO_RCVBUF, 32768), number(one, 1, socket.SO_RCVBUF)))
tell("send buffer", lambda: (one.setsockopt(1, socket.SO_SNDBUF, 32768), number(one, 1, socket.SO_SNDBUF)))
tell("an option of TCP", lambda: one.setsockopt(6, 1, 1))
one.close()

# --- reading

one = opened()
def into(size, flags=0, ancillary=0):
    data, control, told, sender = one.recvmsg(size, ancillary, flags)
    return len(data), control, told & ~0x40000000, sender
tell("nothing there", lambda: one.recv(100, DONTWAIT))
ask(one)
tell("length alone", lambda: one.recv_into(bytearray(1), 1, PEEK | TRUNC))
tell("a look", lambda: into(65536, PEEK))
tell("a short look", lambda: into(10, PEEK))
tell("a short look for the length", lambda: (lambda got: got[1:])(one.recvmsg(10, 0, PEEK | TRUNC)))
tell("all", lambda: into(65536))
tell("and no more", lambda: into(65536, DONTWAIT))
ask(one); tell("cut", lambda: into(20)); tell("and no rest", lambda: into(20, DONTWAIT))
ask(one); tell("recvfrom", lambda: (lambda data, sender: (len(data), sender))(*one.recvfrom(65536)))
ask(one); tell("read", lambda: len(os.read(one.fileno(), 65536)))
tell("write", lambda: os.write(one.fileno(), message(FAMILY, GET_INFO, b"", 1)))
tell("its answer", lambda: into(65536))
tell("writev", lambda: os.writev(one.fileno(), [message(FAMILY, GET_INFO, b"", 1)[:7], message(FAMILY, GET_INFO, b"", 1)[7:]]))
tell("readv", lambda: os.readv(one.fileno(), [bytearray(10), bytearray(1000)]))
tell("out of band", lambda: one.recv(100, OOB))
tell("send out of band", lambda: one.send(message(FAMILY, GET_INFO, b"", 1), OOB))
ask(one); tell("into no memory", lambda: check(libc.recv(one.fileno(), ctypes.c_void_p(8), 100, 0)))
tell("after that", lambda: one.recv(100, DONTWAIT))
ask(one, seq=1); ask(one, seq=2); ask(one, seq=3)
tell("three in order", lambda: [seq(one.recv(65536)) for _ in range(3)])
one.send(message(FAMILY, GET_INFO, b"", 1, 7) + message(FAMILY, GET_INFO, b"", ACK, 8))
tell("two of a datagram", lambda: [(seq(data), kind(data)) for data in (one.recv(65536) for _ in range(3))])
one.setsockopt(SOL_NETLINK, PKTINFO, 1); ask(one)
tell("with pktinfo", lambda: [(level, what, data.hex()) for level, what, data in into(65536, 0, 100)[1]])
one.setsockopt(SOL_NETLINK, PKTINFO, 0)
one.setsockopt(1, socket.SO_PASSCRED, 1); ask(one)
tell("with credentials", lambda: [(level, what, data.hex()) for level, what, data in into(65536, 0, 100)[1]])
one.setsockopt(1, socket.SO_PASSCRED, 0)

# --- recvmmsg: struct mmsghdr is 64 bytes

def many(count, flags=DONTWAIT, sock=None):
    buffers = [ctypes.create_string_buffer(4096) for _ in range(count)]
    pieces = [(ctypes.c_uint64 * 2)(ctypes.addressof(buffer), 4096) for buffer in buffers]
    names = [ctypes.create_string_buffer(12) for _ in range(count)]
    heads = ctypes.create_string_buffer(64 * count)
    for at in range(count):
        struct.pack_into("=QIIQQQQIIII", heads, 64 * at, ctypes.addressof(names[at]), 12, 0, ctypes.addressof(pieces[at]), 1, 0, 0, 0, 0, 0, 0)
    got = check(libc.recvmmsg((sock or one).fileno(), heads, count, flags, None))
    return [(struct.unpack_from("=I", heads, 64 * at + 56)[0], seq(buffers[at].raw), names[at].raw.hex()) for at in range(got)]
tell("many, none there", lambda: many(4))
for count in (1, 2, 3): ask(one, seq=count)
tell("many, three there", lambda: many(4))
for count in (1, 2): ask(one, seq=count)
tell("many, looked at", lambda: many(3, DONTWAIT | PEEK)); tell("many, after that", lambda: many(4))
one.setsockopt(SOL_NETLINK, PKTINFO, 1); ask(one)
tell("pktinfo without room", lambda: into(65536)[2])
one.setsockopt(SOL_NETLINK, PKTINFO, 0)

# --- waiting

def late(act):
    begun = time.monotonic()
    try: act()
    except OSError as error: return errno.errorcode[error.errno], 0.15 < time.monotonic() - begun < 5
one.setsockopt(1, socket.SO_RCVTIMEO, struct.pack("=qq", 0, 200000))
tell("a time limit", lambda: late(lambda: one.recv(100)))
one.setsockopt(1, socket.SO_RCVTIMEO, struct.pack("=qq", 0, 0))
os.set_blocking(one.fileno(), False)
tell("not blocking", lambda: one.recv(100))
os.set_blocking(one.fileno(), True)
class Rang(Exception): pass
def ring(*_): raise Rang
signal.signal(signal.SIGALRM, ring)
signal.setitimer(signal.ITIMER_REAL, 0.2)
try: one.recv(100)
except Rang: print("a signal ends a wait")
signal.signal(signal.SIGALRM, lambda *_: ask(one, seq=9))
signal.setitimer(signal.ITIMER_REAL, 0.2)
tell("what a signal's action asks for", lambda: seq(one.recv(65536)))

poll = select.poll(); poll.register(one, select.POLLIN | select.POLLOUT)
tell("ready at first", lambda: [events for _, events in poll.poll(0)])
ask(one); poll.modify(one, select.POLLIN)
tell("ready with an answer", lambda: [events for _, events in poll.poll(5000)])
tell("by select", lambda: [len(ready) for ready in select.select([one], [one], [], 5)])
one.recv(65536)
tell("ready after it", lambda: poll.poll(0))
for name, flags in [("level", select.EPOLLIN), ("edge", select.EPOLLIN | select.EPOLLET), ("once", select.EPOLLIN | select.EPOLLONESHOT)]:
    epoll = select.epoll(); epoll.register(one, flags)
    first = epoll.poll(0); ask(one); second = epoll.poll(5); third = epoll.poll(0)
    ask(one); time.sleep(0.05); fourth = epoll.poll(0.2)
    one.recv(65536); one.recv(65536)
    print(f"epoll, {name}:", [len(events) for events in (first, second, third, fourth, epoll.poll(0))], flush=True)
    epoll.close()

# --- copies

copy = one.dup()
tell("a copy asks", lambda: (ask(copy, seq=21), seq(one.recv(65536))))
tell("a copy hears", lambda: (ask(one, seq=22), seq(copy.recv(65536))))
tell("its address", lambda: named(copy.getsockname()))
copy.close()
high = os.dup(one.fileno()); place = os.dup(0); os.dup2(one.fileno(), place)
low = socket.socket(fileno=place)
tell("dup2 to a place", lambda: (ask(low, seq=23), seq(low.recv(65536))))
tell("its address there", lambda: named(low.getsockname()))
tell("sender there", lambda: (ask(low, seq=24), low.recvfrom(65536)[1]))
os.close(high); low.close()
left, right = socket.socketpair()
socket.send_fds(left, [b"x"], [one.fileno()])
passed = socket.socket(fileno=socket.recv_fds(right, 10, 1)[1][0])
tell("passed on", lambda: (ask(passed, seq=25), seq(passed.recv(65536))))
tell("its kind", lambda: (passed.family, passed.type, passed.proto))
tell("sender to it", lambda: (ask(passed, seq=26), passed.recvfrom(65536)[1]))
passed.close()
child = os.fork()
if child == 0:
    ask(one, seq=27)
    os._exit(0 if seq(one.recv(65536)) == 27 and one.recvfrom else 1)
tell("a child has it", lambda: os.waitpid(child, 0)[1])
script = "import socket, sys; one = socket.socket(fileno=int(sys.argv[1])); print('a new program has it:', one.type, one.proto, flush=True)"
os.set_inheritable(one.fileno(), True)
os.waitpid(os.posix_spawn(sys.executable, [sys.executable, "-c", script, str(one.fileno())], os.environ), 0)
other = opened(); ask(other)
tell("close_range", lambda: check(libc.close_range(other.fileno(), other.fileno(), 0)))
tell("closed", lambda: other.getsockname()); other.detach()

# --- what such sockets cannot do

tell("listen", lambda: one.listen(1))
tell("accept", lambda: one.accept())
tell("shutdown", lambda: one.shutdown(socket.SHUT_RDWR))
tell("still there", lambda: (ask(one, seq=31), seq(one.recv(65536))))

# --- threads

def waits(sock): sock.recv(100)
thread = threading.Thread(target=waits, args=(one,), daemon=True); thread.start(); time.sleep(0.1)
ask(one); thread.join(5)
print("a thread has heard what another asked for:", not thread.is_alive(), flush=True)

# --- dumps

ask(one, FLUSH, ACK); one.recv(65536)
for port in range(1, 201):
    ask(one, NEW_SERVICE, ACK, port, service(port)); assert struct.unpack_from("=i", one.recv(65536), 16)[0] == 0
def dump(sock, size):
    sizes, count = [], 0
    while True:
        data = sock.recv(size)
        if kind(data) == "DONE": return len(sizes), max(sizes), count
        sizes.append(len(data))
        while data:
            length = struct.unpack_from("=I", data)[0]
            data, count = data[length:], count + 1
for size in (4096, 8192, 16384, 65536):
    sock = opened(); ask(sock, GET_SERVICE, DUMP)
    tell(f"a dump into {size} bytes", lambda: dump(sock, size) if size > 8000 else "cut")
    sock.close()
def begun(seq):
    sock = opened(); ask(sock, GET_SERVICE, DUMP, seq)
    return sock
with begun(44) as sock: tell("parts of a dump", lambda: [len(sock.recv(size)) for size in (100, 65536, 65536, 65536, 65536)])
with begun(45) as sock: tell("parts of a dump, many at once", lambda: [length for length, _, _ in many(5, 0, sock)])
with begun(46) as sock:
    for _ in range(2): sock.recv(100, PEEK)
    ask(sock, GET_INFO, 1, 47)
    tell("a dump that was looked at", lambda: [(seq(data), len(data)) for data in (sock.recv(65536) for _ in range(6))])
sock = opened(); ask(sock, GET_SERVICE, DUMP, 41); ask(sock, GET_SERVICE, DUMP, 42); ask(sock, GET_INFO, 1, 43)
def rest():
    out = []
    sock.settimeout(1)
    try:
        while True:
            data = sock.recv(65536)
            out.append((seq(data), kind(data), struct.unpack_from("=i", data, 16)[0] if kind(data) != "IPVS" else ""))
    except TimeoutError: return out
tell("a dump while another is under way", rest)
sock.close(); sock = opened(); ask(sock, GET_SERVICE, DUMP, 50)
for at, (number_of, command) in enumerate([(999, 1), (16, 99), (16, 3), (FAMILY, 99), (FAMILY, GET_INFO), (FAMILY, NEW_SERVICE), (FAMILY, 8), (FAMILY, 11)]):
    sock.send(message(number_of, command, b"", DUMP, 51 + at))
sock.send(struct.pack("=IHHII", 16, 999, DUMP, 59, 0)); sock.send(struct.pack("=IHHII", 16, FAMILY, DUMP, 60, 0))
tell("dumps of what is not there while one is under way", rest)
ask(one, FLUSH, ACK); one.recv(65536)

# A daemon thread waits while the program ends.
threading.Thread(target=waits, args=(one,), daemon=True).start()
time.sleep(0.1)
print("end", flush=True)
