"""Openings of lips and lids: their width in every frame, column by column, and how far their edges must move for it.

The action shapes alone would not shut the mouth of a toothy portrait or the eyes of a wide-eyed one. So the shapes are
applied first; then the edges are moved until each column's gap is the wanted one:

- lips: the gap of the fitted head for the same weights, plus what the photograph opens beyond it; that part fades as
  the head's own mouth shuts, so lips close over teeth and stay shut when the truth says so;
- lids: the photograph's gap, scaled by the blink, so that a blink of 1 shuts any eye.

Does not know: pictures, or OpenGL.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from jaxtyping import Float, Int

from livetalk.data.arkit import ARKIT, INDEX
from livetalk.data.heads.mesh import Person, load_asset
from livetalk.data.puppets.correspondence import load_correspondence, open_head
from livetalk.data.puppets.fitted import COLUMNS
from livetalk.data.puppets.sheet import Sheet, smooth

SEALED, PRESSED = -0.004, -0.016  # gaps of lids and of lips that are shut, decimetres: they overlap a little
SHUT = 0.004  # a head's mouth that opens less is shut
TOUCHING = 0.008  # photographed lips that are nearer touch
STARTED = 0.12  # change of a weight of the mouth from which the photograph's own gap is left behind
MOUTH = np.array([name.startswith(("jaw", "mouth", "tongue")) for name in ARKIT])
BLINKS = (INDEX["eyeBlinkLeft"], INDEX["eyeBlinkRight"])
LIP_SPAN, LID_SPAN = 0.92, 0.88  # outermost columns, in half-widths of the opening
BESIDE = 0.42  # where, beside the middle, the heads' own lip gap is measured: half-widths of the mouth

Weights = Float[np.ndarray, "t 52"]
Rows = Float[np.ndarray, "t columns"]


@dataclass(frozen=True)
class _Edges:
    """Vertices of the mesh that make the edges of one opening: for each column, those whose outermost is the edge."""

    upper: Int[np.ndarray, "columns k"]
    lower: Int[np.ndarray, "columns k"]
    corners: Int[np.ndarray, "2"]
    across: Float[np.ndarray, "columns"]  # -1 at the person's right corner .. 1

    @property
    def vertices(self) -> Int[np.ndarray, "v"]:
        return np.unique(np.concatenate([self.upper.ravel(), self.lower.ravel(), self.corners]))


def _column_vertices(
    rim: Int[np.ndarray, "r"], x: Float[np.ndarray, "columns"], near: float
) -> Int[np.ndarray, "columns 6"]:
    """The vertices of a rim about each column: all within `near`, at least the nearest on either side."""
    away = open_head()[rim, 0][None] - x[:, None]
    order = np.argsort(np.abs(away), 1)[:, :6]
    kept = np.take_along_axis(np.abs(away), order, 1)
    kept = kept <= np.maximum(near, kept[:, 1:2])
    return rim[np.where(kept, order, order[:, :1])]


@cache
def opening_edges() -> tuple[_Edges, _Edges, _Edges]:
    """Of the lips, the left eye's lids, the right eye's."""
    links, head = load_correspondence(), open_head()
    rims = [(links.upper_lip, links.lower_lip, LIP_SPAN, 0.02)]
    rims += [(links.upper_lids[k], links.lower_lids[k], LID_SPAN, 0.004) for k in (0, 1)]
    found = []
    for upper, lower, span, near in rims:
        corners = upper[[0, -1]]
        left, right = head[corners, 0]
        across = np.linspace(-span, span, COLUMNS)
        x = (left + right) / 2 + across * (right - left) / 2
        found.append(_Edges(_column_vertices(upper, x, near), _column_vertices(lower, x, near), corners, across))
    return found[0], found[1], found[2]


@dataclass(frozen=True)
class Opening:
    """Edges over time: per column heights of the upper and the lower, and x of both corners."""

    upper: Rows
    lower: Rows
    corners: Float[np.ndarray, "t 2"]

    @property
    def gap(self) -> Rows:
        return self.upper - self.lower


def _opening(edges: _Edges, points: Float[np.ndarray, "mesh 3"], weights: Weights, smallest: bool) -> Opening:
    """The edges of an opening on a head whose vertices are `points`, moved by action shapes."""
    used = edges.vertices
    place = np.zeros(len(points), int)
    place[used] = np.arange(len(used))
    moved = points[used] + np.einsum("ts,sva->tva", weights, load_asset().action[:, used])
    y = moved[..., 1]
    pick = (np.min, np.max) if smallest else (np.mean, np.mean)
    return Opening(
        pick[0](y[:, place[edges.upper]], -1), pick[1](y[:, place[edges.lower]], -1), moved[:, place[edges.corners], 0]
    )


@dataclass(frozen=True)
class Tables:
    """Per frame: columns of (rise of the upper edge, rise of the lower, upper edge, lower edge), and corners' x."""

    lips: Float[np.ndarray, "t columns 4"]
    lip_corners: Float[np.ndarray, "t 2"]
    lids: Float[np.ndarray, "t 2 columns 4"]
    lid_corners: Float[np.ndarray, "t 2 2"]
    lip_gap: Float[np.ndarray, "t"]  # decimetres, where heads measure theirs
    lid_heights: Float[np.ndarray, "t 2"]  # of the upper lids' middles


class Slits:
    """The openings of one sheet."""

    def __init__(self, sheet: Sheet, person: Person, own: Float[np.ndarray, "52"]) -> None:
        """`own`: the photograph's weights, at which the sheet stands."""
        self._own = own.astype(np.float64)
        self._points = np.zeros((len(load_asset().points), 3))
        known = sheet.place >= 0
        self._points[known] = sheet.points[sheet.place[known]]
        self._person = person
        self._edges = opening_edges()
        still = np.zeros((1, 52))
        self._seam = _opening(self._edges[0], person.points, still, True).gap  # as measured of lips that touch
        self._model = self._model_gap(self._own[None])[0]
        photographed = (_opening(self._edges[0], self._points, still, True).gap - self._seam)[0]
        self._photo = np.where(photographed < TOUCHING, np.minimum(photographed, 0), photographed)
        self.lid_edges = [_opening(edges, self._points, still, False) for edges in self._edges[1:]]
        self.lip_edges = _opening(self._edges[0], self._points, still, True)

    def _model_gap(self, weights: Weights) -> Rows:
        """The gap of the fitted head, 0 where its lips touch at rest."""
        return _opening(self._edges[0], self._person.points, weights, True).gap - self._seam

    def wanted(self, weights: Weights) -> Rows:
        """The gap between the lips of every frame and column; negative where they are pressed together."""
        model = self._model_gap(weights)
        open_here = max(float(self._model.mean()), float(self._photo.mean()), 0.02)
        share = np.clip(model.mean(1, keepdims=True) / open_here, 0, 1)
        asked = np.where(model < SHUT, PRESSED, np.maximum(model + share * (self._photo - self._model), PRESSED))
        away = np.abs(weights - self._own)[:, MOUTH].max(1, keepdims=True)
        return self._photo + smooth(0.0, STARTED, away) * (asked - self._photo)

    def opening(self, weights: Weights) -> Float[np.ndarray, "t"]:
        """The slit's height, decimetres: mean of the middle and a place on either side."""
        across = self._edges[0].across
        spots = [np.interp((-BESIDE, 0.0, BESIDE), across, row) for row in np.maximum(self.wanted(weights), 0)]
        return np.mean(spots, 1)

    def mouth(self, weights: Weights) -> Float[np.ndarray, "t 3"]:
        """The middle between the lips, head space."""
        rims = np.concatenate([self._edges[0].upper.ravel(), self._edges[0].lower.ravel()])
        moved = np.einsum("ts,sx->tx", weights - self._own, load_asset().action[:, rims].mean(1))
        return self._points[rims].mean(0) + moved

    def tables(self, weights: Weights) -> Tables:
        moved = weights - self._own
        linear = moved.copy()
        linear[:, BLINKS] = 0
        lips = _opening(self._edges[0], self._points, moved, True)
        miss = (self.wanted(weights) - (lips.gap - self._seam)) / 2
        lip_rows = np.stack([miss, -miss, lips.upper, lips.lower], -1)
        lid_rows, corners, heights = [], [], []
        for edges, blink in zip(self._edges[1:], BLINKS, strict=True):
            lids = _opening(edges, self._points, linear, False)
            shut = weights[:, blink, None]
            gap = np.maximum(lids.gap, 0) / max(1 - self._own[blink], 0.3) * (1 - shut)
            travel = lids.gap - np.where(shut > 0.97, SEALED, gap)
            lid_rows.append(np.stack([-0.93 * travel, 0.07 * travel, lids.upper, lids.lower], -1))
            corners.append(lids.corners)
            heights.append((lids.upper - 0.93 * travel)[:, COLUMNS // 2])
        return Tables(
            lip_rows, lips.corners, np.stack(lid_rows, 1), np.stack(corners, 1), self.opening(weights),
            np.stack(heights, 1),
        )  # fmt: skip
