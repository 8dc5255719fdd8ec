"""Small servers for health checks: servers.py DNS SMTP UDP HANG FLOOD (ports). Says "ready"."""
import socket, sys, threading

dns, smtp, udp, hang, flood = map(int, sys.argv[1:6])

def datagrams(port, answer):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("", port))
    while True:
        data, peer = sock.recvfrom(2048)
        sock.sendto(answer(data), peer)

def name_server(question):
    return question[:2] + b"\x81\x80" + question[4:]

def streams(port, talk):
    listener = socket.create_server(("", port), backlog=128)
    while True:
        peer = listener.accept()[0]
        threading.Thread(target=quietly, args=(talk, peer), daemon=True).start()

def quietly(talk, peer):
    try:
        talk(peer)
    except OSError:
        pass
    peer.close()

def mail(peer):
    peer.sendall(b"220-two lines\r\n220 mail\r\n")
    for line in peer.makefile("rb"):
        if line.startswith(b"HELO"):
            peer.sendall(b"250 hello\r\n")
        elif line.startswith(b"QUIT"):
            peer.sendall(b"221 bye\r\n")
            return

def silent(peer):
    while peer.recv(4096):
        pass

def flooding(peer):
    peer.recv(4096)
    peer.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        peer.sendall(b"x" * 65536)

for target, arguments in [
    (datagrams, (dns, name_server)), (datagrams, (udp, lambda data: b"pong")),
    (streams, (smtp, mail)), (streams, (hang, silent)), (streams, (flood, flooding)),
]:
    threading.Thread(target=target, args=arguments, daemon=True).start()
print("ready", flush=True)
threading.Event().wait()
