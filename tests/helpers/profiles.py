"""Small ICC profiles of kinds that a computer need not have: grey of any gamma, CMYK of an odd press."""

import struct
from itertools import product

import numpy as np


def _packed(space: bytes, connection: bytes, kind: bytes, tags: dict[bytes, bytes]) -> bytes:
    start, table, body = 132 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for name, data in tags.items():
        table += struct.pack(">4sII", name, start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    head = struct.pack(">I4sI4s4s4s", start + len(body), bytes(4), 0x02100000, kind, space, connection)
    head += struct.pack(">6H4s", 2026, 1, 1, 0, 0, 0, b"acsp").ljust(44, b"\0")
    head += struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + table + body


def _described() -> dict[bytes, bytes]:
    words = struct.pack(">4sII", b"desc", 0, 5) + b"test\0" + bytes(78)
    white = struct.pack(">4sI3i", b"XYZ ", 0, 63190, 65536, 54061)
    return {b"desc": words, b"cprt": struct.pack(">4sI", b"text", 0) + b"none\0", b"wtpt": white}


def grey_profile(gamma: float) -> bytes:
    curve = struct.pack(">4sIIH", b"curv", 0, 1, round(gamma * 256))
    return _packed(b"GRAY", b"XYZ ", b"mntr", _described() | {b"kTRC": curve})


def cmyk_profile() -> bytes:
    """A press on which full ink is a lightness of 40, whatever its colour, and black on top halves it."""
    nodes = []
    for c, m, y, k in product((0, 1), repeat=4):
        lightness = (100 - 60 * max(c, m, y)) * (1 - k / 2)
        nodes += [round(lightness * 2.55), 128 + 30 * (m - c), 128 + 30 * (y - m)]
    table = np.arange(256, dtype=np.uint8).tobytes()
    lut = struct.pack(">4sI4B9i", b"mft1", 0, 4, 3, 2, 0, *[65536, 0, 0, 0, 65536, 0, 0, 0, 65536])
    lut += 4 * table + bytes(nodes) + 3 * table
    return _packed(b"CMYK", b"Lab ", b"prtr", _described() | {b"A2B0": lut})
