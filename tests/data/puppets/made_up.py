"""Fitted portraits of nobody: numbers drawn from a seed."""

import numpy as np

from livetalk.data.puppets.fit import Fit, FitReport
from livetalk.data.puppets.fitted import FittedPortrait


def portrait(seed: int, name: str = "made up") -> FittedPortrait:
    rng = np.random.default_rng(seed)
    ramp = np.linspace(0, 1, 64)
    photograph = (255 * ramp[:, None, None] * rng.uniform(0.5, 1, (1, 64, 3)) ** 0.1).astype(np.uint8)
    return FittedPortrait(
        name=name,
        photograph=photograph,
        alpha=(255 * np.tile(ramp, (64, 1))).astype(np.uint8),
        plate=photograph[::4, ::4].copy(),
        matted=True,
        landmarks=rng.uniform(-0.2, 1.2, (478, 2)).astype(np.float32),
        identity=rng.normal(0, 0.3, 203).astype(np.float32),
        weights=rng.uniform(0, 1, 52).astype(np.float32),
        angles=rng.normal(0, 0.02, 3).astype(np.float32),
        shift=rng.normal(0, 5, 3).astype(np.float32),
        smile=float(rng.uniform(0, 0.8)),
        residual=1.25,
    )


def fit(seed: int, **report: float) -> Fit:
    good = {"median": 0.8, "rms": 1.25, "warped": 0.3, "oddness": 5.0, "eye_distance": 95.0, "sharpness": 9.0,
            "saturation": 90.0, "lip_gap": 0.1, "shut": 0.1}  # fmt: skip
    return Fit(portrait(seed), FitReport(**{**good, **report}))
