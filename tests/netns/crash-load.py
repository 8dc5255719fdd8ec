"""Long connections through a director that is killed: crash-load.py serve PORT | load ADDRESS PORT COUNT SECONDS STALL [EVERY]

serve: answers each line with the same line. load: COUNT connections, each of which sends a line EVERY so many seconds (0.1) and waits
for it; when the time is over, one JSON line: how many were reset, closed, or stalled for longer than STALL seconds, and the
longest wait for an answer.
"""
import asyncio, json, resource, sys, time

resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)

async def echo(reader, writer):
    try:
        while line := await reader.readline():
            writer.write(line)
    except OSError:
        pass
    writer.close()

async def talk(address, port, until, found, begun):
    try:
        reader, writer = await asyncio.open_connection(address, port)
        writer.write(b"hello\n")
        assert await reader.readline() == b"hello\n"
    except OSError as error:
        found["not begun"] = found.get("not begun", 0) + 1
        begun.release()
        return
    begun.release()
    number = 0
    while time.monotonic() < until[0]:
        number += 1
        line, sent = b"%d\n" % number, time.monotonic()
        try:
            writer.write(line)
            answer = await reader.readline()
        except ConnectionResetError:
            found["reset"] += 1
            return
        except OSError as error:
            found[type(error).__name__] = found.get(type(error).__name__, 0) + 1
            return
        waited = time.monotonic() - sent
        found["longest"] = max(found["longest"], waited)
        if answer != line:
            found["closed"] += 1
            return
        if waited > float(sys.argv[6]):
            found["stalled"] += 1
        await asyncio.sleep(float(sys.argv[7]) if len(sys.argv) > 7 else 0.1)
    writer.close()

async def load(address, port, count, seconds):
    found, begun = {"connections": count, "reset": 0, "closed": 0, "stalled": 0, "longest": 0.0}, asyncio.Semaphore(0)
    until, talks = [float("inf")], []
    for number in range(count):
        talks.append(asyncio.create_task(talk(address, port, until, found, begun)))
        if number % 100 == 99:
            await asyncio.sleep(0.05)
    for _ in range(count):
        await begun.acquire()
    print("begun", flush=True)
    until[0] = time.monotonic() + seconds
    await asyncio.gather(*talks)
    found["longest"] = round(found["longest"], 3)
    print(json.dumps(found), flush=True)

async def serve(port):
    server = await asyncio.start_server(echo, None, port, backlog=4096)
    print("ready", flush=True)
    await server.serve_forever()

if sys.argv[1] == "serve":
    asyncio.run(serve(int(sys.argv[2])))
else:
    asyncio.run(load(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5])))
