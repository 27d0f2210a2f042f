"""Distances of sets of pictures and of clips: FID, KID and FVD, over all pairs and, as OmniAvatar's script, per pair.

`fid_` and `kid_` carry the library whose resizing they follow; `fid_per_pair` is pytorch-fid's on the frames of one
pair at a time, generated ones in the truth's size, and its mean over pairs. `fvd_styleganv` takes one run of 16 frames
from each clip, at a place drawn by the clip's name; `fvd_per_pair` takes every beginning of a pair from 10 frames on,
drops the covariance, as the script does, and is a mean again: not a Fréchet distance of sets, and comparable to none.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from zlib import crc32

import numpy as np
import torch
from jaxtyping import Float32, UInt8
from torch import Tensor, nn

from livetalk.evaluation.estimates import Estimate, mean
from livetalk.evaluation.fidelity import resizing
from livetalk.evaluation.fidelity.frechet import frechet_of_clips, frechet_of_rows, kernel_of_clips
from livetalk.evaluation.fidelity.i3d import LEAST, ScriptedI3d
from livetalk.evaluation.fidelity.views import ClipView, Frames

RUN = 16  # frames of a clip that FVD looks at
BATCH = 16

Rows = Float32[np.ndarray, "t d"]


@dataclass
class PictureDistances:
    """FID and KID of clips by one Inception, in each of the three ways to resize."""

    network: nn.Module
    device: str = "cpu"
    per_pair: bool = False
    _rows: dict[str, tuple[list[Rows], list[Rows]]] = field(default_factory=dict[str, tuple[list[Rows], list[Rows]]])
    _pairs: list[float] = field(default_factory=list[float])

    def look(self, view: ClipView) -> None:
        """Takes in one clip; without a truth there is nothing to measure."""
        if view.real is None:
            return
        for name in resizing.PREPROCESSINGS:
            real, made = self._rows.setdefault(name, ([], []))
            real.append(self._features(name, view.real))
            made.append(self._features(name, view.generated))
        if self.per_pair:
            real, made = self._rows["pytorchfid"]
            matched = made[-1] if view.matched is view.generated else self._features("pytorchfid", view.matched)
            self._pairs.append(frechet_of_rows(real[-1][: view.common], matched[: view.common]))

    def figures(self) -> dict[str, Estimate]:
        """Distances of all frames; intervals draw pairs of clips."""
        found: dict[str, Estimate] = {}
        for name, (real, made) in self._rows.items():
            found[f"fid_{name}"] = frechet_of_clips(real, made)
            found[f"kid_{name}"] = kernel_of_clips(real, made)
        return found | ({"fid_per_pair": mean(self._pairs)} if self._pairs else {})

    def remarks(self) -> list[str]:
        return []

    def _features(self, name: str, frames: Frames) -> Rows:
        found: list[Tensor] = []
        for start in range(0, len(frames), BATCH):
            pictures = resizing.planes(frames[start : start + BATCH], self.device)
            with torch.inference_mode():
                found.append(self.network(resizing.PREPROCESSINGS[name](pictures)).cpu())
        return torch.cat(found).numpy()


@dataclass
class ClipDistances:
    """FVD of clips by one I3D. name: of the figure; features: numbers of a run of frames; ddof: of the covariance."""

    name: str
    features: Callable[[Float32[Tensor, "t 3 h w"]], Tensor]
    ddof: int = 1
    device: str = "cpu"
    _real: list[Rows] = field(default_factory=list[Rows])
    _made: list[Rows] = field(default_factory=list[Rows])
    _short: list[str] = field(default_factory=list[str])
    _oblong: set[str] = field(default_factory=set[str])

    def look(self, view: ClipView) -> None:
        """Takes in one clip. One that ends early stands still for the rest, as a viewer would see it."""
        if view.real is None:
            return
        if len(view.real) < RUN:
            return self._short.append(view.name)
        if any(frames.shape[1] != frames.shape[2] for frames in (view.real, view.generated)):
            self._oblong.add(view.name)
        start = run_start(view.name, len(view.real))
        self._real.append(self._row(view.real[start : start + RUN]))
        self._made.append(self._row(lengthened(view.generated, len(view.real))[start : start + RUN]))

    def figures(self) -> dict[str, Estimate]:
        """The distance of all runs; its interval draws pairs of clips."""
        return {self.name: frechet_of_clips(self._real, self._made, self.ddof)} if self._real else {}

    def remarks(self) -> list[str]:
        """Sentences on what could not be measured."""
        found: list[str] = []
        if self._short:
            some = f"{len(self._short)} real clips have fewer than {RUN} frames ({self._short[0]})"
            found.append(f"{some}: left out of {self.name}")
        if self._oblong:
            way = "squeezed to" if self.name == "fvd_styleganv" else "cropped to the middle of"
            found.append(f"{len(self._oblong)} pairs are not square: {self.name} sees them {way} squares")
        return found

    def _row(self, frames: Frames) -> Float32[np.ndarray, "1 d"]:
        return self.features(resizing.planes(frames, self.device)).float().cpu().numpy()[None]


@dataclass
class PairedClipDistances:
    """`fvd_per_pair`: squared distance of a pair's features, over all beginnings of 10 frames and more."""

    script: ScriptedI3d
    device: str = "cpu"
    _found: list[float] = field(default_factory=list[float])
    _short: list[str] = field(default_factory=list[str])

    def look(self, view: ClipView) -> None:
        """Takes in one clip; generated frames in the truth's size, both as long as the shorter one."""
        if view.real is None:
            return
        if view.common < LEAST:
            return self._short.append(view.name)
        both = [resizing.planes(frames[: view.common], self.device) for frames in (view.real, view.matched)]
        apart: list[float] = []
        for length in range(LEAST, view.common + 1):
            real, made = (self.script(planes[:length], crop=True) for planes in both)
            apart.append(float((real - made).square().sum()))
        self._found.append(float(np.mean(apart)))

    def figures(self) -> dict[str, Estimate]:
        """The mean over pairs."""
        return {"fvd_per_pair": mean(self._found)} if self._found else {}

    def remarks(self) -> list[str]:
        """Sentences on what could not be measured."""
        if not self._short:
            return []
        return [f"{len(self._short)} pairs have fewer than {LEAST} frames ({self._short[0]}): left out of fvd_per_pair"]


def run_start(name: str, frames: int) -> int:
    """Where a clip's run begins: drawn by its name, so that every system is looked at in the same places."""
    return crc32(name.encode()) % (frames - RUN + 1)


def lengthened(frames: Frames, length: int) -> UInt8[np.ndarray, "n h w 3"]:
    """The frames, the last one held until there are as many as asked for."""
    lacking = max(0, length - len(frames))
    return np.concatenate([frames, np.repeat(frames[-1:], lacking, axis=0)]) if lacking else frames
