"""Filters of fitted portraits: which can become puppets, and the reasons why others cannot."""

from collections.abc import Callable

import numpy as np

from livetalk.data.puppets.fit import Fit

LEVEL = -0.05  # pitch of people who look straight ahead, radians, as the fit reads it
REASONS: dict[str, Callable[[Fit], bool]] = {
    "turned": lambda fit: abs(np.rad2deg(fit.portrait.angles[0])) > 15,
    "raised or lowered": lambda fit: abs(np.rad2deg(fit.portrait.angles[1] - LEVEL)) > 11,
    "tilted": lambda fit: abs(np.rad2deg(fit.portrait.angles[2])) > 12,
    "small": lambda fit: fit.report.eye_distance < 46,
    "blurred": lambda fit: fit.report.sharpness < 2.5,
    "grey": lambda fit: fit.report.saturation < 18,
    "mouth wide open": lambda fit: fit.report.lip_gap > 0.25,
    "eyes shut": lambda fit: fit.report.shut > 0.5,
    "badly fitted": lambda fit: fit.report.median > 1.15 or fit.report.rms > 1.95 or fit.report.warped > 0.45,
    "odd shape": lambda fit: fit.report.oddness > 8,
}


def reasons(fit: Fit) -> tuple[str, ...]:
    """Why a portrait is not used; empty if it is."""
    return tuple(reason for reason, applies in REASONS.items() if applies(fit))
