#!/usr/bin/env python3
"""Says where two recordings of `record.py` differ: compare.py ONE OTHER

Families are compared by one number, messages of an exchange in no particular order. Prints a line for each exchange that differs:
what it is about, what was asked, and both answers.
"""
import struct, sys

NUMBER = 32


def messages(data):
    at = 0
    while at + 16 <= len(data):
        length = max(struct.unpack_from("=I", data, at)[0], 16)
        yield data[at:at + length]
        at += (length + 3) & ~3


def renumbered(text, family):
    """The messages with the number of the family that all have here: as their kind, in the messages they quote, in descriptions."""
    out = []
    for message in messages(bytes.fromhex(text)):
        message = bytearray(message)
        for at in (4, 24 if message[4:6] == b"\2\0" else 4):
            if message[at:at + 2] == struct.pack("=H", family): struct.pack_into("=H", message, at, NUMBER)
        told = struct.pack("=HHH", 6, 1, family)
        about = message[24:26] if message[4:6] == b"\2\0" else message[4:6]
        out.append((message.replace(told, struct.pack("=HHH", 6, 1, NUMBER)) if about == b"\x10\0" else message).hex())
    return sorted(out)


def exchanges(path):
    lines = open(path).read().splitlines()
    family, title, out = int(lines[0].split()[-1]), "", []
    for line in lines[1:]:
        mark, rest = line[0], line[2:]
        if mark == "#": title = rest
        elif mark == ">": out.append((title, renumbered(rest, family), []))
        elif mark in "SG": out.append((title, rest.split(" = ")[0], [rest.split(" = ")[1]]))
        elif mark == "<": out[-1][2].extend(renumbered(rest, family))
        elif mark == "?": out[-1][2].append(rest)
    return out


one, other = (exchanges(path) for path in sys.argv[1:3])
differ = [(a, b) for a, b in zip(one, other) if a != b]
for a, b in differ: print(a[0], a[1] if a[:2] == b[:2] else "IS ASKED OTHERWISE", a[2], b[2], sep="\t")
print(f"{len(differ)} of {len(one)} exchanges differ", file=sys.stderr)
sys.exit(len(one) != len(other))
