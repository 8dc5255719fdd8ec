"""Many flows that go on for long: who echoes, who holds them, and who measures the silence.

serve NAME ADDRESS PORT       answers each line (TCP) and datagram (UDP) with the name and the client as it is seen here
hold COUNT TARGET...          that many flows over the targets, each `tcp|udp:ADDRESS:PORT`; reads `settle` lines, and answers each
                              when all flows have been answered that go on, or after 20 s
probe ADDRESS:PORT...         a datagram each 10 ms; prints "heard" when all have answered, and at SIGTERM the longest silence in
                              ms, when it began, and how late it was itself
"""

import asyncio
import collections
import selectors
import signal
import socket
import sys
import time

EVERY = 0.5
PATIENCE = 20


async def serve(name, addr, port):
    async def answer(reader, writer):
        peer = writer.get_extra_info("peername")
        while line := await reader.readline():
            writer.write(f"{name} {peer[0]}:{peer[1]} ".encode() + line)
        writer.close()

    class Echo(asyncio.DatagramProtocol):
        def connection_made(self, transport):
            self.transport = transport

        def datagram_received(self, data, peer):
            self.transport.sendto(f"{name} {peer[0]}:{peer[1]} ".encode() + data, peer)

    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(Echo, local_addr=(addr, port))
    server = await asyncio.start_server(answer, addr, port, backlog=4096)
    print("ready", flush=True)
    await server.serve_forever()


class Flow:
    """A flow that sends a number every half second; `seen` is how its server saw it, which may not change."""

    def __init__(self, target):
        self.kind, self.addr, self.port = target.split(":")
        self.port = int(self.port)
        self.seen = None
        self.lost = None
        self.heard = -1
        self.next = 0

    def take(self, answer):
        words = answer.decode().split()
        if len(words) != 3:
            self.lost = self.lost or f"answer {answer!r}"
            return
        seen, number = " ".join(words[:2]), int(words[2])
        if self.seen not in (None, seen):
            self.lost = self.lost or f"was {self.seen}, is {seen}"
        self.seen, self.heard = seen, max(self.heard, number)

    async def run(self, delay):
        await asyncio.sleep(delay)
        try:
            await (self.run_tcp() if self.kind == "tcp" else self.run_udp())
        except (OSError, asyncio.IncompleteReadError) as error:
            self.lost = self.lost or repr(error)

    async def run_tcp(self):
        reader, writer = await asyncio.open_connection(self.addr, self.port)

        async def hear():
            while True:
                line = await reader.readline()
                if not line:
                    raise ConnectionResetError("closed")
                self.take(line)

        hearing = asyncio.ensure_future(hear())
        while not hearing.done():
            writer.write(b"%d\n" % self.next)
            self.next += 1
            await asyncio.wait([hearing], timeout=EVERY)
        hearing.result()

    async def run_udp(self):
        flow = self

        class Hear(asyncio.DatagramProtocol):
            def datagram_received(self, data, peer):
                flow.take(data)

            def error_received(self, error):
                flow.lost = flow.lost or repr(error)

        remote = (self.addr, self.port)
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(Hear, remote_addr=remote)
        while True:
            transport.sendto(b"%d" % self.next)
            self.next += 1
            await asyncio.sleep(EVERY)


async def hold(count, targets):
    flows = [Flow(targets[number % len(targets)]) for number in range(count)]
    tasks = [asyncio.ensure_future(flow.run(number * 2 / count)) for number, flow in enumerate(flows)]
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while await reader.readline():
        wanted = [flow.next + 1 for flow in flows]
        deadline = time.monotonic() + PATIENCE

        def is_over():
            return all(flow.lost or flow.heard >= number for flow, number in zip(flows, wanted))

        while not is_over() and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
        for flow, number in zip(flows, wanted):
            if not flow.lost and flow.heard < number:
                flow.lost = "silent"
        lost = [flow for flow in flows if flow.lost]
        why = collections.Counter(f"{flow.kind}:{flow.port} {flow.lost.split(',')[0][:60]}" for flow in lost)
        for reason, number in why.most_common(6):
            print(f"# lost {number}: {reason}", file=sys.stderr, flush=True)
        print(f"{len(flows) - len(lost)} {len(flows)}", flush=True)
    for task in tasks:
        task.cancel()


def probe(targets):
    sockets, heard = selectors.DefaultSelector(), {}
    for target in targets:
        addr, port = target.split(":")
        one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        one.connect((addr, int(port)))
        one.setblocking(False)
        sockets.register(one, selectors.EVENT_READ)
        heard[one] = None
    over = []
    signal.signal(signal.SIGTERM, lambda *_: over.append(True))
    longest, began, late, due, waits = 0.0, 0.0, 0.0, time.time(), True
    while not over:
        if waits and all(heard.values()):
            waits = False
            print("heard", flush=True)
        now = time.time()
        if now >= due:
            late = max(late, now - due)
            due = now + 0.01
            for one in heard:
                try:
                    one.send(b"1")
                except OSError:
                    pass
        for key, _ in sockets.select(max(0, due - time.time())):
            one = key.fileobj
            try:
                while one.recv(2048):
                    now = time.time()
                    if heard[one] and now - heard[one] > longest:
                        longest, began = now - heard[one], heard[one]
                    heard[one] = now
            except OSError:
                pass
    for at in heard.values():
        if time.time() - at > longest:
            longest, began = time.time() - at, at
    print(f"{longest * 1000:.0f} {began:.3f} {late * 1000:.0f}", flush=True)


def main():
    what, *rest = sys.argv[1:]
    if what == "serve":
        asyncio.run(serve(rest[0], rest[1], int(rest[2])))
    elif what == "hold":
        asyncio.run(hold(int(rest[0]), rest[1:]))
    else:
        probe(rest)


main()
