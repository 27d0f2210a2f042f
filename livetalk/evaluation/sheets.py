"""Pictures to judge by eye what the figures say: moments side by side, mouths frame after frame, lip gaps as curves.

Draws with Pillow only; knows measured clips, not how they came about.
"""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image, ImageDraw

from livetalk.evaluation.codec_gate import crop
from livetalk.evaluation.landmarks import FaceTrack
from livetalk.evaluation.tiny import Measured

MOMENTS = 8  # pictures a row
TILE = 128  # pixels a side
ZOOM = 2  # of mouth crops
MOST_BYTES = 250_000
LABEL = 14  # pixels of a caption's line
PANEL = (960, 150)  # of one clip's curves
TALLEST = 0.45  # lip gap at a panel's top, inter-ocular distances
INKS = {"known": (20, 20, 20), "truth": (40, 150, 60), "codec": (40, 90, 220), "model": (220, 50, 40)}

Picture = UInt8[np.ndarray, "h w 3"]


def moments(clips: Sequence[Measured]) -> Picture:
    """Rows truth, codec and model for each clip, at moments spread over it."""
    rows = []
    for clip in clips:
        rows.append(_caption(f"{clip.seed}: {clip.prompt}", MOMENTS * TILE))
        for frames in (clip.shown or {}).values():
            places = np.linspace(0, len(frames) - 1, MOMENTS).round().astype(int)
            rows.append(np.concatenate([_resized(frames[i], (TILE, TILE)) for i in places], 1))
    return np.concatenate(rows)


def mouths(clips: Sequence[Measured]) -> Picture:
    """Mouths in successive frames, where the speech moves them most; rows as in `moments`."""
    rows = []
    for clip in clips:
        moved = np.convolve(np.abs(np.diff(clip.opening)), np.ones(MOMENTS - 1), "valid")
        first = int(np.argmax(moved))
        for name, frames in (clip.shown or {}).items():
            centres = _track(clip, name).mouth
            tiles = [crop(frames[i : i + 1], _centre(centres, i))[0] for i in range(first, first + MOMENTS)]
            height, width = tiles[0].shape[:2]
            rows.append(np.concatenate([_resized(tile, (ZOOM * width, ZOOM * height)) for tile in tiles], 1))
        rows.append(np.full((LABEL // 2, rows[-1].shape[1], 3), 255, np.uint8))
    return np.concatenate(rows)


def curves(clips: Sequence[Measured]) -> Picture:
    """Lip gaps over time, one panel a clip: known (black), truth (green), codec (blue), model (red); grey: pauses."""
    return np.concatenate([_panel(clip) for clip in clips])


def write(clips: Sequence[Measured], folder: Path) -> list[Path]:
    """Write the three sheets as JPEG of at most 250 kB each into `folder`, which is made; their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures = {"moments": moments(clips), "mouths": mouths(clips), "curves": curves(clips)}
    paths = []
    for name, picture in pictures.items():
        path = folder / f"{name}.jpg"
        path.write_bytes(_jpeg(picture))
        paths.append(path)
    return paths


def _panel(clip: Measured) -> Picture:
    width, height = PANEL
    image = Image.new("RGB", PANEL, "white")
    draw = ImageDraw.Draw(image)
    step = width / len(clip.opening)
    for i in np.flatnonzero(~clip.speaking):
        draw.rectangle((i * step, 0, (i + 1) * step, height), fill=(232, 232, 232))
    gaps = {"known": clip.opening, "truth": clip.truth.gap, "codec": clip.coded.gap}
    if clip.played is not None:
        gaps["model"] = clip.played.track.gap
    for name, gap in gaps.items():
        points = [((i + 0.5) * step, height - 2 - g / TALLEST * (height - 4)) for i, g in enumerate(gap) if g == g]
        draw.line(points, fill=INKS[name], width=2)
    draw.text((4, 2), f"{clip.seed}  {' '.join(gaps)}", fill=(90, 90, 90))
    draw.line((0, height - 1, width, height - 1), fill=(180, 180, 180))
    return np.asarray(image)


def _track(clip: Measured, name: str) -> FaceTrack:
    return clip.played.track if name == "model" and clip.played is not None else clip.truth


def _centre(centres: Float[np.ndarray, "t 2"], frame: int) -> Float[np.ndarray, " 2"]:
    """Of the mouth in a frame; where no face was found, the middle of the others, or of the picture's lower half."""
    if np.isfinite(centres[frame]).all():
        return centres[frame]
    found = centres[np.isfinite(centres).all(axis=1)]
    return np.median(found, axis=0) if len(found) else np.array([128.0, 170.0])


def _caption(text: str, width: int) -> Picture:
    image = Image.new("RGB", (width, LABEL), "white")
    ImageDraw.Draw(image).text((2, 1), text, fill=(60, 60, 60))
    return np.asarray(image)


def _resized(picture: Picture, size: tuple[int, int]) -> Picture:
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS))


def _jpeg(picture: Picture) -> bytes:
    """As good as fits."""
    data = b""
    for quality in range(92, 20, -8):
        store = io.BytesIO()
        Image.fromarray(picture).save(store, "JPEG", quality=quality, optimize=True)
        data = store.getvalue()
        if len(data) <= MOST_BYTES:
            break
    return data
