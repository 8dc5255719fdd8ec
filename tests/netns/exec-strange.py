#!/usr/bin/env python3
"""Odd calls on a socket of generic netlink, line by line. Only the kernel's own family is asked, so any host says what is right:
the same outside and below `tunvs exec`. What is known to differ (docs/programs.md) is left out.
"""
import ctypes, errno, fcntl, mmap, os, resource, select, signal, socket, struct, sys, time

NETLINK, GENERIC, SOL_NETLINK, NONE = 16, 16, 270, ctypes.c_void_p(8)
libc = ctypes.CDLL(None, use_errno=True)
kept = []


def tell(what, act):
    """One line: what came of it, or the error's name."""
    try:
        value = act()
    except OSError as error:
        value = errno.errorcode.get(error.errno, error.errno)
    print(f"{what}: {value}", flush=True)


def check(result):
    if result < 0: raise OSError(ctypes.get_errno(), "")
    return result
def message(kind, command, attrs=b"", flags=1, seq=1):
    return struct.pack("=IHHIIBBH", 20 + len(attrs), kind, flags, seq, 0, command, 1, 0) + attrs
ASK = message(16, 3, struct.pack("=HH", 11, 2) + b"nlctrl\0\0")
def raw(kind=socket.SOCK_RAW, flags=0): return socket.socket(NETLINK, kind | flags, GENERIC)
def opened(flags=0):
    sock = raw(flags=flags)
    sock.bind((0, 0))
    return sock
def asked():
    sock = opened()
    sock.send(ASK)
    return sock
def address(family=NETLINK, port=0, groups=0): return struct.pack("=HHII", family, 0, port, groups) + bytes(128)
def memory(data):
    kept.append(ctypes.create_string_buffer(data, len(data)))
    return ctypes.addressof(kept[-1])
def pieces(*parts): return memory(b"".join(struct.pack("=QQ", *part) for part in parts) or bytes(16))
def rest(sock):
    """What is still there: lengths, kinds and sequence numbers."""
    out = []
    try:
        while True: out.append(struct.unpack_from("=IHHI", sock.recv(65536, socket.MSG_DONTWAIT)))
    except OSError: return out

# --- opening, options

for kind in (1, 2, 3, 4, 5, 10, 3 | 0x4000): tell(f"kind {kind}", lambda: check(libc.socket(NETLINK, kind, GENERIC)) > 2)
tell("a pair", lambda: check(libc.socketpair(NETLINK, 3, GENERIC, NONE)))
sock = opened()
def get(level, name, size):
    value, length = ctypes.create_string_buffer(64), ctypes.c_int(size)
    check(libc.getsockopt(sock.fileno(), level, name, value, ctypes.byref(length)))
    return length.value, value.raw[:max(length.value, 0)].hex()
for name in range(16):
    for size in (4, 0, 1, 3, 8, 64, -1): tell(f"option {name} into {size}", lambda: get(SOL_NETLINK, name, size))
    for value in (b"\1\0\0\0", b"\1", b"", bytes(4), bytes(8)):
        other = opened()
        tell(f"option {name} from {value.hex()}", lambda: check(libc.setsockopt(other.fileno(), SOL_NETLINK, name, value, len(value))))
        other.close()
    tell(f"option {name} from no memory", lambda: check(libc.setsockopt(sock.fileno(), SOL_NETLINK, name, NONE, 4)))
    tell(f"option {name} of no length", lambda: check(libc.setsockopt(sock.fileno(), SOL_NETLINK, name, bytes(8), -1)))
for name in (2, 3, 4, 5, 6, 9, 15, 16, 18, 20, 21, 26, 30, 36, 38, 39, 40, 42, 43, 44, 45, 46, 47, 48, 59):
    for size in (4, 1, 8, -1): tell(f"general option {name} into {size}", lambda: get(1, name, size))
for level in (0, 6, 41, 263, 271):
    tell(f"level {level}", lambda: get(level, 1, 4))
    tell(f"level {level}, set", lambda: check(libc.setsockopt(sock.fileno(), level, 1, bytes(4), 4)))

# --- addresses

for size in (0, 1, 2, 8, 11, 12, 13, 128, 129, -1):
    for name in ("bind", "connect"):
        other = raw(); tell(f"{name} of {size}", lambda: check(getattr(libc, name)(other.fileno(), address(), size))); other.close()
for family in (0, 1, 2, 10, 17):
    for name in ("bind", "connect"):
        other = raw(); tell(f"{name}, family {family}", lambda: check(getattr(libc, name)(other.fileno(), address(family), 12))); other.close()
for port, groups in ((1, 0), (0xffffffff, 0), (0, 6), (0, 0)):
    tell(f"connected to {port} {groups}", lambda: (sock.connect((port, groups)), sock.getpeername()))
tell("connected no more", lambda: (check(libc.connect(sock.fileno(), address(0), 12)), sock.getpeername()))
for name in ("getsockname", "getpeername"):
    for size in (0, 2, 16, -1):
        length, value = ctypes.c_int(size), ctypes.create_string_buffer(b"\xaa" * 16, 16)
        tell(f"{name} into {size}", lambda: (check(getattr(libc, name)(sock.fileno(), value, ctypes.byref(length))), length.value, value.raw[:4].hex()))
def holding(): other = raw(); other.bind((4711, 0)); return other
def taken():
    """Whether an address is another's, and whether the copy with that number still speaks for it."""
    try: holding().close()
    except OSError as error: return errno.errorcode[error.errno]
def speaks(number):
    copy = socket.socket(NETLINK, 3, GENERIC, fileno=os.dup(number))
    with copy: return copy.getsockname()[0], copy.send(ASK), seq_of(copy.recv(65536))
def seq_of(data): return struct.unpack_from("=I", data, 8)[0]
other = holding(); tell("an address of another", taken); other.close(); tell("one that was closed", taken)
other = holding(); copy = os.dup(other.fileno()); other.close(); tell("one that a copy has", taken); tell("  the copy", lambda: speaks(copy)); tell("  again", taken); os.close(copy); tell("  and no more", taken)
other = holding(); os.dup2(other.fileno(), 77); other.close(); tell("one that a copy of a low number has", taken); tell("  again", taken); os.close(77); tell("  and no more", taken)
other = holding(); reading, writing = os.pipe(); child = os.fork()
if child == 0:
    os.close(writing); os.read(reading, 1); tell("  from the child", lambda: speaks(other.fileno())); os._exit(0)
other.close(); tell("one that a child has", taken); os.close(writing); os.waitpid(child, 0); os.close(reading); tell("  and no more", taken)
one_end, other_end = socket.socketpair(); other = holding(); socket.send_fds(one_end, [b"x"], [other.fileno()]); other.close(); tell("one that is on its way", taken)
copy = socket.recv_fds(other_end, 1, 1)[1][0]; tell("  that has come", taken); os.close(copy); tell("  and no more", taken); one_end.close(); other_end.close()
other = raw(); tell("groups", lambda: (other.bind((0, 0x8000)), other.getsockname()[1])); other.close()

# --- sending

for flags in (4, 0x40, 0x80, 0x4000, 0x8000): other = opened(); tell(f"send with {flags:x}", lambda: (other.send(ASK, flags), rest(other))); other.close()
for size in (1, 15, 16, 17, 19): other = opened(); tell(f"send {size}", lambda: (other.send(ASK[:size]), rest(other))); other.close()
for name, data in [("two", ASK + ASK), ("one and a half", ASK + ASK[:-3]), ("no such family", message(999, 1, b"", 5)), ("nothing to do", message(1, 1, b"", 5)),
                   ("no request", message(16, 3, ASK[20:], 0)), ("no such name", message(16, 3, struct.pack("=HH", 7, 2) + b"no\0\0", 5)), ("no such command", message(16, 77, b"", 5))]:
    other = opened(); tell(f"send {name}", lambda: (other.send(data), rest(other))); other.close()
other = opened(); tell("send what is not there", lambda: check(libc.send(other.fileno(), NONE, 20, 0))); other.close()
def head(parts, count=None, name=0, name_len=0, control=0, control_len=0, flags=0x1234):
    return ctypes.create_string_buffer(struct.pack("=QI4xQQQQI4x", name, name_len, parts, count, control, control_len, flags), 56)
for count in (1, 5, 32, 1024, 1025):
    begin, step = memory(ASK), -(-len(ASK) // count)
    parts = [(begin + min(at * step, len(ASK)), max(0, min(step, len(ASK) - at * step))) for at in range(count)]
    other = opened(); tell(f"send {count} pieces", lambda: (check(libc.sendmsg(other.fileno(), head(pieces(*parts), count), 0)), rest(other))); other.close()
many = memory(struct.pack("=QI4xQQQQI4xI4x", 0, 0, pieces((memory(ASK), len(ASK))), 1, 0, 0, 0, 0) * 3)
other = opened(); tell("send many", lambda: (check(libc.sendmmsg(other.fileno(), ctypes.c_void_p(many), 3, 0)), rest(other))); other.close()

# --- receiving

def into(sock, size=65536, flags=0, name=None, room=None, at=None):
    address, length = ctypes.create_string_buffer(b"\xaa" * 20, 20), ctypes.c_int(room or 0)
    got = check(libc.recvfrom(sock.fileno(), at or ctypes.create_string_buffer(size + 1), size, flags, address if name else None, ctypes.byref(length) if room is not None else None))
    return got, address.raw.hex(), length.value
for how in [dict(), dict(size=0), dict(size=10), *(dict(name=1, room=room) for room in (12, 4, 0, 20, -1)), dict(room=12), dict(name=1), dict(at=NONE),
            *(dict(flags=flags, size=10) for flags in (0x20, 0x22, 2, 0x40, 0x100, 0x2000, 1, 0x40000000, 0x10, 0x4000))]:
    other = asked(); tell(f"receive {how if 'at' not in how else 'nowhere'}", lambda: into(other, **how)); tell("  left", lambda: rest(other)); other.close()
def by_head(sock, parts=(4096,), count=None, flags=0, named=False, **how):
    name = memory(b"\xaa" * 256) if named else 0
    parts = [part if isinstance(part, tuple) else (memory(bytes(part)) if part else 0, part) for part in parts]
    told = head(pieces(*parts), len(parts) if count is None else count, name, **how)
    got = check(libc.recvmsg(sock.fileno(), told, flags))
    return got, struct.unpack_from("=I", told, 8)[0], ctypes.string_at(name, 16).hex() if name else "", *struct.unpack_from("=QI", told, 40)
for what, how in [("plain", dict()), *((f"name of {size}", dict(named=True, name_len=size & 0xffffffff)) for size in (12, 0, 5, 200, -1)), ("no name", dict(name_len=12)),
                  ("no piece", dict(parts=())), ("an empty piece", dict(parts=(0,))), ("small pieces", dict(parts=(1, 2, 0, 4))), ("1024 pieces", dict(parts=(1,) * 1024)),
                  ("1025 pieces", dict(count=1025)), ("a piece that is not there", dict(parts=(20, (8, 100)))), ("one that is not needed", dict(parts=(4096, (8, 100)))),
                  ("one without end", dict(parts=((0x10000, 1 << 63),))), ("no control", dict(control_len=100)), ("control that is not there", dict(control=8, control_len=100)),
                  *((f"flags {flags:x}", dict(parts=(10,), flags=flags)) for flags in (0x22, 0x20, 2, 0x40, 0x40000000, -0x80000000))]:
    other = asked(); tell(f"receive into {what}", lambda: by_head(other, **how)); tell("  left", lambda: rest(other)); other.close()
for what, told in (("no head", NONE), ("no pieces", head(8, 1))): other = asked(); tell(f"receive into {what} there", lambda: check(libc.recvmsg(other.fileno(), told, 0))); tell("  left", lambda: rest(other)); other.close()
def by_many(sock, count, flags=0, limit=None):
    heads = b"".join(struct.pack("=QI4xQQQQI4xI4x", memory(bytes(12)), 12, pieces((memory(bytes(4096)), 4096)), 1, 0, 0, 0, 0) for _ in range(count))
    at = memory(heads + b"\0")
    got = check(libc.recvmmsg(sock.fileno(), ctypes.c_void_p(at), count, flags, struct.pack("=qq", *limit) if limit else None))
    return got, [struct.unpack("=I", ctypes.string_at(at + 64 * number + 56, 4))[0] for number in range(count)]
for what, how in [("none", dict(count=0)), ("one", dict(count=1)), ("those there", dict(count=4, flags=0x40)), ("one at least", dict(count=4, flags=0x10000)),
                  ("no time", dict(count=4, limit=(0, 0))), ("a time that is none", dict(count=4, limit=(0, 2 * 10**9))), ("one before", dict(count=4, limit=(-1, 0)))]:
    other = asked(); other.send(ASK); tell(f"receive many, {what}", lambda: by_many(other, **how)); tell("  left", lambda: rest(other)); other.close()
other = asked(); tell("read 10", lambda: (len(os.read(other.fileno(), 10)), rest(other))); other.close()
other = asked(); tell("read 0", lambda: (len(os.read(other.fileno(), 0)), rest(other))); other.close()
other = asked(); tell("readv", lambda: os.readv(other.fileno(), [bytearray(3), bytearray(5), bytearray(4000)])); other.close()
other = opened(); tell("writev", lambda: (os.writev(other.fileno(), [ASK[:10], ASK[10:]]), rest(other))); other.close()

# --- dumps of another family: parts of it come as they are read, and what was asked for meanwhile between them

DUMP = message(16, 3, b"", 0x301, 5)
def order(sock):
    """Numbers of what comes, and errors. How many parts a dump has, the families of this host say."""
    out = []
    for length, kind, flags, seq in rest(sock):
        one = (seq, kind) if kind == 2 else (seq, "part" if flags & 2 else "answer")
        if not out or out[-1] != one: out.append(one)
    return out
def later(*messages):
    sock = opened()
    with sock:
        for data in messages: sock.send(data)
        return order(sock)
for what, messages in [("a dump", [DUMP]), ("a dump and a question", [DUMP, ASK]), ("two questions", [DUMP, ASK, message(16, 3, ASK[20:], 1, 2)]), ("by one call", [DUMP + ASK]),
                       ("a question before", [ASK, DUMP]), ("two dumps", [DUMP, message(16, 3, b"", 0x301, 6), ASK]), ("an error", [DUMP, message(16, 77, b"", 5, 7)])]: tell(f"in flight: {what}", lambda: later(*messages))
other = opened(); other.send(DUMP); other.recv(65536); tell("a second dump behind the first part", lambda: (other.send(message(16, 3, b"", 0x301, 6)), order(other)[-1])); other.close()

# --- other calls

one = asked(); number = one.fileno()
for what, act in [("seek", lambda: os.lseek(number, 0, 0)), ("pread", lambda: os.pread(number, 10, 0)), ("pwrite", lambda: os.pwrite(number, ASK, 0)),
                  ("truncate", lambda: os.ftruncate(number, 0)), ("sync", lambda: os.fsync(number)), ("mode", lambda: oct(os.fstat(number).st_mode)),
                  ("link", lambda: os.readlink(f"/proc/self/fd/{number}").split(":")[0]), ("open anew", lambda: os.open(f"/proc/self/fd/{number}", 0)),
                  ("flags", lambda: (fcntl.fcntl(number, fcntl.F_GETFL), fcntl.fcntl(number, fcntl.F_GETFD))), ("map", lambda: mmap.mmap(number, 4096)),
                  ("index", lambda: struct.unpack("=16si12x", fcntl.ioctl(number, 0x8933, struct.pack("=16s16x", b"lo")))[1]),
                  ("listen", lambda: one.listen()), ("accept", lambda: one.accept()), ("shutdown", lambda: one.shutdown(0)), ("left", lambda: rest(one))]: tell(what, act)
reading, writing = os.pipe(); one.send(ASK)
tell("splice", lambda: (os.splice(number, writing, 4096), os.write(writing, ASK), len(os.read(reading, 136)), os.splice(reading, number, len(ASK)), rest(one)))
for act in (lambda: fcntl.fcntl(one, fcntl.F_DUPFD, 0), lambda: fcntl.fcntl(one, fcntl.F_DUPFD_CLOEXEC, 10), lambda: fcntl.fcntl(one, fcntl.F_DUPFD, 999) > 998 and os.dup(number), lambda: fcntl.fcntl(one, fcntl.F_DUPFD, -1), lambda: os.dup2(number, number), lambda: os.dup2(number, 1010, False)):
    def copied():
        copy = socket.socket(NETLINK, 3, GENERIC, fileno=act()); copy.send(ASK)
        out = len(copy.recvfrom(65536)[0]), copy.getsockname()[0] == one.getsockname()[0], fcntl.fcntl(copy, fcntl.F_GETFD)
        if copy.fileno() == number: copy.detach()
        return out
    tell("a copy", copied)
one.close()
one = opened(socket.SOCK_NONBLOCK)
tell("not blocking", lambda: one.recv(10)); one.send(ASK); tell("at once", lambda: len(one.recv(65536))); tell("and no more", lambda: one.recv(10))
edge = select.epoll(); edge.register(one, select.EPOLLIN | select.EPOLLOUT | select.EPOLLET)
tell("edges at first", lambda: [events for _, events in edge.poll(0.1)])
def heard():
    one.send(message(16, 3, b"", 0x301)); until = time.monotonic() + 10
    while time.monotonic() < until:
        edge.poll(1)
        try:
            while True:
                if struct.unpack_from("=H", one.recv(65536), 4)[0] == 3: return True
        except BlockingIOError: pass
tell("a dump by edges", heard)
for limit in ((0, 50000), (0, 1500000), (-1, 0)):
    other = opened(); tell(f"time limit {limit}", lambda: check(libc.setsockopt(other.fileno(), 1, 20, struct.pack("=qq", *limit), 16)))
    if limit[1] == 50000: tell("waited", lambda: other.recv(10))
    other.close()
for restart in (True, False):
    other = opened(); signal.signal(signal.SIGALRM, lambda *_: None); signal.siginterrupt(signal.SIGALRM, not restart)
    late = os.fork()
    if late == 0:
        time.sleep(1); other.send(ASK); os._exit(0)
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    tell(f"a signal, restart {restart}", lambda: check(libc.recv(other.fileno(), ctypes.create_string_buffer(999), 999, 0))); os.waitpid(late, 0); tell("  left", lambda: rest(other)); other.close()
one = opened(); one.set_inheritable(True)
child = [sys.executable, "-c", f"import os; os.write({one.fileno()}, bytes.fromhex('{ASK.hex()}')); print(len(os.read({one.fileno()}, 65536)))"]
os.waitpid(os.posix_spawn(sys.executable, child, os.environ), 0)

# --- a limit of open files that is reached

resource.setrlimit(resource.RLIMIT_NOFILE, (128, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
def fill():
    while True: kept.append(os.open("/dev/null", os.O_RDONLY))
tell("a file more", fill)
tell("a socket more", raw)
