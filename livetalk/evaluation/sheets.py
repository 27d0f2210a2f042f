"""Contact sheets to judge metrics by eye: moments side by side, mouths frame after frame, lip gaps as curves.

Draws with Pillow only; knows measured clips, not how they came about.
"""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image, ImageDraw, ImageFont

from livetalk.evaluation.clips import Measured
from livetalk.evaluation.metrics.codec_gate import crop
from livetalk.evaluation.metrics.landmarks import FaceTrack

MOMENTS = 8  # pictures a row
TILE = 112  # pixels a side
ZOOM = 2  # of mouth crops
MOST_BYTES = 250_000
TITLE = 26  # pixels of a clip's title
SIDE = 66  # pixels left of a row, for its name
GAP = 3  # pixels between pictures
MARGIN = 10  # pixels around all
PANEL = (960, 150)  # of one clip's curves
TALLEST = 0.45  # lip gap at a panel's top, inter-ocular distances
INKS = {
    "known": (20, 20, 20), "truth": (40, 150, 60), "codec": (40, 90, 220), "teacher": (230, 150, 20),
    "model": (220, 50, 40),
}  # fmt: skip
NAMES = {"model": "student"}  # of rows, where it is another than that of the frames
PAPER, TEXT = (250, 250, 248), (60, 60, 60)

Picture = UInt8[np.ndarray, "h w 3"]


def moments(clips: Sequence[Measured]) -> Picture:
    """Rows truth, teacher and student for each clip (truth and codec where no model played), at moments all over it."""
    blocks = []
    for clip in clips:
        rows = {}
        for name, frames in rows_of(clip).items():
            places = np.linspace(0, len(frames) - 1, MOMENTS).round().astype(int)
            rows[name] = [resized(frames[i], (TILE, TILE)) for i in places]
        blocks.append(block(clip.prompt, rows))
    return sheet(blocks)


def mouths(clips: Sequence[Measured]) -> Picture:
    """Mouths in successive frames, where the speech moves them most; rows as in `moments`."""
    blocks = []
    for clip in clips:
        moved = np.convolve(np.abs(np.diff(clip.opening)), np.ones(MOMENTS - 1), "valid")
        first, rows = int(np.argmax(moved)), {}
        for name, frames in rows_of(clip).items():
            centres = _track(clip, name).mouth
            tiles = [crop(frames[i : i + 1], _centre(centres, i))[0] for i in range(first, first + MOMENTS)]
            height, width = tiles[0].shape[:2]
            rows[name] = [resized(tile, (ZOOM * width, ZOOM * height)) for tile in tiles]
        blocks.append(block(clip.prompt, rows))
    return sheet(blocks)


def rows_of(clip: Measured) -> dict[str, UInt8[np.ndarray, "t h w 3"]]:
    """The videos to be shown of a clip, by name."""
    shown = clip.shown or {}
    wanted = ("truth", "teacher", "model") if "model" in shown else ("truth", "codec")
    return {name: shown[name] for name in wanted if name in shown}


def curves(clips: Sequence[Measured]) -> Picture:
    """Lip gaps over time, one panel a clip: known, truth, codec, teacher and student in the inks of their names."""
    return np.concatenate([_panel(clip) for clip in clips])


def write(clips: Sequence[Measured], folder: Path) -> list[Path]:
    """Write the three sheets as JPEG of at most 250 kB each into `folder`, which is made; their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures = {"moments": moments(clips), "mouths": mouths(clips), "curves": curves(clips)}
    paths = []
    for name, picture in pictures.items():
        path = folder / f"{name}.jpg"
        path.write_bytes(jpeg(picture))
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
    for name, made in (("teacher", clip.taught), ("model", clip.played)):
        if made is not None:
            gaps[name] = made.track.gap
    for name, gap in gaps.items():
        points = [((i + 0.5) * step, height - 2 - g / TALLEST * (height - 4)) for i, g in enumerate(gap) if g == g]
        draw.line(points, fill=INKS[name], width=2)
    x = 6.0
    for name in gaps:
        label = NAMES.get(name, name)
        draw.text((x, 4), label, fill=INKS[name], font=_font(12))
        x += draw.textlength(label, font=_font(12)) + 10
    draw.line((0, height - 1, width, height - 1), fill=(180, 180, 180))
    return np.asarray(image)


def _track(clip: Measured, name: str) -> FaceTrack:
    made = {"model": clip.played, "teacher": clip.taught}.get(name)
    return clip.truth if made is None else made.track


def _centre(centres: Float[np.ndarray, "t 2"], frame: int) -> Float[np.ndarray, " 2"]:
    """Of the mouth in a frame; where no face was found, the middle of the others, or of the picture's lower half."""
    if np.isfinite(centres[frame]).all():
        return centres[frame]
    found = centres[np.isfinite(centres).all(axis=1)]
    return np.median(found, axis=0) if len(found) else np.array([128.0, 170.0])


def block(title: str, rows: Mapping[str, Sequence[Picture]]) -> Picture:
    """A titled table of pictures, a named row each."""
    height, width = next(iter(rows.values()))[0].shape[:2]
    size = (SIDE + MOMENTS * (width + GAP) - GAP, TITLE + len(rows) * (height + GAP) - GAP)
    image = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(image)
    draw.text((SIDE, TITLE / 2), title, fill=TEXT, font=_font(15), anchor="lm")
    for place, (name, tiles) in enumerate(rows.items()):
        top = TITLE + place * (height + GAP)
        draw.text((SIDE - 8, top + height / 2), NAMES.get(name, name), fill=TEXT, font=_font(13), anchor="rm")
        for i, tile in enumerate(tiles):
            image.paste(Image.fromarray(tile), (SIDE + i * (width + GAP), top))
    return np.asarray(image)


def sheet(blocks: Sequence[Picture]) -> Picture:
    """Blocks below each other on paper."""
    space = [(0 if i == 0 else MARGIN // 2, 0) for i in range(len(blocks))]
    joined = np.concatenate([_padded(block, (space[i], (0, 0))) for i, block in enumerate(blocks)])
    return _padded(joined, ((MARGIN, MARGIN), (MARGIN, MARGIN)))


def _padded(picture: Picture, pads: tuple[tuple[int, int], tuple[int, int]]) -> UInt8[np.ndarray, "h2 w2 3"]:
    (top, bottom), (left, right) = pads
    height, width = picture.shape[:2]
    paper = np.full((height + top + bottom, width + left + right, 3), PAPER, np.uint8)
    paper[top : top + height, left : left + width] = picture
    return paper


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def resized(picture: Picture, size: tuple[int, int]) -> UInt8[np.ndarray, "h2 w2 3"]:
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS))


def jpeg(picture: Picture, most: int = MOST_BYTES) -> bytes:
    """JPEG in the best quality that fits."""
    data = b""
    for quality in range(92, 20, -8):
        store = io.BytesIO()
        Image.fromarray(picture).save(store, "JPEG", quality=quality, optimize=True)
        data = store.getvalue()
        if len(data) <= most:
            break
    return data
