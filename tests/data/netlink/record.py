#!/usr/bin/env python3
"""Records what a kernel with IPVS answers to netlink messages and socket options, to the byte.

Run as root on a kernel with the module ip_vs: record.py >FILE. Lines of the file:
  # TEXT        what follows is about; `# begin TEXT` is a fresh director and a fresh socket
  ! OPTION N    an option of the netlink socket (ext_ack, cap_ack), or the capability (admin 0: it is gone)
  > HEX         a datagram to the kernel
  < HEX         a datagram from the kernel
  ? ERRNO       the send failed
  S NAME HEX = ERRNO             setsockopt of level IP
  G NAME LEN HEX = ERRNO LEN HEX getsockopt: room and what is in it, what came back
"""
import ctypes, errno, os, socket, struct, sys

PORT = 4242
GENERIC, SOL_NETLINK = 16, 270
REQUEST, MULTI, ACK, ECHO, DUMP = 1, 2, 4, 8, 0x300
NEW_SERVICE, SET_SERVICE, DEL_SERVICE, GET_SERVICE, NEW_DEST, SET_DEST, DEL_DEST, GET_DEST = range(1, 9)
NEW_DAEMON, DEL_DAEMON, GET_DAEMON, SET_CONFIG, GET_CONFIG, SET_INFO, GET_INFO, ZERO, FLUSH = range(9, 18)
SERVICE, DEST, DAEMON, TCP, TCP_FIN, UDP = range(1, 7)
NESTED = 0x8000

out = sys.stdout
def say(text): out.write(text + "\n")

def attr(kind, data): return struct.pack("=HH", 4 + len(data), kind) + data + bytes(-len(data) % 4)
def u8(value): return struct.pack("=B", value)
def u16(value): return struct.pack("=H", value)
def u32(value): return struct.pack("=I", value & 0xffffffff)
def be16(value): return struct.pack(">H", value)
def be32(value): return struct.pack(">I", value)
def name(text): return text.encode() + b"\0"
def addr(text):
    raw = socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)
    return raw + bytes(16 - len(raw))
def nest(kind, attrs): return attr(kind, b"".join(attr(k, v) for k, v in attrs))

class Socket:
    last = None
    def __init__(self, title):
        if Socket.last: Socket.last.sock.close()
        Socket.last = self
        self.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, GENERIC)
        self.sock.bind((PORT, 0))
        self.sock.setblocking(False)
        self.seq = 0
        say("# begin " + title)
    def option(self, what, on):
        self.sock.setsockopt(SOL_NETLINK, {"ext_ack": 11, "cap_ack": 10}[what], on)
        say("! %s %d" % (what, on))
    def raw(self, data, about=""):
        if about: say("# " + about)
        say("> " + data.hex())
        try: self.sock.send(data)
        except OSError as error:
            say("? %d" % error.errno); return []
        answers = []
        while True:
            try: answer = self.sock.recv(1 << 17)
            except BlockingIOError: break
            except OSError as error:
                say("? %d" % error.errno); continue
            say("< " + answer.hex()); answers.append(answer)
        return answers
    def message(self, kind, body, flags=REQUEST | ACK, length=None):
        self.seq += 1
        return struct.pack("=IHHII", 16 + len(body) if length is None else length, kind, flags, self.seq, 0) + body
    def ask(self, about, command, attrs=b"", flags=REQUEST | ACK, version=1, kind=None, length=None):
        body = struct.pack("=BBH", command, version, 0) + attrs
        return self.raw(self.message(FAMILY if kind is None else kind, body, flags, length), about)
    def flush(self): self.ask("flush", FLUSH)

# --- declarations, from which attributes are taken away or changed

AF, PROTOCOL, ADDR, SPORT, FWMARK, SCHED, FLAGS, TIMEOUT, NETMASK, STATS, PE = range(1, 12)
def service(address="10.0.0.1", port=80, protocol=6, sched="rr", flags=(0, 0xffffffff), timeout=0, netmask=0xffffffff, mark=None, af=None, **other):
    v6 = address is not None and ":" in address
    attrs = {AF: u16(af if af is not None else 10 if v6 else 2)}
    if mark is not None: attrs[FWMARK] = u32(mark)
    else: attrs.update({PROTOCOL: u16(protocol), ADDR: addr(address), SPORT: be16(port)})
    if sched is not None: attrs[SCHED] = name(sched)
    if flags is not None: attrs[FLAGS] = u32(flags[0]) + u32(flags[1])
    if timeout is not None: attrs[TIMEOUT] = u32(timeout)
    if netmask is not None: attrs[NETMASK] = be32(netmask) if not v6 and not (mark is not None and af == 10) else u32(128 if netmask == 0xffffffff else netmask)
    return attrs
def key(**how): return service(sched=None, flags=None, timeout=None, netmask=None, **how)
def svc(attrs, kind=SERVICE): return nest(kind, attrs.items())
D_ADDR, D_PORT, FWD, WEIGHT, UPPER, LOWER = range(1, 7)
D_AF, TUN_TYPE, TUN_PORT, TUN_FLAGS = 11, 13, 14, 15
def server(address="10.1.0.1", port=80, forward=0, weight=1, upper=0, lower=0, af=2, **other):
    v6 = ":" in address
    return {D_ADDR: addr(address), D_PORT: be16(port), FWD: u32(forward), WEIGHT: u32(weight), UPPER: u32(upper), LOWER: u32(lower), D_AF: u16(10 if v6 else af)}
def dest(attrs): return nest(DEST, attrs.items())
STATE, IFN, SYNC_ID, MAXLEN, GROUP, GROUP6, MPORT, TTL = range(1, 9)
def daemon(state=1, ifn="lo", sync_id=0): return {STATE: u32(state), IFN: name(ifn), SYNC_ID: u32(sync_id)}
def dmn(attrs): return nest(DAEMON, attrs.items())
def without(attrs, *gone): return {k: v for k, v in attrs.items() if k not in gone}
def having(attrs, **more): return {**attrs, **{int(k[1:]): v for k, v in more.items()}}

def resolve():
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, GENERIC)
    body = struct.pack("=BBH", 3, 1, 0) + attr(2, name("IPVS"))
    sock.send(struct.pack("=IHHII", 16 + len(body), 16, REQUEST, 1, 0) + body)
    answer = sock.recv(65536)
    at = 20
    while at + 4 <= len(answer):
        length, kind = struct.unpack_from("=HH", answer, at)
        if kind == 1: return struct.unpack_from("=H", answer, at + 4)[0]
        at += (length + 3) & ~3
    raise SystemExit("no family IPVS")

FAMILY = resolve()
say("# family %d" % FAMILY)

def family():
    for ext in 0, 1:
        s = Socket("the family")
        s.option("ext_ack", ext)
        for about, body, flags in [
            ("by name", attr(2, name("IPVS")), REQUEST), ("by name, with ACK", attr(2, name("IPVS")), REQUEST | ACK),
            ("by number", attr(1, u16(FAMILY)), REQUEST), ("by both", attr(1, u16(FAMILY)) + attr(2, name("other")), REQUEST),
            ("unterminated name", attr(2, b"IPVS"), REQUEST), ("in small letters", attr(2, name("ipvs")), REQUEST),
        ]: s.ask(about, 3, body, flags, kind=16)
        for version in 0, 1, 2: s.ask("by version %d" % version, 3, attr(2, name("IPVS")), REQUEST, version, kind=16)

def services():
    s = Socket("services")
    kinds = [dict(), dict(protocol=17), dict(protocol=132, port=5060), dict(address="fd00::1"), dict(address="fd00::1", protocol=17, port=53), dict(mark=7), dict(mark=7, af=10)]
    for how in kinds:
        s.ask("new %s" % how, NEW_SERVICE, svc(service(**how)))
        s.ask("again", NEW_SERVICE, svc(service(**how)))
        s.ask("get", GET_SERVICE, svc(key(**how)), REQUEST)
        s.ask("get with ACK", GET_SERVICE, svc(key(**how)))
        s.ask("set", SET_SERVICE, svc(service(sched="wlc", flags=(1, 0xffffffff), timeout=300, **how)))
        s.ask("get", GET_SERVICE, svc(key(**how)), REQUEST)
        s.ask("zero", ZERO, svc(key(**how)))
    s.ask("all", GET_SERVICE, b"", REQUEST | DUMP)
    s.ask("all, and ACK", GET_SERVICE, b"", REQUEST | ACK | DUMP)
    s.ask("zero all", ZERO)
    for how in kinds:
        s.ask("delete %s" % how, DEL_SERVICE, svc(key(**how)))
        s.ask("again", DEL_SERVICE, svc(key(**how)))
        s.ask("set", SET_SERVICE, svc(service(**how)))
        s.ask("get", GET_SERVICE, svc(key(**how)), REQUEST)
        s.ask("zero", ZERO, svc(key(**how)))
    s.ask("all", GET_SERVICE, b"", REQUEST | DUMP)
    for sched in "rr wrr lc wlc lblc lblcr dh sh sed nq fo ovf mh twos none nothing".split() + ["", "fifteen-letters", "sixteen-letters-", "a name that is far too long to be one"]:
        s.ask("scheduler %r" % sched, NEW_SERVICE, svc(service(sched=sched)))
        s.ask("get", GET_SERVICE, svc(key()), REQUEST)
        s.flush()
    for sched in "rr", "sh", "mh":
        s.ask("scheduler", NEW_SERVICE, svc(service(sched=sched)))
        for flags in (0x18, 0xffffffff), (0, 0x8), (4, 4), (0xffffffff, 0xffffffff), (0, 0), (1, 1), (0, 0x3f), (2, 2), (0, 2), (0x1000, 0x1000):
            s.ask("flags %x/%x" % flags, SET_SERVICE, svc(service(sched=sched, flags=flags, timeout=60)))
            s.ask("get", GET_SERVICE, svc(key()), REQUEST)
        s.flush()
    for timeout in 0, 1, 360, 0x7fffffff, 0xffffffff:
        s.ask("timeout %d" % timeout, NEW_SERVICE, svc(service(flags=(1, 1), timeout=timeout)))
        s.ask("get", GET_SERVICE, svc(key()), REQUEST); s.flush()
    for mask in 0, 0xffffff00, 0xff00ff00:
        s.ask("mask %x" % mask, NEW_SERVICE, svc(service(flags=(1, 1), timeout=60, netmask=mask)))
        s.ask("get", GET_SERVICE, svc(key()), REQUEST); s.flush()
    for prefix in 0, 1, 64, 128, 129, 0xffffff:
        how = having(service(address="fd00::1", flags=(1, 1), timeout=60), _9=u32(prefix))
        s.ask("prefix %d" % prefix, NEW_SERVICE, svc(how))
        s.ask("get", GET_SERVICE, svc(key(address="fd00::1")), REQUEST); s.flush()
        how = having(service(address="fd00::1"), _9=u32(prefix))
        s.ask("prefix %d, not persistent" % prefix, NEW_SERVICE, svc(how))
        s.ask("get", GET_SERVICE, svc(key(address="fd00::1")), REQUEST); s.flush()
    for engine in "sip", "sop", "", "engine-of-a-longer-name":
        for protocol in 17, 6:
            s.ask("engine %r" % engine, NEW_SERVICE, svc(having(service(protocol=protocol, flags=(1, 1), timeout=60), _11=name(engine))))
            s.ask("get", GET_SERVICE, svc(key(protocol=protocol)), REQUEST); s.flush()
    s.ask("engine without persistence", NEW_SERVICE, svc(having(service(protocol=17), _11=name("sip")))); s.flush()
    for port, flags in (0, 0), (0, 1), (65535, 0):
        s.ask("port %d" % port, NEW_SERVICE, svc(service(port=port, flags=(flags, 1), timeout=60)))
        s.ask("get", GET_SERVICE, svc(key(port=port)), REQUEST); s.flush()
    for address in "0.0.0.0", "255.255.255.255", "224.0.0.1", "127.0.0.1", "::", "ff02::1", "::1", "fe80::1", "::ffff:10.0.0.1":
        s.ask("address", NEW_SERVICE, svc(service(address=address)))
        s.ask("get", GET_SERVICE, svc(key(address=address)), REQUEST); s.flush()
    s.ask("IPv4 with bytes behind", NEW_SERVICE, svc(having(service(), _3=bytes([10, 0, 0, 1]) + b"\xff" * 12)))
    s.ask("get", GET_SERVICE, svc(key()), REQUEST); s.flush()
    s.ask("address of 4 bytes", NEW_SERVICE, svc(having(service(), _3=bytes([10, 0, 0, 1]))))
    s.ask("get", GET_SERVICE, svc(key()), REQUEST); s.flush()
    for protocol in 0, 1, 50, 255, 256 + 6, 0xffff:
        s.ask("protocol %d" % protocol, NEW_SERVICE, svc(service(protocol=protocol)))
        s.ask("get", GET_SERVICE, svc(key(protocol=protocol)), REQUEST); s.flush()
    for mark in 0, 1, 0xffffffff:
        s.ask("mark", NEW_SERVICE, svc(service(mark=mark)))
        s.ask("get", GET_SERVICE, svc(key(mark=mark)), REQUEST); s.flush()
    s.ask("mark and address", NEW_SERVICE, svc({**service(), FWMARK: u32(9)}))
    s.ask("get", GET_SERVICE, svc(key(mark=9)), REQUEST); s.flush()
    s.ask("mark 0 and address", NEW_SERVICE, svc({**service(), FWMARK: u32(0)}))
    s.ask("get", GET_SERVICE, svc(key()), REQUEST); s.flush()
    s.ask("a service", NEW_SERVICE, svc(service(sched="rr")))
    s.ask("set to an unknown scheduler", SET_SERVICE, svc(service(sched="nothing")))
    s.ask("set to none", SET_SERVICE, svc(service(sched="none")))
    s.ask("get", GET_SERVICE, svc(key()), REQUEST)
    s.flush()

def errors_of_services():
    for ext in 0, 1:
        s = Socket("wrong services"); s.option("ext_ack", ext)
        for about, attrs in broken(service(), {AF: 2, PROTOCOL: 2, ADDR: 16, SPORT: 2, SCHED: 0, FLAGS: 8, TIMEOUT: 4, NETMASK: 4}):
            s.ask(about, NEW_SERVICE, attrs(SERVICE)); s.flush()
        for about, attrs in broken(key(), {AF: 2, PROTOCOL: 2, ADDR: 16, SPORT: 2}):
            s.ask("get " + about, GET_SERVICE, attrs(SERVICE), REQUEST)
        for about, attrs in broken(service(mark=5), {FWMARK: 4}):
            s.ask("mark, " + about, NEW_SERVICE, attrs(SERVICE)); s.flush()
        for command in NEW_SERVICE, SET_SERVICE, DEL_SERVICE, GET_SERVICE, NEW_DEST, SET_DEST, DEL_DEST, NEW_DAEMON, DEL_DAEMON:
            s.ask("nothing", command)
            s.ask("empty nest", command, attr(SERVICE, b"") + attr(DEST, b"") + attr(DAEMON, b""))
            s.ask("a number for a nest", command, attr(SERVICE, u32(5)) + attr(DEST, u32(5)) + attr(DAEMON, u32(5)))
            s.ask("no room for a nest", command, attr(SERVICE, b"\1") + attr(DEST, b"\1") + attr(DAEMON, b"\1"))
        for af in 0, 1, 3, 16, 0xffff: s.ask("family %d" % af, NEW_SERVICE, svc(service(af=af))); s.ask("get", GET_SERVICE, svc(key(af=af)), REQUEST)
        s.ask("IPv6 with little", NEW_SERVICE, svc(having(service(af=10)))); s.flush()
        s.ask("all, with attributes", GET_SERVICE, svc(key()), REQUEST | DUMP)
        s.ask("all, with wrong attributes", GET_SERVICE, attr(SERVICE, b"\1"), REQUEST | DUMP)
        s.ask("all, with wrong numbers", GET_SERVICE, attr(TCP, b"\1"), REQUEST | DUMP)

def broken(attrs, sizes):
    """Each attribute missing, shorter, longer, empty; twice; all with the bit of nests; unknown ones beside; a lying length."""
    whole = lambda how: (lambda kind: nest(kind, how.items()))
    for kind in attrs: yield "without %d" % kind, whole(without(attrs, kind))
    for kind, size in sizes.items():
        if kind not in attrs: continue
        if size:
            yield "%d is short" % kind, whole({**attrs, kind: attrs[kind][:size - 1]})
            yield "%d is long" % kind, whole({**attrs, kind: attrs[kind] + b"\0\0\0\0"})
        else:
            yield "%d has no end" % kind, whole({**attrs, kind: attrs[kind][:-1]})
            yield "%d has letters behind its end" % kind, whole({**attrs, kind: attrs[kind] + b"xyz\0"})
        yield "%d is empty" % kind, whole({**attrs, kind: b""})
    first = next(iter(attrs))
    yield "the first twice", lambda kind: nest(kind, list(attrs.items()) + [(first, attrs[first])])
    yield "the first twice, wrong at first", lambda kind: nest(kind, [(first, b"")] + list(attrs.items()))
    yield "the first twice, wrong at last", lambda kind: nest(kind, list(attrs.items()) + [(first, b"\0")])
    yield "all as nests", lambda kind: nest(kind, [(k | NESTED, v) for k, v in attrs.items()])
    yield "itself a nest", lambda kind: nest(kind | NESTED, attrs.items())
    yield "network order bit", lambda kind: nest(kind, [(k | 0x4000, v) for k, v in attrs.items()])
    yield "unknown beside", lambda kind: nest(kind, [(0, b""), (77, b"abc")] + list(attrs.items()) + [(16000, bytes(64))])
    yield "a lying length inside", lambda kind: attr(kind, b"".join(attr(k, v) for k, v in attrs.items()) + struct.pack("=HH", 40, 1))
    yield "a length of 3 inside", lambda kind: attr(kind, struct.pack("=HH", 3, 1) + b"".join(attr(k, v) for k, v in attrs.items()))
    yield "bytes left over inside", lambda kind: attr(kind, b"".join(attr(k, v) for k, v in attrs.items()) + b"\1\2")

def servers():
    s = Socket("servers")
    s.ask("a service", NEW_SERVICE, svc(service()))
    s.ask("none yet", GET_DEST, svc(key()), REQUEST | DUMP)
    for forward in 0, 1, 2, 3, 4, 5, 7, 8, 0x10, 0xffffffff:
        how = server(forward=forward)
        s.ask("method %d" % forward, NEW_DEST, svc(key()) + dest(how)); s.ask("list", GET_DEST, svc(key()), REQUEST | DUMP)
        s.ask("set", SET_DEST, svc(key()) + dest(server(forward=forward, weight=3, upper=10, lower=5)))
        s.ask("list", GET_DEST, svc(key()), REQUEST | DUMP); s.ask("delete", DEL_DEST, svc(key()) + dest(how))
    for weight in 0, 1, 65535, 65536, 0x7fffffff, -1, -0x80000000:
        s.ask("weight %d" % weight, NEW_DEST, svc(key()) + dest(server(weight=weight)))
        s.ask("list", GET_DEST, svc(key()), REQUEST | DUMP); s.ask("delete", DEL_DEST, svc(key()) + dest(server()))
    for upper, lower in (0, 1), (1, 2), (5, 5), (0xffffffff, 0), (0xffffffff, 0xffffffff), (10, 0):
        s.ask("thresholds %d %d" % (upper, lower), NEW_DEST, svc(key()) + dest(server(upper=upper, lower=lower)))
        s.ask("list", GET_DEST, svc(key()), REQUEST | DUMP); s.ask("delete", DEL_DEST, svc(key()) + dest(server()))
    for kind, port, flags in (0, 0, 0), (1, 0, 0), (1, 6080, 0), (1, 6080, 1), (1, 6080, 2), (2, 0, 1), (2, 5, 2), (3, 0, 0), (0, 9, 1), (255, 1, 0xffff), (1, 6080, 7):
        how = {**server(forward=2), TUN_TYPE: u8(kind), TUN_PORT: be16(port), TUN_FLAGS: u16(flags)}
        s.ask("tunnel %d %d %d" % (kind, port, flags), NEW_DEST, svc(key()) + dest(how))
        s.ask("list", GET_DEST, svc(key()), REQUEST | DUMP); s.ask("delete", DEL_DEST, svc(key()) + dest(server()))
    for address in "0.0.0.0", "255.255.255.255", "224.0.0.1", "127.0.0.1", "10.0.0.1":
        s.ask("address " + address, NEW_DEST, svc(key()) + dest(server(address=address)))
        s.ask("list", GET_DEST, svc(key()), REQUEST | DUMP); s.ask("delete", DEL_DEST, svc(key()) + dest(server(address=address)))
    for address in "fd00::5", "::", "ff02::1", "fe80::1":
        for forward in 0, 2, 3:
            s.ask("other family", NEW_DEST, svc(key()) + dest(server(address=address, forward=forward)))
            s.ask("list", GET_DEST, svc(key()), REQUEST | DUMP)
            s.ask("set", SET_DEST, svc(key()) + dest(server(address=address, forward=forward, weight=9)))
            s.ask("delete", DEL_DEST, svc(key()) + dest(server(address=address)))
    for af in 0, 1, 3, 0xffff: s.ask("family %d" % af, NEW_DEST, svc(key()) + dest(server(af=af))); s.ask("delete", DEL_DEST, svc(key()) + dest(server(af=af)))
    s.ask("no family", NEW_DEST, svc(key()) + dest(without(server(), D_AF)))
    s.ask("again", NEW_DEST, svc(key()) + dest(server())); s.ask("port 0", NEW_DEST, svc(key()) + dest(server(port=0)))
    for number in range(2, 5): s.ask("more", NEW_DEST, svc(key()) + dest(server(address="10.1.0.%d" % number, weight=number)))
    s.ask("list", GET_DEST, svc(key()), REQUEST | DUMP); s.ask("list and ACK", GET_DEST, svc(key()), REQUEST | ACK | DUMP)
    s.ask("list by full declaration", GET_DEST, svc(service()), REQUEST | DUMP)
    s.ask("set one that is not there", SET_DEST, svc(key()) + dest(server(address="10.9.9.9")))
    s.ask("delete one that is not there", DEL_DEST, svc(key()) + dest(server(address="10.9.9.9")))
    for command in NEW_DEST, SET_DEST, DEL_DEST: s.ask("no service", command, svc(key(port=1)) + dest(server()))
    s.ask("list of no service", GET_DEST, svc(key(port=1)), REQUEST | DUMP); s.ask("list of nothing", GET_DEST, b"", REQUEST | DUMP)
    s.ask("list of what is wrong", GET_DEST, attr(SERVICE, b"\1"), REQUEST | DUMP); s.ask("get without dump", GET_DEST, svc(key()), REQUEST)
    s.ask("list of wrong numbers", GET_DEST, svc(key()) + attr(TCP, b"\1"), REQUEST | DUMP)
    s.ask("get of an incomplete key", GET_DEST, svc(without(key(), AF)), REQUEST | DUMP)
    s.flush()
    for how in dict(mark=3), dict(address="fd00::1"), dict(mark=3, af=10):
        s.ask("a service %s" % how, NEW_SERVICE, svc(service(**how)))
        for address in "10.1.0.1", "fd00::9":
            for forward in 0, 2:
                s.ask("server %s %d" % (address, forward), NEW_DEST, svc(key(**how)) + dest(server(address=address, forward=forward, port=0)))
                s.ask("list", GET_DEST, svc(key(**how)), REQUEST | DUMP)
    s.flush()
    for ext in 0, 1:
        s = Socket("wrong servers"); s.option("ext_ack", ext)
        s.ask("a service", NEW_SERVICE, svc(service()))
        for command in NEW_DEST, SET_DEST, DEL_DEST:
            for about, attrs in broken(server(), {D_ADDR: 16, D_PORT: 2, FWD: 4, WEIGHT: 4, UPPER: 4, LOWER: 4, D_AF: 2}):
                s.ask(about, command, svc(key()) + attrs(DEST))
                if command == NEW_DEST: s.ask("delete", DEL_DEST, svc(key()) + dest(server()))
        s.ask("wrong tunnel", NEW_DEST, svc(key()) + dest({**server(forward=2), TUN_TYPE: b""}))
        s.flush()

def daemons():
    s = Socket("daemons")
    s.ask("none", GET_DAEMON, b"", REQUEST | DUMP)
    for state in 1, 2:
        for how in [dict(), dict(sync_id=7), dict(sync_id=255), dict(sync_id=256), dict(sync_id=0xffffffff)]:
            s.ask("new %d %s" % (state, how), NEW_DAEMON, dmn(daemon(state=state, **how)))
            s.ask("list", GET_DAEMON, b"", REQUEST | DUMP)
            s.ask("again", NEW_DAEMON, dmn(daemon(state=state, **how)))
            s.ask("delete", DEL_DAEMON, dmn(daemon(state=state, **how))); s.ask("again", DEL_DAEMON, dmn(daemon(state=state, **how)))
    s.ask("master", NEW_DAEMON, dmn(daemon())); s.ask("backup", NEW_DAEMON, dmn(daemon(state=2, sync_id=2)))
    s.ask("list", GET_DAEMON, b"", REQUEST | DUMP); s.ask("get without dump", GET_DAEMON, b"", REQUEST)
    s.ask("a service", NEW_SERVICE, svc(service())); s.ask("other family while they run", NEW_DEST, svc(key()) + dest(server(address="fd00::5", forward=2)))
    s.ask("delete by state only", DEL_DAEMON, dmn({STATE: u32(1)})); s.ask("delete by state only", DEL_DAEMON, dmn({STATE: u32(2)}))
    s.ask("other family", NEW_DEST, svc(key()) + dest(server(address="fd00::5", forward=2)))
    s.ask("a daemon beside it", NEW_DAEMON, dmn(daemon())); s.flush()
    for state in 0, 3, 4, 0xffffffff:
        s.ask("state %d" % state, NEW_DAEMON, dmn(daemon(state=state))); s.ask("delete", DEL_DAEMON, dmn(daemon(state=state)))
    s.ask("no such link", NEW_DAEMON, dmn(daemon(ifn="none0"))); s.ask("no name", NEW_DAEMON, dmn(daemon(ifn="")))
    for more in [dict(_4=u16(1)), dict(_4=u16(9000)), dict(_4=u16(65535)), dict(_5=bytes([224, 0, 0, 9])), dict(_5=bytes([10, 0, 0, 1])), dict(_5=bytes(4)),
                 dict(_6=addr("ff02::81")), dict(_6=addr("fd00::1")), dict(_7=u16(9000)), dict(_8=u8(5)), dict(_8=u8(0)), dict(_7=u16(0)),
                 dict(_5=bytes([224, 0, 0, 9]), _6=addr("ff02::81"), _4=u16(1000), _7=u16(5), _8=u8(255))]:
        for state in 1, 2:
            s.ask("more %s" % more, NEW_DAEMON, dmn(having(daemon(state=state), **more))); s.ask("list", GET_DAEMON, b"", REQUEST | DUMP)
            s.ask("delete", DEL_DAEMON, dmn(daemon(state=state)))
    for ext in 0, 1:
        s = Socket("wrong daemons"); s.option("ext_ack", ext)
        for command in NEW_DAEMON, DEL_DAEMON:
            for about, attrs in broken(having(daemon(), _4=u16(0), _5=bytes([224, 0, 0, 9]), _7=u16(8848), _8=u8(1)), {STATE: 4, IFN: 0, SYNC_ID: 4, MAXLEN: 2, GROUP: 4, MPORT: 2, TTL: 1}):
                s.ask(about, command, attrs(DAEMON))
                if command == NEW_DAEMON: s.ask("delete", DEL_DAEMON, dmn(daemon()))
            s.ask("a short group", command, dmn(having(daemon(), _6=bytes(15)))); s.ask("a long group", command, dmn(having(daemon(), _6=addr("ff02::1") + b"\0")))
            s.ask("a name too long", command, dmn(daemon(ifn="sixteen-letters-")))
        s.ask("delete", DEL_DAEMON, dmn(daemon()))

def settings():
    s = Socket("settings")
    s.ask("config", GET_CONFIG, b"", REQUEST); s.ask("config and ACK", GET_CONFIG)
    s.ask("info", GET_INFO, b"", REQUEST); s.ask("info and ACK", GET_INFO)
    for values in [(TCP, 100)], [(TCP_FIN, 20)], [(UDP, 30)], [(TCP, 1), (TCP_FIN, 2), (UDP, 3)], [(TCP, 0), (TCP_FIN, 0), (UDP, 0)], [], [(TCP, 0x7fffffff)], [(UDP, 0xffffffff)], [(TCP, 8589934)], [(TCP, 8589935)], [(TCP, 5), (UDP, 8589935)], [(TCP, 900), (TCP_FIN, 120), (UDP, 300)]:
        s.ask("set %s" % values, SET_CONFIG, b"".join(attr(k, u32(v)) for k, v in values)); s.ask("config", GET_CONFIG, b"", REQUEST)
    for ext in 0, 1:
        s.option("ext_ack", ext)
        for kind in TCP, TCP_FIN, UDP:
            for value in b"", b"\1", b"\1\0\0", u32(7) + b"\0": s.ask("wrong %d" % kind, SET_CONFIG, attr(kind, value))
        s.ask("config", GET_CONFIG, b"", REQUEST); s.ask("set", SET_CONFIG, attr(TCP, u32(900)) + attr(TCP_FIN, u32(120)) + attr(UDP, u32(300)))
        for command in GET_CONFIG, GET_INFO: s.ask("dump", command, b"", REQUEST | DUMP); s.ask("wrong attribute", command, attr(TCP, b"\1"), REQUEST)

def messages():
    for ext, cap in (0, 0), (1, 0), (0, 1), (1, 1):
        s = Socket("messages"); s.option("ext_ack", ext); s.option("cap_ack", cap)
        for command in 0, SET_INFO, 18, 19, 100, 255:
            s.ask("command %d" % command, command); s.ask("command %d, dump" % command, command, b"", REQUEST | DUMP); s.ask("no ACK", command, b"", REQUEST)
        for command in NEW_SERVICE, NEW_DEST, NEW_DAEMON, SET_CONFIG, ZERO, FLUSH, DEL_SERVICE: s.ask("dump of %d" % command, command, b"", REQUEST | DUMP)
        for flags in REQUEST | 0x100 | ACK, REQUEST | 0x200 | ACK, REQUEST | MULTI | ACK, REQUEST | ECHO | ACK, 0xffff, 0, ACK, DUMP: s.ask("flags %x" % flags, GET_SERVICE, svc(key()), flags)
        for version in 0, 2, 255: s.ask("version %d" % version, GET_INFO, b"", REQUEST, version)
        for kind in 0, 1, 2, 3, 4, 15: s.ask("type %d" % kind, GET_INFO, b"", kind=kind)
        s.ask("family that nobody has", GET_INFO, kind=0x3fe)
        s.raw(s.message(FAMILY, b""), "no header"); s.raw(s.message(FAMILY, b"\1\1\0"), "short header"); s.raw(s.message(FAMILY, struct.pack("=BBH", GET_INFO, 1, 0x55)), "reserved bits")
        s.raw(b"", "empty"); s.raw(b"\0" * 15, "15 bytes"); s.raw(b"\xff" * 16, "all ones")
        for length in 0, 15, 16, 19, 24, 100, 0xffffffff: s.ask("length %d" % length, GET_INFO, bytes(0), length=length)
        s.ask("attributes of 2 bytes", GET_INFO, b"\4\0"); s.ask("attribute of length 3", ZERO, b"\3\0\1\0"); s.ask("lying attribute", ZERO, b"\x40\0\1\0"); s.ask("length 0", ZERO, b"\0\0\1\0")
        s.ask("unknown attributes", ZERO, attr(77, b"abc") + attr(0, b"")); s.ask("nested bit", SET_CONFIG, attr(TCP | NESTED, u32(900))); s.ask("left over", SET_CONFIG, attr(TCP, u32(900)) + b"\1")
        two = s.message(FAMILY, struct.pack("=BBH", GET_INFO, 1, 0), REQUEST) + s.message(FAMILY, struct.pack("=BBH", GET_CONFIG, 1, 0))
        s.raw(two, "two at once"); s.raw(s.message(FAMILY, struct.pack("=BBH", 99, 1, 0)) + two, "the first wrong"); s.raw(two[:-3], "the last cut")
        s.raw(s.message(FAMILY, struct.pack("=BBH", FLUSH, 1, 0) + b"\0\0") + b"\0\0" + two, "padding between")
        s.raw(two + bytes(6), "bytes behind"); s.raw(two + bytes(16), "zeros behind")
    s = Socket("many services")
    for number in range(40):
        s.ask("one", NEW_SERVICE, svc(service(address="10.0.1.%d" % number)), REQUEST)
        s.ask("its server", NEW_DEST, svc(key(address="10.0.1.%d" % number)) + dest(server()), REQUEST)
    s.ask("all", GET_SERVICE, b"", REQUEST | DUMP); s.ask("servers", GET_DEST, svc(key(address="10.0.1.7")), REQUEST | DUMP); s.flush()

# --- the older socket options

BASE = 1152
INSERT, ADD, EDIT, DELETE, FLUSH_, LIST, ADDDEST, DELDEST, EDITDEST, SET_TIMEOUT, STARTDAEMON, STOPDAEMON, RESTORE, SAVE, ZERO_ = [BASE + n for n in range(1, 16)]
VERSION, INFO, SERVICES, ONE, DESTS, ONE_DEST, TIMEOUTS, DAEMONS = [BASE + n for n in range(8)]
def old_service(address="10.0.0.1", port=80, protocol=6, mark=0, sched="rr", flags=0, timeout=0, netmask=0xffffffff):
    return struct.pack("=H2x4s2s2xI16sII4s", protocol, socket.inet_aton(address), be16(port), mark, sched.encode(), flags, timeout, be32(netmask))
def old_dest(address="10.1.0.1", port=80, forward=0, weight=1, upper=0, lower=0):
    return struct.pack("=4s2s2xIiII", socket.inet_aton(address), be16(port), forward, weight, upper, lower)
def old_daemon(state=1, ifn="lo", sync_id=0): return struct.pack("=I16si", state, ifn.encode(), sync_id)

def set_option(sock, what, data, about):
    say("# " + about)
    try: sock.setsockopt(0, what, data); code = 0
    except OSError as error: code = error.errno
    say("S %d %s = %d" % (what, data.hex(), code))

libc = ctypes.CDLL(None, use_errno=True)
def get_option(sock, what, room, about):
    say("# " + about)
    buffer, length = ctypes.create_string_buffer(bytes(room), len(room) or 1), ctypes.c_uint(len(room))
    result = libc.getsockopt(sock.fileno(), 0, what, buffer, ctypes.byref(length))
    code = ctypes.get_errno() if result else 0
    say("G %d %d %s = %d %d %s" % (what, len(room), bytes(room).hex(), code, length.value, buffer.raw[:len(room)].hex()))

def options():
    say("# begin socket options")
    s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    get_option(s, VERSION, bytes(64), "version"); get_option(s, VERSION, bytes(10), "version, no room")
    get_option(s, INFO, bytes(12), "info"); get_option(s, INFO, bytes(11), "info, no room"); get_option(s, INFO, bytes(40), "info, more room")
    for how in [dict(), dict(protocol=17), dict(protocol=132), dict(mark=5, protocol=0), dict(protocol=0), dict(protocol=50), dict(sched="none"), dict(sched=""), dict(sched="nothing"), dict(port=0), dict(port=0, flags=1), dict(flags=5, timeout=60), dict(sched="x" * 16), dict(flags=0xffffffff, timeout=9)]:
        set_option(s, ADD, old_service(**how), "add %s" % how); set_option(s, ADD, old_service(**how), "again")
        get_option(s, ONE, old_service(**how) + bytes(108), "one"); set_option(s, EDIT, old_service(**{**how, "sched": "wlc", "flags": 1, "timeout": 77}), "edit")
        set_option(s, ADDDEST, old_service(**how) + old_dest(), "server"); set_option(s, ADDDEST, old_service(**how) + old_dest(), "again")
        set_option(s, ZERO_, old_service(**how), "zero"); get_option(s, INFO, bytes(12), "info")
        for size in 8, 152, 4096: get_option(s, SERVICES, u32(1) + bytes(size - 4), "services in %d" % size)
        set_option(s, DELETE, old_service(**how), "delete"); set_option(s, DELETE, old_service(**how), "again"); set_option(s, FLUSH_, b"", "flush")
    set_option(s, ADD, old_service(), "a service")
    for how in [dict(), dict(forward=2), dict(forward=3), dict(forward=8), dict(weight=-1), dict(upper=1, lower=2), dict(upper=9, lower=2), dict(address="0.0.0.0"), dict(address="224.0.0.1"), dict(port=0)]:
        set_option(s, ADDDEST, old_service() + old_dest(**how), "server %s" % how); set_option(s, EDITDEST, old_service() + old_dest(**{**how, "weight": 5}), "edit")
        get_option(s, DESTS, dests_header(1) + bytes(2000), "servers"); set_option(s, DELDEST, old_service() + old_dest(**how), "delete"); set_option(s, DELDEST, old_service() + old_dest(**how), "again")
    for n in range(3): set_option(s, ADDDEST, old_service() + old_dest(address="10.1.0.%d" % (n + 1)), "server")
    for count in 0, 1, 3, 4, 0xffffffff:
        get_option(s, DESTS, dests_header(count) + bytes(2000), "servers, %d wanted" % count); get_option(s, SERVICES, u32(count) + bytes(2000), "services, %d wanted" % count)
    for size in 0, 3, 4, 8, 23, 24, 28, 100, 256: get_option(s, DESTS, (dests_header(3) + bytes(300))[:size], "servers in %d" % size)
    get_option(s, DESTS, dests_header(3, port=1) + bytes(300), "servers of no service")
    get_option(s, TIMEOUTS, bytes(12), "timeouts"); set_option(s, SET_TIMEOUT, struct.pack("=iii", 100, 20, 30), "timeouts"); get_option(s, TIMEOUTS, bytes(12), "timeouts")
    for wrong in (-1, 1, 1), (0, 0, -5), (8589935, 0, 0), (0, 0, 0): set_option(s, SET_TIMEOUT, struct.pack("=iii", *wrong), "timeouts %s" % (wrong,))
    get_option(s, TIMEOUTS, bytes(12), "timeouts"); get_option(s, TIMEOUTS, bytes(11), "timeouts, no room"); set_option(s, SET_TIMEOUT, struct.pack("=iii", 900, 120, 300), "timeouts")
    get_option(s, DAEMONS, bytes(48), "daemons")
    for how in [dict(), dict(state=2, sync_id=5), dict(state=3), dict(state=0), dict(ifn="none0"), dict(sync_id=300), dict(sync_id=-1)]:
        set_option(s, STARTDAEMON, old_daemon(**how), "daemon %s" % how); get_option(s, DAEMONS, bytes(48), "daemons")
        set_option(s, STOPDAEMON, old_daemon(**how), "stop"); set_option(s, STOPDAEMON, old_daemon(**how), "again")
    for what in range(BASE - 1, BASE + 20):
        for size in 0, 1, 24, 40, 43, 44, 68, 72, 128: set_option(s, what, bytes(size), "%d with %d zeros" % (what, size))
        for size in 0, 1, 44, 64, 256: get_option(s, what, bytes(size), "%d into %d" % (what, size))
    set_option(s, FLUSH_, b"", "flush"); get_option(s, INFO, bytes(12), "info")
    for mark in 1, 2:
        set_option(s, ADD, old_service(mark=mark, protocol=17), "mark"); get_option(s, SERVICES, u32(mark) + bytes(400), "services")
    set_option(s, FLUSH_, b"", "flush")

def dests_header(count, protocol=6, address="10.0.0.1", port=80, mark=0): return struct.pack("=H2x4s2s2xII", protocol, socket.inet_aton(address), be16(port), mark, count)

def unprivileged():
    s = Socket("without the capability"); s.option("ext_ack", 1); s.ask("a service", NEW_SERVICE, svc(service()))
    s.sock.close()
    out.flush()
    os.setresuid(65534, 65534, 65534)
    s = Socket("nobody"); say("! admin 0")
    for command in range(0, 19): s.ask("command %d" % command, command); s.ask("dump", command, b"", REQUEST | DUMP)
    s.ask("the family", 3, attr(2, name("IPVS")), REQUEST, kind=16)
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for what in range(BASE, BASE + 17):
        set_option(sock, what, bytes(72), "%d" % what); get_option(sock, what, bytes(256), "%d" % what)

def headers():
    """What later commands are held to, and what is odd about the question that a dump answers."""
    for ext in 0, 1:
        s = Socket("headers"); s.option("ext_ack", ext)
        for command in FLUSH, 18, 19, 255:
            for flags in 0x105, 0x205, 0x405, REQUEST | MULTI, REQUEST | ECHO | ACK, 0x301, 0x705: s.ask("command %d, flags %x" % (command, flags), command, b"", flags)
            for reserved in 1, 0x100: s.raw(s.message(FAMILY, struct.pack("=BBH", command, 1, reserved), 0x405), "command %d, reserved %x" % (command, reserved))
        s.ask("a service", NEW_SERVICE, svc(service())); s.ask("its server", NEW_DEST, svc(key()) + dest(server()))
        for command in GET_SERVICE, GET_DEST, GET_DAEMON:
            for attrs in svc(key()) + b"\1", svc(key()) + bytes(4), attr(SERVICE, b""), attr(SERVICE, b"abc"), svc(key()) + attr(TCP, b"ab"), svc({**key(), SPORT: b"a"}), b"0":
                s.ask("dump %d of %s" % (command, attrs.hex()), command, attrs, REQUEST | DUMP)
        s.flush()

if __name__ == "__main__":
    for part in family, services, errors_of_services, servers, daemons, settings, messages, options, headers, unprivileged: part()
