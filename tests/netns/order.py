"""Flows of numbered datagrams, and whether they stay in order.

order.py ask ADDRESS PORT FIRST FLOWS WINDOWS: so many flows, from port FIRST on, send windows of eight to a server that echoes, and wait for
the answers of each; fails where one comes out of order or not at all within ten seconds.
order.py send ADDRESS PORT FIRST FLOWS COUNT PAUSE: each flow sends COUNT datagrams, PAUSE seconds apart.
order.py receive PORT: prints "ready"; at SIGTERM how many flows and datagrams have come, and how many behind a later one of their flow.
"""
import signal, socket, sys, time

WINDOW = 8


def flows(address, port, first, count):
    made = []
    for own_port in range(first, first + count):
        s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
        s.settimeout(10)
        s.bind(("", own_port))
        s.connect((address, port))
        made.append(s)
    return made


def ask(address, port, first, count, windows):
    asking, answers = flows(address, port, first, count), 0
    for window in range(windows):
        numbers = [window * WINDOW + n for n in range(WINDOW)]
        for number in numbers:
            for s in asking:
                s.send(b"%d" % number)
        for s in asking:
            got = [int(s.recv(100).split()[-1]) for _ in numbers]
            assert got == numbers, (s.getsockname(), got, numbers)
            answers += len(got)
    print(f"{count} flows, {answers} datagrams")


def send(address, port, first, count, numbers, pause):
    sending = flows(address, port, first, count)
    for number in range(numbers):
        for s in sending:
            s.send(b"%d" % number)
        time.sleep(pause)


def receive(port):
    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    s.bind(("::", port))
    latest, count, late = {}, 0, 0

    def end(*_):
        print(f"{len(latest)} flows, {count} datagrams, {late} late", flush=True)
        sys.exit()

    signal.signal(signal.SIGTERM, end)
    print("ready", flush=True)
    while True:
        data, sender = s.recvfrom(100)
        number, count = int(data), count + 1
        late += number < latest.get(sender, 0)
        latest[sender] = max(number, latest.get(sender, 0))


kind, *arguments = sys.argv[1:]
if kind == "ask":
    ask(arguments[0], *map(int, arguments[1:]))
elif kind == "send":
    send(arguments[0], *map(int, arguments[1:5]), float(arguments[5]))
else:
    receive(int(arguments[0]))
