"""A program that behaves badly towards the kernel's IPVS: below `tunvs exec` it gets the kernel's errors, and all others go on.

exec-bad.py lies|many|unread|rooms|long|crowd|filters|listener
"""
import ctypes, errno, os, platform, socket, struct, sys, threading, time

GENERIC, GET_SERVICE, GET_INFO = 16, 4, 15
SECCOMP, SOCKET = (317, 41) if platform.machine() == "x86_64" else (277, 198)


def message(kind, command, attrs=b"", flags=5, seq=1, length=None):
    body = struct.pack("=BBH", command, 1, 0) + attrs
    return struct.pack("=IHHII", length or 16 + len(body), kind, flags, seq, 0) + body


def opened():
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, GENERIC)
    sock.bind((0, 0))
    return sock


def family():
    with opened() as sock:
        sock.send(message(16, 3, b"\x09\0\2\0IPVS\0\0\0\0", 1))
        return struct.unpack_from("=H", sock.recv(65536), 36)[0]


def is_served(sock, seq=4711):
    """Whether it answers, behind whatever answers wait there."""
    sock.settimeout(20)
    sock.send(message(FAMILY, GET_INFO, flags=1, seq=seq))
    while True:
        try:
            answer = sock.recv(1 << 17)
        except OSError as error:
            if error.errno != errno.ENOBUFS: raise
            print("told that answers were lost")
            continue
        if struct.unpack_from("=I", answer, 8)[0] == seq: return struct.unpack_from("=H", answer, 4)[0] == FAMILY


def held_by_supervisor():
    """Its memory, in kB."""
    supervisor = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("PPid"))
    return next(int(line.split()[1]) for line in open(f"/proc/{supervisor}/status") if line.startswith("VmRSS"))


def lies():
    sock = opened()
    for data in [b"", b"\0", b"\0" * 15, b"\0" * 16, b"\xff" * 64, message(FAMILY, GET_INFO, length=0xffffffff), message(FAMILY, GET_INFO)[:17],
                 message(FAMILY, GET_INFO, length=15), message(FAMILY, 1, b"\xff\xff\1\0"), message(FAMILY, 1, b"\4\0\1\0" * 2000),
                 message(FAMILY, 1, b"\6\0\1\x80\1\0\0\0"), os.urandom(4096), bytes(200000)]:
        try: sock.send(data)
        except OSError as error: print("refused", len(data), errno.errorcode[error.errno])
    print("after lies:", is_served(sock))


def many():
    socks = []
    try:
        while len(socks) < 1000: socks.append(opened())
    except OSError as error: print("many:", len(socks) > 400, errno.errorcode[error.errno])
    print("the last is served:", is_served(socks[-1]))
    for sock in socks: sock.close()
    for _ in range(3000): opened().close()
    print("and again:", is_served(opened()))


def unread():
    """Errors quote what was sent: 60,000 bytes each, which nobody reads. Then as many dumps as there can be."""
    sock = opened()
    sock.setblocking(False)
    big = message(FAMILY, 99, bytes(60000))
    for what, most in ((big, 1300), (message(FAMILY, GET_SERVICE, flags=0x301) * 1000, 200)):
        sent, until = 0, time.monotonic() + 10
        while sent < most and time.monotonic() < until:
            try: sock.send(what); sent += 1
            except BlockingIOError: time.sleep(0.0005)
    print("bounded:", held_by_supervisor() < 160 << 10 or held_by_supervisor())
    child = os.fork()
    if child == 0:
        print("a child is served:", is_served(opened()), flush=True)
        os._exit(0)
    os.waitpid(child, 0)
    print("and so is it:", is_served(sock))


def rooms():
    """Threads that wait, each with room for 1,024 messages in 1,024 pieces of memory each."""
    sock, libc, threads = opened(), ctypes.CDLL(None, use_errno=True), 64
    byte = ctypes.create_string_buffer(1)
    pieces = ctypes.create_string_buffer(struct.pack("=QQ", ctypes.addressof(byte), 1) * 1024)
    heads = struct.pack("=QI4xQQQQI4xI4x", 0, 0, ctypes.addressof(pieces), 1024, 0, 0, 0, 0) * 1024
    for _ in range(threads):
        head = ctypes.create_string_buffer(heads)
        threading.Thread(target=lambda head=head: libc.recvmmsg(sock.fileno(), head, 1024, 0, None), daemon=True).start()
    before, until = held_by_supervisor(), time.monotonic() + 60
    while sum(open(f"/proc/self/task/{task}/wchan").read().startswith("seccomp") for task in os.listdir("/proc/self/task")) < threads:
        if time.monotonic() > until: raise SystemExit("they do not wait")
        time.sleep(0.01)
    print("others are served meanwhile:", is_served(opened()))
    print("bounded:", held_by_supervisor() < 64 << 10 or held_by_supervisor(), flush=True)
    os._exit(0)


def long():
    """Sockets with a datagram of 8,000 messages each."""
    socks = [opened() for _ in range(200)]
    many = message(FAMILY, GET_INFO, flags=1) * 8000
    for sock in socks: sock.send(many)
    print("bounded:", held_by_supervisor() < 160 << 10 or held_by_supervisor())
    for sock in socks: sock.close()
    print("and others are served:", is_served(opened()))


def crowd():
    """Forks until it may not, and all ask."""
    children = []
    while True:
        try: child = os.fork()
        except BlockingIOError: break
        if child == 0:
            os._exit(0 if is_served(opened()) else 1)
        children.append(child)
        if len(children) >= 200: break
    print("a bounded crowd:", len(children) > 10, sum(os.waitpid(child, 0)[1] for child in children))


# struct sock_filter: code, jt, jf, k
LOAD_NUMBER = struct.pack("=HBBI", 0x20, 0, 0, 0)
ALLOW = struct.pack("=HBBI", 0x06, 0, 0, 0x7fff0000)
def unless(call, outcome): return LOAD_NUMBER + struct.pack("=HBBI", 0x15, 0, 1, call) + struct.pack("=HBBI", 0x06, 0, 0, outcome) + ALLOW
def install(filter, flags):
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
    room = ctypes.create_string_buffer(filter)
    program = ctypes.create_string_buffer(struct.pack("=HxxxxxxQ", len(filter) // 8, ctypes.addressof(room)))
    result = libc.syscall(SECCOMP, 1, flags, program)
    if result < 0: raise OSError(ctypes.get_errno(), "")
    return result


def filters():
    install(ALLOW, 0)
    print("beside a filter of its own:", is_served(opened()))
    install(unless(SOCKET, 0x00050000 | errno.EPERM), 0)
    try: opened()
    except PermissionError: print("its own filter comes first")


def listener():
    try: install(ALLOW, 8)
    except OSError as error: print("a second listener:", errno.errorcode[error.errno])


FAMILY = family()
globals()[sys.argv[1]]()
