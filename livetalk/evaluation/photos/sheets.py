"""Contact sheets of talking photographs: moments of each clip in a row, photographs below each other, a sheet a scene.

Each clip leaves a strip when it is made, so a run that goes on another day still has its sheets whole. These are
pictures of real people: they are for looking at, not for publishing. Knows frames and files.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from livetalk.evaluation.photos.log import Key
from livetalk.evaluation.sheets import MOMENTS, TILE, block, jpeg, resized, sheet

ROWS = 12  # photographs a sheet
SHARP = 92  # quality of a strip


def strip_of(folder: Path, key: Key) -> Path:
    """Where the strip of a clip lies."""
    return folder / "strips" / f"{key.photo} {key.scene} {key.maker}.jpg"


def cut(path: Path, portrait: UInt8[np.ndarray, "h w 3"], frames: UInt8[np.ndarray, "t h w 3"]) -> None:
    """Write a clip's strip: the portrait, then moments all over it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    places = np.linspace(0, len(frames) - 1, MOMENTS).round().astype(int)[1:]
    tiles = [resized(one, (TILE, TILE)) for one in (portrait, *frames[places])]
    Image.fromarray(np.concatenate(tiles, axis=1)).save(path, quality=SHARP)


def assemble(folder: Path, clips: Mapping[str, Sequence[Key]], named: Mapping[str, str]) -> list[Path]:
    """Join strips into sheets.

    clips: by scene. named: makers, in the order of their rows, and what each is called. Clips without a strip are left
    out.
    """
    written = []
    for scene, keys in clips.items():
        photos = sorted({key.photo for key in keys})
        blocks = [found for photo in photos if (found := _rows(folder, photo, keys, named)) is not None]
        for page in range(0, len(blocks), ROWS):
            path = folder / f"{scene}_{page // ROWS + 1}.jpg"
            path.write_bytes(jpeg(sheet(blocks[page : page + ROWS]), most=1_500_000))
            written.append(path)
    return written


def _rows(folder: Path, photo: str, keys: Sequence[Key], named: Mapping[str, str]) -> UInt8[np.ndarray, "h w 3"] | None:
    """A photograph's clips, one a row."""
    rows = {}
    for maker, name in named.items():
        for key in keys:
            if (key.photo, key.maker) == (photo, maker) and (path := strip_of(folder, key)).exists():
                with Image.open(path) as image:
                    rows[name] = np.split(np.asarray(image.convert("RGB")), MOMENTS, axis=1)
    return block(photo, rows) if rows else None
