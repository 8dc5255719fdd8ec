#!/usr/bin/env python3
"""A name server: names.py ADDRESS LOG. Answers the questions below over UDP and TCP, and notes each: "name type transport"."""
import socket
import struct
import sys
import threading

A, CNAME, PTR = 1, 5, 12
RECORDS = {
    ("web.example.test", A): ["10.7.0.1"],
    ("two.example.test", A): ["10.7.0.2", "10.7.0.3"],
    ("alias.example.test", A): [("real.example.test",), "10.7.0.4"],
    ("web.other.test", A): ["10.8.0.1"],
    ("only.other.test", A): ["10.8.0.2"],
    ("a.b.example.test", A): ["10.7.0.5"],
    ("a.b", A): ["10.7.0.6"],
    ("single", A): ["10.7.0.7"],
    ("big.example.test", A): [f"10.9.{i // 250}.{i % 250 + 1}" for i in range(60)],
    ("under_score.example.test", A): ["10.7.0.8"],
    ("1.0.7.10.in-addr.arpa", PTR): ["web.example.test"],
    ("2.0.7.10.in-addr.arpa", PTR): ["Two.Example.test"],
    ("3.0.7.10.in-addr.arpa", PTR): ["bad\x1bname.example.test"],
    ("4.0.7.10.in-addr.arpa", PTR): ["-dash.example.test"],
    ("5.0.7.10.in-addr.arpa", PTR): ["u_s.example.test"],
    ("6.0.7.10.in-addr.arpa", PTR): ["a space.example.test"],
    ("1." + "0." * 23 + "8.b.d.0.1.0.0.2.ip6.arpa", PTR): ["six.example.test"],
}


def wire(name):
    labels = [label.encode() for label in name.split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def answer(question, transport, log):
    at, labels = 12, []
    while question[at]:
        labels.append(question[at + 1 : at + 1 + question[at]].decode())
        at += 1 + question[at]
    name = ".".join(labels).lower()
    kind = struct.unpack_from(">H", question, at + 1)[0]
    print(name, {A: "A", PTR: "PTR", 28: "AAAA"}.get(kind, kind), transport, file=log, flush=True)
    body, count = b"", 0
    for record in RECORDS.get((name, kind), []):
        if kind == PTR:
            data, of, owner = wire(record), PTR, b"\xc0\x0c"
        elif isinstance(record, tuple):
            data, of, owner = wire(record[0]), CNAME, b"\xc0\x0c"
        else:
            cname = isinstance(RECORDS[(name, kind)][0], tuple)
            data, of = socket.inet_aton(record), A
            owner = wire(RECORDS[(name, kind)][0][0]) if cname else b"\xc0\x0c"
        body += owner + struct.pack(">HHIH", of, 1, 60, len(data)) + data
        count += 1
    known = {name for name, _ in RECORDS}
    code = 2 if name.startswith("broken") else 0 if count or name in known else 3
    flags = 0x8180 | code
    if transport == "udp" and len(body) > 480:
        flags, body, count = flags | 0x0200, b"", 0
    header = question[:2] + struct.pack(">HHHHH", flags, 1, count, 0, 0)
    return header + question[12 : at + 5] + body


def udp(sock, log):
    while True:
        question, peer = sock.recvfrom(4096)
        sock.sendto(answer(question, "udp", log), peer)


def tcp(sock, log):
    while True:
        stream, _ = sock.accept()
        with stream:
            question = stream.recv(4096)
            reply = answer(question[2:], "tcp", log)
            stream.sendall(struct.pack(">H", len(reply)) + reply)


def main():
    address = sys.argv[1]
    log = open(sys.argv[2], "a")
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    datagrams.bind((address, 53))
    streams = socket.create_server((address, 53))
    threading.Thread(target=udp, args=(datagrams, log), daemon=True).start()
    print("ready", flush=True)
    tcp(streams, log)


main()
