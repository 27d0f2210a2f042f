"""Packs of free assets: what outfits may use, in pictures as large as small frames need, in one file.

A `Closet` reads a pack as it reads the folder. Knows names and pictures; draws nothing.
"""

import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from livetalk.data.heads.photo.closet import MAKEHUMAN, SURROUNDINGS, Closet
from livetalk.data.heads.photo.outfit import names_of_all

_SKIN, _OTHER = 1024, 512  # pixels a side, at most


def pack_assets(closet: Closet, out: Path) -> int:
    """Writes a pack; its size in bytes. The same assets give the same bytes."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as pack:
        for name, most in needed(closet):
            data = closet.read(name)
            pack.writestr(zipfile.ZipInfo(name), data if most is None else _reduced(data, most), zipfile.ZIP_DEFLATED)
    return out.stat().st_size


def needed(closet: Closet) -> Iterator[tuple[str, int | None]]:
    """Names of the files that outfits may use; for pictures the most pixels a side."""
    known = names_of_all()
    yield from ((f"{MAKEHUMAN}/skins/textures/{name}.jpg", _SKIN) for name in known["skins"])
    yield from ((f"{MAKEHUMAN}/eyes/materials/{name}.png", _OTHER) for name in known["eyes"])
    yield f"{MAKEHUMAN}/teeth/materials/teeth.png", _OTHER
    yield from ((f"{MAKEHUMAN}/teeth/{name}/{name}.obj", None) for name in known["teeth"])
    for kind in ("hair", "eyebrows", "eyelashes", "clothes"):
        for name in known[kind]:
            folder = f"{MAKEHUMAN}/{kind}/{name}/"
            yield from ((f"{folder}{name}{suffix}", None) for suffix in (".obj", ".mhclo"))
            pictures = closet.names(folder, "_diffuse.png") or closet.names(folder, "_ao.png")
            yield from ((picture, _OTHER) for picture in pictures or closet.names(folder, ".png"))
    yield from ((name, None) for name in closet.names(f"{SURROUNDINGS}/", ".hdr"))


def _reduced(data: bytes, most: int) -> bytes:
    """The picture in the same format, no larger than `most` pixels a side."""
    from PIL import Image

    with Image.open(BytesIO(data)) as image:
        if max(image.size) <= most:
            return data
        small, out = image.copy(), BytesIO()
        small.thumbnail((most, most), Image.Resampling.LANCZOS)
        small.save(out, image.format, quality=90, optimize=True)
        return out.getvalue()
