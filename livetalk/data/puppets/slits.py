"""The slits between lids and between lips, read off a head's vertices in columns. Conventions: see `fitted`."""

import numpy as np
from jaxtyping import Float

from livetalk.data.puppets.correspondence import load_correspondence
from livetalk.data.puppets.fitted import COLUMNS, Slit

REACH = 0.92  # of the mouth's half width that is measured: at the very corners nothing is to see
WIDTH = 0.02  # decimetres about a column in which the lips' edges are looked for


def lid_slit(points: Float[np.ndarray, "n 3"], side: int) -> Slit:
    """The slit of the left (0) or right (1) eye, given the vertices in head space."""
    links = load_correspondence()
    upper, lower = links.upper_lids[side], links.lower_lids[side]
    right, left = np.sort(points[upper][[0, -1], 0])
    x = np.linspace(right, left, COLUMNS + 2)[1:-1]
    return Slit(x, _height(points[upper], x), _height(points[lower], x))


def lip_slit(points: Float[np.ndarray, "n 3"]) -> Slit:
    """The slit between the inner lips, given the vertices in head space."""
    links = load_correspondence()
    upper, lower = points[links.upper_lip], points[links.lower_lip]
    left = max(upper[:, 0].min(), lower[:, 0].min())
    right = min(upper[:, 0].max(), lower[:, 0].max())
    x = (left + right) / 2 + REACH * np.linspace(-1, 1, COLUMNS) * (right - left) / 2
    return Slit(x, -_highest(-upper[:, 1], upper[:, 0], x), _highest(lower[:, 1], lower[:, 0], x))


def _height(rim: Float[np.ndarray, "r 3"], x: Float[np.ndarray, "c"]) -> Float[np.ndarray, "c"]:
    order = np.argsort(rim[:, 0])
    return np.interp(x, rim[order, 0], rim[order, 1])


def _highest(
    height: Float[np.ndarray, "r"], place: Float[np.ndarray, "r"], x: Float[np.ndarray, "c"]
) -> Float[np.ndarray, "c"]:
    """The greatest height near each column: the rim of the lips runs to and fro in depth."""
    away = np.abs(place - x[:, None])
    near = away <= np.maximum(WIDTH, np.partition(away, 1, axis=1)[:, 1:2])
    return np.where(near, height, -np.inf).max(1)
