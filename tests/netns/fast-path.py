"""A long connection, or a flow of datagrams, that asks and waits for the answer.

fast-path.py ADDRESS PORT tcp|udp PAUSE COUNT [REST]: asks COUNT times, PAUSE seconds apart, and REST in the middle, of a server that
echoes; prints "answers N", and "lost" where one did not come within ten seconds.
"""
import socket, sys, time

address, port, kind, pause, count = sys.argv[1], int(sys.argv[2]), sys.argv[3], float(sys.argv[4]), int(sys.argv[5])
family = socket.AF_INET6 if ":" in address else socket.AF_INET
s = socket.socket(family, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
s.settimeout(10)
s.connect((address, port))
print("open", s.getsockname()[1], flush=True)
answers = 0
try:
    for number in range(count):
        s.send(b"%d\n" % number)
        answers += s.recv(1000).endswith(b"%d\n" % number)
        time.sleep(float(sys.argv[6]) if number == count // 2 and len(sys.argv) > 6 else pause)
except OSError as error:
    print("lost", type(error).__name__)
print("answers", answers)
