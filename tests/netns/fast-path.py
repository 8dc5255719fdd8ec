"""A long connection, or a flow of datagrams, that asks and waits for the answer.

fast-path.py ADDRESS PORT tcp|udp PAUSE COUNT [REST]: asks COUNT times, PAUSE seconds apart, and REST in the middle, of a server that
echoes; prints "answers N", and "lost" where one did not come within ten seconds. COUNT 0: until SIGTERM, and prints "all answered".
"""
import itertools, signal, socket, sys, time

address, port, kind, pause, count = sys.argv[1], int(sys.argv[2]), sys.argv[3], float(sys.argv[4]), int(sys.argv[5])
family = socket.AF_INET6 if ":" in address else socket.AF_INET
s = socket.socket(family, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
s.settimeout(10)
s.connect((address, port))
print("open", s.getsockname()[1], flush=True)
answers, is_over = 0, False


def end(*_):
    global is_over
    is_over = True


if count == 0:
    signal.signal(signal.SIGTERM, end)
try:
    for number in range(count) if count else itertools.takewhile(lambda _: not is_over, itertools.count()):
        s.send(b"%d\n" % number)
        answers += s.recv(1000).endswith(b"%d\n" % number)
        time.sleep(float(sys.argv[6]) if len(sys.argv) > 6 and number == count // 2 else pause)
except OSError as error:
    print("lost", type(error).__name__)
if count == 0:
    print("all answered" if answers == number + 1 else f"{answers} of {number + 1} answered")
else:
    print("answers", answers)
