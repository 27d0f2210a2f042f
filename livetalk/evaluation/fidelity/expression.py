"""Expression and movement of faces against the truth's: MediaPipe's blendshapes, frame by frame and as distributions.

`expression_distance` is the root mean square difference of the 52 scores (0 to 1) of a frame and the truth's at the
same time: in the place of E-FID, which asks for 3DMM coefficients whose network may not be used freely. It punishes
harmless shifts in time, too, and says nothing without a truth. `fd_motion` is the Fréchet distance of how fast faces
move in runs of 16 frames, in units of the truth's spread: it sees slow and stiff faces and no shift in time. A frame
that has lost its face, or was never made, is at distance 1 and moves as if it were frozen. Knows face tracks.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float

from livetalk.evaluation.estimates import Estimate, mean
from livetalk.evaluation.fidelity.frechet import frechet_of_clips
from livetalk.evaluation.fidelity.views import ClipView, Frames
from livetalk.evaluation.metrics.landmarks import FaceTrack, track

RUN, STEP = 16, 8  # frames of a run, and from one to the next
LOST = 1.0
LEAST_SPREAD = 0.002  # of a pace over runs: below it a difference says nothing


def expression_distances(
    made: Float[np.ndarray, "t s"], real: Float[np.ndarray, "u s"], shown: Bool[np.ndarray, " u"]
) -> Float[np.ndarray, " n"]:
    """Distance of each frame in which the truth shows a face; NaN rows, and frames behind the last, are lost."""
    found = np.full(len(real), LOST)
    common = min(len(made), len(real))
    apart = np.sqrt(np.square(made[:common] - real[:common]).mean(axis=1))
    found[:common] = np.where(np.isfinite(apart), apart, LOST)
    return found[shown]


def paces(track: FaceTrack, frames: int) -> Float[np.ndarray, "n p"]:
    """How fast a face moves in runs of frames: mean change a frame of blendshapes, pose and lip gap.

    frames: that the clip should have. Frames without a face change nothing.
    """
    curves = np.concatenate([track.blendshapes, track.pose, track.gap[:, None]], axis=1)
    changes = np.nan_to_num(np.abs(np.diff(curves, axis=0)))
    wanted = max(1, frames - 1)
    changes = np.concatenate([changes, np.zeros((wanted, changes.shape[1]))])[:wanted]
    starts = range(0, max(1, len(changes) - RUN + 2), STEP)
    return np.stack([changes[start : start + RUN - 1].mean(axis=0) for start in starts])


@dataclass
class ExpressionMeasure:
    """Distances of expressions and of their movement. follow: what finds faces in frames."""

    follow: Callable[[Frames], FaceTrack] = track
    _distances: list[float] = field(default_factory=list[float])
    _paces: list[tuple[Float[np.ndarray, "n p"], Float[np.ndarray, "m p"]]] = field(
        default_factory=list[tuple[Float[np.ndarray, "n p"], Float[np.ndarray, "m p"]]]
    )
    _faceless: list[str] = field(default_factory=list[str])

    def look(self, view: ClipView) -> None:
        """Takes in one clip; without a truth there is nothing to measure."""
        if view.real is None:
            return
        real = self.follow(view.real)
        if not real.found.any():
            return self._faceless.append(view.name)
        made = self.follow(view.generated)
        self._distances.append(float(expression_distances(made.blendshapes, real.blendshapes, real.found).mean()))
        self._paces.append((paces(real, len(view.real)), paces(made, len(view.real))))

    def figures(self) -> dict[str, Estimate]:
        """Mean over clips, and distance over all runs."""
        if not self._distances:
            return {}
        real, made = zip(*self._paces, strict=True)
        scale = np.maximum(np.concatenate(real).std(axis=0), LEAST_SPREAD)
        motion = frechet_of_clips([rows / scale for rows in real], [rows / scale for rows in made])
        return {"expression_distance": mean(self._distances), "fd_motion": motion}

    def remarks(self) -> list[str]:
        """Sentences on what could not be measured."""
        if not self._faceless:
            return []
        return [f"{len(self._faceless)} real clips show no face ({self._faceless[0]}): left out of expression_distance"]
