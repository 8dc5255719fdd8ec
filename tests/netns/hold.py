"""Connections that are held open and stay silent; tells how each one ends.

hold.py serve PORT           answers a first line with its own, then waits; a line for each end: "end reset" or "end closed"
hold.py open ADDRESS PORT N  opens N connections, says "open", then a line for each end
"""
import selectors, socket, sys

def watch(sel, sock, data=None):
    sock.setblocking(True)
    sel.register(sock, selectors.EVENT_READ, data)

def ends(sel, sock):
    """True when the connection has ended, which is printed."""
    try:
        data = sock.recv(1024)
    except ConnectionResetError:
        data, how = b"", "reset"
    else:
        how = "closed"
    if data:
        sock.sendall(b"hello\n")
        return False
    print("end", how, flush=True)
    sel.unregister(sock)
    sock.close()
    return True

sel = selectors.DefaultSelector()
if sys.argv[1] == "serve":
    listener = socket.create_server(("", int(sys.argv[2])), backlog=256)
    watch(sel, listener, "listener")
    print("ready", flush=True)
    while True:
        for key, _ in sel.select():
            if key.data == "listener":
                watch(sel, listener.accept()[0])
            else:
                ends(sel, key.fileobj)
else:
    left = int(sys.argv[4])
    for _ in range(left):
        sock = socket.create_connection((sys.argv[2], int(sys.argv[3])), timeout=10)
        sock.sendall(b"hi\n")
        assert sock.recv(100) == b"hello\n"
        sock.settimeout(None)
        watch(sel, sock)
    print("open", flush=True)
    while left:
        for key, _ in sel.select():
            try:
                data = key.fileobj.recv(1024)
                how = "closed"
            except ConnectionResetError:
                data, how = b"", "reset"
            if not data:
                print("end", how, flush=True)
                sel.unregister(key.fileobj)
                left -= 1
