"""Texture: similarity of eyes, nose and mouth to the portrait's, wherever the head turns and whatever the face does.

The dense mesh of landmarks says which place of a frame shows which place of the portrait. The portrait's eyes, nose
and mouth are compared with the frame at those places by normalised correlation, after the light, which changes over
half a face and more, is taken out. Features that smear, tear or vanish lower it; turning and talking hardly do.
Knows frames and meshes; not who made them. Needs scipy.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from livetalk.evaluation.metrics.landmarks import FaceTrack, inter_ocular
from livetalk.evaluation.metrics.video import grey

LIGHT = 0.5  # inter-ocular distances: what is smoother than this is light, not texture
SHUT = 0.2  # blink of both eyes beyond the portrait's from which on lids cover them
FLAT = 1e-6  # energy below which an area shows nothing

# MediaPipe's points around each feature, and how much larger than their hull the compared area is.
FEATURES = {
    "left eye": ((130, 247, 30, 29, 27, 28, 56, 190, 243, 112, 26, 22, 23, 24, 110, 25), 1.15),
    "right eye": ((359, 467, 260, 259, 257, 258, 286, 414, 463, 341, 256, 252, 253, 254, 339, 255), 1.15),
    "nose": ((6, 129, 358, 98, 327, 2, 49, 279), 1.1),
    "mouth": ((61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146, 164), 1.6),
}  # fmt: skip
INNER_LIPS = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95)
EYES = ("left eye", "right eye")

Mesh = Float[np.ndarray, "p 2"]


@dataclass(frozen=True)
class Patch:
    """The pixels of a feature in the portrait, each in its triangle of landmarks."""

    places: Float[np.ndarray, "n 2"]  # x, y
    corners: Int[np.ndarray, "n 3"]  # landmarks
    shares: Float[np.ndarray, "n 3"]  # barycentric

    def on(self, mesh: Mesh) -> Float[np.ndarray, "n 2"]:
        """Where another mesh shows these pixels."""
        return np.einsum("nk,nkc->nc", self.shares, mesh[self.corners])


def patches(mesh: Mesh) -> dict[str, Patch]:
    """The features of a portrait by name. What is between the lips is left out: it comes and goes as people speak."""
    from scipy.spatial import Delaunay

    triangles, found = Delaunay(mesh), {}
    for name, (points, grown) in FEATURES.items():
        middle = mesh[list(points)].mean(axis=0)
        hull = middle + (mesh[list(points)] - middle) * grown
        places = _lattice(hull)
        inside = (Delaunay(hull).find_simplex(places) >= 0) & (triangles.find_simplex(places) >= 0)
        if name == "mouth":
            inside &= Delaunay(mesh[list(INNER_LIPS)]).find_simplex(places) < 0
        places = places[inside]
        place = triangles.find_simplex(places)
        to_shares = triangles.transform[place]
        first = np.einsum("nij,nj->ni", to_shares[:, :2], places - to_shares[:, 2])
        found[name] = Patch(places, triangles.simplices[place], np.c_[first, 1 - first.sum(axis=1)])
    return found


def texture(
    frames: UInt8[np.ndarray, "t h w 3"],
    meshes: Float[np.ndarray, "t p 2"],
    portrait: UInt8[np.ndarray, "h w 3"],
    mesh: Mesh,
) -> Float[np.ndarray, "t 4"]:
    """Correlation of each feature (in the order of `FEATURES`) with the portrait's; 0 where no face was found."""
    known = {name: (patch, _at(_unlit(portrait, mesh), patch.places)) for name, patch in patches(mesh).items()}
    rows = np.zeros((len(frames), len(known)))
    for row, frame, points in zip(rows, frames, meshes, strict=True):
        if np.isfinite(points).all():
            seen = _unlit(frame, points)
            row[:] = [_correlation(own, _at(seen, patch.on(points))) for patch, own in known.values()]
    return rows


def shut(track: FaceTrack, portrait: FaceTrack) -> Bool[np.ndarray, " t"]:
    """Frames in which both eyes blink, against the first frame of `portrait`: there is no iris to compare."""
    if not track.names or not portrait.found[0]:
        return np.zeros(len(track.gap), bool)
    lids = [track.names.index(name) for name in ("eyeBlinkLeft", "eyeBlinkRight")]
    grown = track.blendshapes[:, lids] - portrait.blendshapes[0, lids]
    return np.nan_to_num(grown.min(axis=1)) > SHUT


def _lattice(hull: Float[np.ndarray, "p 2"]) -> Float[np.ndarray, "n 2"]:
    low, high = np.floor(hull.min(axis=0)), np.ceil(hull.max(axis=0))
    return np.stack(np.meshgrid(np.arange(low[0], high[0] + 1), np.arange(low[1], high[1] + 1)), -1).reshape(-1, 2)


def _unlit(frame: UInt8[np.ndarray, "h w 3"], mesh: Mesh) -> Float[np.ndarray, "h w"]:
    from scipy.ndimage import gaussian_filter

    luma = grey(frame[None])[0]
    return luma - gaussian_filter(luma, LIGHT * inter_ocular(mesh), truncate=2.0)


def _at(picture: Float[np.ndarray, "h w"], places: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, " n"]:
    from scipy.ndimage import map_coordinates

    return map_coordinates(picture, [places[:, 1], places[:, 0]], order=1, mode="nearest")


def _correlation(one: Float[np.ndarray, " n"], other: Float[np.ndarray, " n"]) -> float:
    one, other = one - one.mean(), other - other.mean()
    energy = float(np.sqrt(np.square(one).sum() * np.square(other).sum()))
    return float((one * other).sum()) / energy if energy > FLAT else 0.0
