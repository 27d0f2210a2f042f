"""Curves of long videos: figures of every ten seconds, and how far they have drifted after 1, 10 and 60 minutes.

A window's figures are means over it; its faces are described a few times. Drift is the change from the first window to
the one that ends at the mark; the reference of identity is the first frame with a face, so a stream that loses its face
loses all similarity. Frames are read one by one: an hour takes no more memory than ten seconds.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from livetalk.evaluation.clip_files import ClipFile
from livetalk.evaluation.estimates import Estimate, mean
from livetalk.evaluation.fidelity.similarity import Embed, cosines
from livetalk.evaluation.fidelity.views import Frames
from livetalk.evaluation.metrics import video
from livetalk.media.video import read_frames

WINDOW = 10  # seconds
FACES = 4  # described in a window
MARKS = {"1min": 60, "10min": 600, "60min": 3600}  # seconds
WORSE_WHEN_LOWER = ("csim",)  # the others are worse when they change either way


@dataclass(frozen=True)
class Curves:
    """Figures of a video's windows, by name, one value a window."""

    name: str
    windows: dict[str, list[float]]

    def drift(self, figure: str, seconds: int) -> float | None:
        """Change from the first window to the one that ends after so many seconds; None for a shorter video.

        Similarity that falls is positive, as is any change of the others.
        """
        values, last = self.windows[figure], seconds // WINDOW - 1
        if len(values) <= last:
            return None
        change = values[last] - values[0]
        return -change if figure in WORSE_WHEN_LOWER else abs(change)


def curves_of(clip: ClipFile, frame_rate: int, embed: Embed) -> Curves:
    """Curves of a video, read once. A last window that is not whole is left out."""
    windows: dict[str, list[float]] = {}
    reference: Float[np.ndarray, " d"] | None = None
    for frames in _windows(clip, frame_rate):
        rows = embed(frames[:: max(1, len(frames) // FACES)][:FACES])
        found = rows[np.isfinite(rows).all(axis=1)]
        if reference is None and len(found):
            reference = found[0]
        alike = 0.0 if reference is None else float(cosines(rows, reference).mean())
        for name, value in {"csim": alike, "faceless": 1 - len(found) / len(rows), **picture_figures(frames)}.items():
            windows.setdefault(name, []).append(value)
    return Curves(clip.name, windows)


def picture_figures(frames: Frames) -> dict[str, float]:
    """Brightness, contrast and saturation (grey levels), logarithms of sharpness and movement, and shares of faults."""
    luma = video.grey(frames)
    height, width = luma.shape[1:]
    movement = float(np.abs(np.diff(luma, axis=0)).mean()) if len(luma) > 1 else 0.0
    return {
        "brightness": float(luma.mean()),
        "contrast": float(luma.std(axis=(1, 2)).mean()),
        "saturation": float((frames.max(axis=3).astype(float) - frames.min(axis=3)).mean()),
        "sharpness": float(np.log(video.sharpness(frames, (0, 0, width, height)) + 1)),
        "movement": float(np.log(movement + 0.1)),
        "black": video.black_frames(frames) / len(frames),
        "frozen": video.frozen_frames(frames) / max(1, len(frames) - 1),
    }


def drifts(found: Sequence[Curves]) -> dict[str, Estimate]:
    """Means over videos of all drifts: `drift_FIGURE_1min` and so on, of those videos that are that long."""
    figures: dict[str, Estimate] = {}
    for mark, seconds in MARKS.items():
        long = [one for one in found if len(one.windows.get("csim", [])) * WINDOW >= seconds]
        for name in long[0].windows if long else ():
            values = [drift for one in long if (drift := one.drift(name, seconds)) is not None]
            figures[f"drift_{name}_{mark}"] = mean(values)
    return figures


def _windows(clip: ClipFile, frame_rate: int) -> Iterator[Frames]:
    size, held = WINDOW * frame_rate, list[np.ndarray]()
    for frame in read_frames(clip.path, frame_rate=frame_rate):
        held.append(frame)
        if len(held) == size:
            yield np.stack(held)
            held = []
