"""Similarity of identity (CSIM): cosines of face embeddings against the truth's, and distances of sets of embeddings.

References are the truth's first frame with a face, and the mean of its embeddings. A frame whose face is lost, or that
was never made, although the truth shows one, counts as similarity 0 and as the zero vector; most scripts drop it. Which
network embeds is in every figure's name. Without a truth the clip's own first frame is the reference (`csim_self_`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float

from livetalk.evaluation.estimates import Estimate, mean
from livetalk.evaluation.fidelity.frechet import frechet_of_clips, kernel_of_clips
from livetalk.evaluation.fidelity.views import ClipView, Frames

Rows = Float[np.ndarray, "t d"]
Embed = Callable[[Frames], Rows]
"""Embeddings of the face of each frame; a row of NaN where there is none."""


def dlib_embeddings(frames: Frames) -> Float[np.ndarray, "t 128"]:
    """dlib's descriptors. Raises ValueError, with what to do, without its network."""
    from livetalk.evaluation.metrics.identity import describe

    return describe(frames)


def cosines(rows: Rows, reference: Float[np.ndarray, " d"]) -> Float[np.ndarray, " t"]:
    """Cosine of each row with the reference; 0 for a row of NaN or zeros."""
    lengths = np.linalg.norm(rows, axis=1) * np.linalg.norm(reference)
    found = np.isfinite(lengths) & (lengths > 0)
    return np.where(found, rows @ reference / np.where(found, lengths, 1.0), 0.0)


@dataclass
class SimilarityMeasure:
    """Similarities of clips to their truth, and both sets of embeddings. every: frames between those looked at."""

    name: str
    embed: Embed
    every: int
    _figures: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    _rows: list[tuple[Rows, Float[np.ndarray, "m d"]]] = field(
        default_factory=list[tuple[Rows, Float[np.ndarray, "m d"]]]
    )
    _faceless: list[str] = field(default_factory=list[str])

    def look(self, view: ClipView) -> None:
        """Takes in one clip."""
        made = self.embed(view.generated[:: self.every])
        if view.real is None:
            return self._look_alone(made, view.name)
        real = self.embed(view.real[:: self.every])
        shown = _found(real)
        if not shown.any():
            return self._faceless.append(view.name)
        made = _of_length(made, len(real))[shown]
        real = real[shown]
        self._add("csim", float(cosines(made, real[0]).mean()))
        self._add("csim_mean", float(cosines(made, _directions(real).mean(axis=0)).mean()))
        self._add("faceless", float(1 - _found(made).mean()))
        self._rows.append((real, np.nan_to_num(made)))

    def figures(self) -> dict[str, Estimate]:
        """Means over clips; distances of the sets of embeddings where there is a truth."""
        found = {f"{name}_{self.name}": mean(values) for name, values in self._figures.items()}
        if self._rows:
            real, made = zip(*self._rows, strict=True)
            found[f"fd_{self.name}"] = frechet_of_clips(real, made)
            found[f"kd_{self.name}"] = kernel_of_clips(real, made)
        return found

    def remarks(self) -> list[str]:
        """Sentences on what could not be measured."""
        if not self._faceless:
            return []
        return [f"{len(self._faceless)} real clips show no face ({self._faceless[0]}): left out of csim_{self.name}"]

    def _look_alone(self, made: Rows, name: str) -> None:
        found = _found(made)
        self._add("faceless", float(1 - found.mean()))
        reference = made[found][0] if found.any() else np.zeros(made.shape[1])
        self._add("csim_self", float(cosines(made, reference).mean()))

    def _add(self, name: str, value: float) -> None:
        self._figures.setdefault(name, []).append(value)


def _found(rows: Rows) -> Bool[np.ndarray, " t"]:
    return np.asarray(np.isfinite(rows).all(axis=1))


def _directions(rows: Rows) -> Rows:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def _of_length(rows: Rows, length: int) -> Float[np.ndarray, "n d"]:
    """The first rows; rows of NaN for frames that were never made."""
    lacking = np.full((max(0, length - len(rows)), rows.shape[1]), np.nan)
    return np.concatenate([rows, lacking])[:length]
