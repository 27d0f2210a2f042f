"""What fake players show, as timed blocks without sound."""

from collections.abc import Iterable, Iterator

import numpy as np

from livetalk.avatar.blocks import TimedBlock


def timed(parts: Iterable[np.ndarray]) -> Iterator[TimedBlock]:
    """Parts [t h w 3] of one stream, one after the other."""
    shown = 0
    for index, frames in enumerate(parts):
        yield TimedBlock(index, shown, frames, np.zeros(1000 * len(frames), np.float32), speaking=False)
        shown += len(frames)
