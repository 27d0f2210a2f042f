"""Picture sheet of a table: systems in rows, cases in groups of columns, the same moments of each.

Moments are the loudest of equal parts of the speech, when a mouth should be open. Where a system made nothing, its
place says so. Draws with Pillow; knows videos and speech.
"""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Float32, UInt8
from PIL import Image, ImageDraw, ImageFont

from livetalk.evaluation.clip_files import ClipFile
from livetalk.evaluation.table.cases import ClipCase
from livetalk.geometry import SAMPLE_RATE
from livetalk.media import read_speech
from livetalk.media.excerpt import frames_between
from livetalk.media.files import part_of, written

CASES, MOMENTS = 3, 3
TILE, GAP, GROUP, MARGIN, SIDE, HEAD, FOOT = 128, 4, 16, 20, 96, 84, 30  # pixels
HEAR = 0.08  # s of sound around a moment that its loudness is of
EDGE = 0.1  # s at the ends of a clip in which no moment is looked for
RATE = 16  # moments a second
PAPER, INK, FAINT, HOLLOW = (250, 250, 248), (34, 34, 34), (120, 120, 120), (232, 232, 230)
MOST_BYTES = 150_000

Picture = UInt8[np.ndarray, "h w 3"]


@dataclass(frozen=True)
class SheetRow:
    """A system's videos of the sheet's cases; None where it made none."""

    system: str
    clips: tuple[ClipFile | None, ...]


def sheet(title: str, cases: Sequence[ClipCase], rows: Sequence[SheetRow], note: str) -> Picture:
    """The sheet as a picture; `cases` beyond the first few are left out."""
    cases = cases[:CASES]
    moments = [loud_moments(np.concatenate(list(read_speech(case.speech)))) for case in cases]
    group = MOMENTS * (TILE + GAP) - GAP
    width = 2 * MARGIN + SIDE + len(cases) * (group + GROUP) - GROUP
    height = HEAD + len(rows) * (TILE + GAP) - GAP + FOOT
    image = Image.new("RGB", (width, height), PAPER)
    draw = ImageDraw.Draw(image)
    draw.text((MARGIN, 24), title, fill=INK, font=_font(19), anchor="lm")
    draw.text((MARGIN, height - FOOT / 2), note, fill=FAINT, font=_font(11), anchor="lm")
    for column, (case, times) in enumerate(zip(cases, moments, strict=True)):
        left = MARGIN + SIDE + column * (group + GROUP)
        for place, time in enumerate(times):
            x = left + place * (TILE + GAP) + TILE / 2
            draw.text((x, HEAD - 12), f"{time:.2f} s", fill=FAINT, font=_font(12), anchor="mm")
        draw.text((left, HEAD - 30), _short(case.prompt), fill=INK, font=_font(12), anchor="lm")
        for line, row in enumerate(rows):
            _tiles(image, (left, HEAD + line * (TILE + GAP)), row.clips[column], times)
    for line, row in enumerate(rows):
        middle = HEAD + line * (TILE + GAP) + TILE / 2
        draw.text((MARGIN + SIDE - 10, middle), row.system, fill=INK, font=_font(14), anchor="rm")
    return np.asarray(image)


def loud_moments(sound: Float32[np.ndarray, " n"]) -> list[float]:
    """Seconds of the loudest moment in each of as many equal parts of a sound as the sheet shows."""
    seconds = len(sound) / SAMPLE_RATE
    times = np.arange(EDGE, max(seconds - EDGE, EDGE + 1 / RATE), 1 / RATE)
    half = round(HEAR / 2 * SAMPLE_RATE)
    middles = (times * SAMPLE_RATE).astype(int)
    loudness = np.array([float(np.square(sound[max(0, m - half) : m + half]).sum()) for m in middles])
    return [float(part[np.argmax(loud)]) for part, loud in _parts(times, loudness)]


def write_sheet(path: Path, picture: Picture, most: int = MOST_BYTES) -> None:
    """Write as WebP in the best quality that fits."""
    data = b""
    for quality in range(90, 20, -5):
        store = io.BytesIO()
        Image.fromarray(picture).save(store, "WEBP", quality=quality)
        data = store.getvalue()
        if len(data) <= most:
            break
    with written(path):
        part_of(path).write_bytes(data)
        part_of(path).replace(path)


def _parts(
    times: Float[np.ndarray, " m"], loudness: Float[np.ndarray, " m"]
) -> Iterator[tuple[Float[np.ndarray, " p"], Float[np.ndarray, " p"]]]:
    count = min(MOMENTS, len(times))
    yield from zip(np.array_split(times, count), np.array_split(loudness, count), strict=True)


def _tiles(image: Image.Image, corner: tuple[int, int], clip: ClipFile | None, times: Sequence[float]) -> None:
    draw = ImageDraw.Draw(image)
    for place, time in enumerate(times):
        left, top = corner[0] + place * (TILE + GAP), corner[1]
        picture = None if clip is None else _at(clip.path, time)
        if picture is None:
            draw.rectangle((left, top, left + TILE - 1, top + TILE - 1), fill=HOLLOW)
            draw.text((left + TILE / 2, top + TILE / 2), "not made", fill=FAINT, font=_font(12), anchor="mm")
        else:
            tile = Image.fromarray(picture).resize((TILE, TILE), Image.Resampling.LANCZOS)
            image.paste(tile, (left, top))


def _at(path: Path, time: float) -> Picture | None:
    """The picture at a time; None where the video has ended."""
    try:
        return next(frames_between(path, time, 1.0, 1), None)
    except ValueError:
        return None


def _short(text: str, letters: int = 58) -> str:
    return text if len(text) <= letters else text[: letters - 1].rstrip() + "…"


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
