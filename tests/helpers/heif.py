"""HEIC files as phones write them, made by x265 and put into boxes here: tiles, turns, ten bits, profiles, EXIF."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np

VPS, SPS, PPS, SEI = 32, 33, 34, (39, 40)


@dataclass(frozen=True)
class Heic:
    """What a file says of its picture. tile: pixels a side, none: one piece; turn: quarters, counter-clockwise."""

    tile: int | None = None
    turn: int = 0
    ten_bits: bool = False
    profile: bytes | None = None
    primaries: int = 1
    exif: bytes | None = None


def box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def full(kind: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    return box(kind, struct.pack(">I", version << 24 | flags), *parts)


def heic(picture: np.ndarray, facts: Heic = Heic()) -> bytes:
    """A file of an RGB picture with even sides."""
    height, width = picture.shape[:2]
    tile = facts.tile
    pieces = [picture]
    if tile is not None:
        rows, columns = -(-height // tile), -(-width // tile)
        filled = np.pad(picture, ((0, rows * tile - height), (0, columns * tile - width), (0, 0)), mode="edge")
        pieces = [
            filled[row * tile : (row + 1) * tile, column * tile : (column + 1) * tile]
            for row in range(rows)
            for column in range(columns)
        ]
    coded = [_encoded(piece, facts.ten_bits) for piece in pieces]
    items = [(b"hvc1", data) for _, data in coded]
    references = b""
    whole = len(items)
    if tile is not None:
        items.append((b"grid", struct.pack(">4B2H", 0, 0, rows - 1, columns - 1, width, height)))
        whole = len(items)
        numbers = struct.pack(f">HH{whole - 1}H", whole, whole - 1, *range(1, whole))
        references += box(b"dimg", numbers)
    if facts.exif is not None:
        items.append((b"Exif", bytes(4) + facts.exif))
        references += box(b"cdsc", struct.pack(">HHH", len(items), 1, whole))
    properties = [box(b"hvcC", coded[0][0]), _size(*pieces[0].shape[1::-1]), _size(width, height), _colours(facts)]
    properties.append(box(b"irot", bytes([facts.turn])))
    of_whole = [2, 0x80 | 4, 0x80 | 5] if tile is not None else [0x80 | 1, 2, 0x80 | 4, 0x80 | 5]
    of_whole[of_whole.index(2)] = 3
    links = [(number, [0x80 | 1, 2]) for number in range(1, whole)] if tile is not None else []
    links.append((whole, of_whole))
    return _file(items, whole, references, properties, links)


def _file(
    items: list[tuple[bytes, bytes]],
    primary: int,
    references: bytes,
    properties: list[bytes],
    links: list[tuple[int, list[int]]],
) -> bytes:
    start = box(b"ftyp", b"heic", bytes(4), b"mif1", b"heic")
    handler = full(b"hdlr", 0, 0, bytes(4), b"pict", bytes(13))
    infos = [
        full(b"infe", 2, int(number != primary), struct.pack(">HH", number, 0), kind, b"\0")  # others are hidden
        for number, (kind, _) in enumerate(items, 1)
    ]
    linked = b"".join(struct.pack(">HB", number, len(each)) + bytes(each) for number, each in links)
    fixed = [
        handler,
        full(b"pitm", 0, 0, struct.pack(">H", primary)),
        full(b"iinf", 0, 0, struct.pack(">H", len(items)), *infos),
        full(b"iref", 0, 0, references) if references else b"",
        box(b"iprp", box(b"ipco", *properties), full(b"ipma", 0, 0, struct.pack(">I", len(links)), linked)),
    ]
    places = 4 + 4 + 2 + 2 + len(items) * 14
    offset = len(start) + 12 + sum(map(len, fixed)) + 4 + places + 8
    table = struct.pack(">BBH", 0x44, 0, len(items))
    for number, (_, data) in enumerate(items, 1):
        table += struct.pack(">HHHII", number, 0, 1, offset, len(data))
        offset += len(data)
    located = full(b"iloc", 0, 0, table)
    offset_is = len(start) + 12 + sum(map(len, fixed)) + len(located) + 8
    shift = offset_is - (offset - sum(len(data) for _, data in items))
    assert shift == 0, shift
    return start + full(b"meta", 0, 0, *fixed, located) + box(b"mdat", *(data for _, data in items))


def _size(width: int, height: int) -> bytes:
    return full(b"ispe", 0, 0, struct.pack(">II", width, height))


def _colours(facts: Heic) -> bytes:
    if facts.profile is not None:
        return box(b"colr", b"prof", facts.profile)
    return box(b"colr", b"nclx", struct.pack(">HHHB", facts.primaries, 13, 6, 0x80))


def _encoded(picture: np.ndarray, ten_bits: bool) -> tuple[bytes, bytes]:
    """The decoder's configuration and the coded picture."""
    layout = "yuv420p10le" if ten_bits else "yuv420p"
    coder = av.CodecContext.create("libx265", "w")
    coder.height, coder.width = picture.shape[:2]
    coder.pix_fmt, coder.time_base = layout, Fraction(1, 16)
    coder.options = {"x265-params": "log-level=none:keyint=1:range=full:crf=12", "preset": "ultrafast"}
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
    frame = frame.reformat(format=layout, dst_colorspace="ITU601", dst_color_range="JPEG")
    frame.pts = 0
    packets = [*coder.encode(frame), *coder.encode(None)]
    units = [unit for packet in packets for unit in _units(bytes(packet))]
    kinds = {kind: [unit for unit in units if unit[0] >> 1 & 63 == kind] for kind in (VPS, SPS, PPS)}
    data = b"".join(
        struct.pack(">I", len(unit)) + unit for unit in units if unit[0] >> 1 & 63 not in (VPS, SPS, PPS, *SEI)
    )
    level = kinds[SPS][0].replace(b"\0\0\3", b"\0\0")[3:15]
    depth = 2 if ten_bits else 0
    head = b"\1" + level + bytes([0xF0, 0, 0xFC, 0xFD, 0xF8 | depth, 0xF8 | depth, 0, 0, 0x0F, len(kinds)])
    lists = b"".join(
        bytes([0x80 | kind]) + struct.pack(">HH", 1, len(each[0])) + each[0] for kind, each in kinds.items()
    )
    return head + lists, data


def _units(stream: bytes) -> Iterator[bytes]:
    """The units between start codes."""
    for piece in stream.split(b"\0\0\1")[1:]:
        yield piece.rstrip(b"\0")
