"""Matte of a photograph: which pixels are the person. GrabCut, started from the fitted head.

Needs OpenCV, so it runs while fitting and its result is stored. Lengths are inter-ocular distances where not said.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, UInt8

from livetalk.data.puppets.correspondence import LID_RINGS, OVAL, load_correspondence

ROUNDS = 4  # of GrabCut
HAIR = 1.8  # how far from the head's mesh hair may reach
HAIR_UNCLEAR = 1.1  # the same before a background that is not plain, of which GrabCut takes too much
CLOSE = 0.35  # what lies this near to the mesh is probably the person, whatever its colour
SHOULDERS = 1.0  # the same below the chin, where clothes are
BREAST = 0.5  # half width of the strip below the chin that is surely the person
COLLAR = 1.2  # the same of what must be person for a matte to be believed
PLAIN = 6.0  # units of CIELAB that nine tenths of a plain background lie within of a smooth surface
EDGE_RADIUS, EDGE_EPSILON = 4, 2e-4  # of the guided filter that draws strands of hair: pixels of half size; variance
CHIN, FOREHEAD, NOSE = 152, 10, 1  # landmarks


@dataclass(frozen=True)
class Matte:
    alpha: UInt8[np.ndarray, "side side"]
    trusted: bool  # whether the person was told from the background; if not, alpha is 255 everywhere


@dataclass(frozen=True)
class _Scene:
    """A photograph at half size, and where its parts are expected."""

    picture: UInt8[np.ndarray, "h h 3"]
    head: Bool[np.ndarray, "h h"]  # the mesh's silhouette
    away: Float[np.ndarray, "h h"]  # distance from it
    face: Bool[np.ndarray, "h h"]  # inside MediaPipe's oval
    above: Bool[np.ndarray, "h h"]  # above the chin
    breast: Bool[np.ndarray, "h h"]
    collar: Bool[np.ndarray, "h h"]  # below the chin, not wider than shoulders are
    middle: float  # of the face, from the left, pixels
    hairline: float  # height of the forehead's top, pixels
    unit: float  # pixels an inter-ocular distance


@dataclass(frozen=True)
class _Backdrop:
    """What a smooth colour surface says of the background."""

    plain: bool  # whether it explains the background at all
    unlike: Bool[np.ndarray, "h h"]  # pixels that it does not explain


def matte_of(
    photograph: UInt8[np.ndarray, "side side 3"],
    landmarks: Float[np.ndarray, "478 2"],
    silhouette: Float[np.ndarray, "n 2"],
) -> Matte:
    """landmarks and silhouette (the fitted head's vertices) are places in the photograph."""
    import cv2

    scene = _scene(photograph, landmarks, silhouette)
    backdrop = _backdrop(scene)
    labels = _expected(scene, backdrop)
    if not (labels == cv2.GC_FGD).any() or not np.isin(labels, (cv2.GC_BGD, cv2.GC_PR_BGD)).any():
        return _unknown(len(photograph))
    cv2.setRNGSeed(1)
    bgr = np.ascontiguousarray(scene.picture[..., ::-1])
    try:
        cv2.grabCut(bgr, labels, (0, 0, 0, 0), np.zeros((1, 65)), np.zeros((1, 65)), ROUNDS, cv2.GC_INIT_WITH_MASK)
    except cv2.error:  # too few colours on one side
        return _unknown(len(photograph))
    person = _tidied(np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD)), landmarks[NOSE] * len(scene.picture))
    if not _plausible(person, scene, backdrop):
        return _unknown(len(photograph))
    soft = _soft_edges(person, scene.picture)
    full = cv2.resize(soft, photograph.shape[:2], interpolation=cv2.INTER_CUBIC)
    return Matte((full.clip(0, 1) * 255).round().astype(np.uint8), True)


def _unknown(side: int) -> Matte:
    return Matte(np.full((side, side), 255, np.uint8), False)


def _scene(photograph: np.ndarray, landmarks: np.ndarray, silhouette: np.ndarray) -> _Scene:
    import cv2

    half = len(photograph) // 2
    places = landmarks * half
    eyes = [places[list(ring)].mean(0) for ring in LID_RINGS]
    unit = float(np.linalg.norm(eyes[0] - eyes[1]))
    head, face = np.zeros((half, half), np.uint8), np.zeros((half, half), np.uint8)
    for triangle in np.round(silhouette[load_correspondence().skin] * half).astype(np.int32):
        cv2.fillConvexPoly(head, triangle, 1)
    cv2.fillConvexPoly(face, cv2.convexHull(np.round(places[list(OVAL)]).astype(np.int32)), 1)
    head |= face
    rows, columns = np.mgrid[:half, :half]
    above = rows < places[CHIN, 1]
    return _Scene(
        picture=cv2.resize(photograph, (half, half), interpolation=cv2.INTER_AREA),
        head=head > 0,
        away=cv2.distanceTransform(1 - head, cv2.DIST_L2, 5) / unit,
        face=face > 0,
        above=above,
        breast=~above & (np.abs(columns - places[CHIN, 0]) < BREAST * unit),
        collar=~above & (np.abs(columns - places[CHIN, 0]) < COLLAR * unit),
        middle=float(places[NOSE, 0]),
        hairline=float(places[FOREHEAD, 1]),
        unit=unit,
    )


def _expected(scene: _Scene, backdrop: _Backdrop) -> UInt8[np.ndarray, "h h"]:
    """GrabCut's first guess: sure and probable person, sure and probable background."""
    import cv2

    rows = np.arange(len(scene.picture))[:, None]
    hair = HAIR if backdrop.plain else HAIR_UNCLEAR
    labels = np.full(scene.head.shape, cv2.GC_PR_BGD, np.uint8)
    labels[scene.away < CLOSE] = cv2.GC_PR_FGD
    labels[~scene.above & (scene.away < SHOULDERS)] = cv2.GC_PR_FGD
    if backdrop.plain:
        labels[backdrop.unlike & (scene.away < hair)] = cv2.GC_PR_FGD
        labels[~backdrop.unlike & ((scene.above & (scene.away > 0.05)) | ~scene.above)] = cv2.GC_PR_BGD
    labels[scene.above & (scene.away > hair + 0.4)] = cv2.GC_BGD
    labels[(rows < scene.hairline) & (scene.away > hair - 0.2)] = cv2.GC_BGD
    labels[scene.face | scene.breast] = cv2.GC_FGD
    return labels


def _backdrop(scene: _Scene) -> _Backdrop:
    """Fits a smooth colour surface to what is surely background."""
    import cv2

    sure = (scene.away > HAIR - 0.3) & scene.above
    if sure.sum() < 0.02 * sure.size:
        return _Backdrop(False, np.zeros(sure.shape, bool))
    rows, columns = (axis / len(scene.picture) for axis in np.mgrid[: len(sure), : len(sure)])
    colours = cv2.cvtColor(scene.picture, cv2.COLOR_RGB2LAB).astype(np.float64)
    basis = _quadratic(rows, columns)
    terms, kept = np.zeros((basis.shape[-1], 3)), sure
    off, spread = np.zeros(sure.shape), 0.0
    for _ in range(3):  # anew without what did not fit: flags, books, frames of pictures
        terms = np.linalg.lstsq(basis[kept], colours[kept], rcond=None)[0]
        off = _distance(colours, basis @ terms)
        spread = float(np.median(off[sure]))
        kept = sure & (off < max(2.5 * spread, 6))
    far = 4 * spread + 8
    plain = bool(np.percentile(off[sure], 90) < PLAIN)
    # Below the chin the surface is a guess: it stays as it is at the chin.
    off = _distance(colours, _quadratic(np.minimum(rows, rows[scene.above].max()), columns) @ terms)
    unlike = (off > far).astype(np.uint8)
    return _Backdrop(plain, cv2.morphologyEx(unlike, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) > 0)


def _quadratic(rows: np.ndarray, columns: np.ndarray) -> Float[np.ndarray, "h h 6"]:
    return np.stack([np.ones_like(rows), rows, columns, rows**2, columns**2, rows * columns], -1)


def _distance(colours: np.ndarray, others: np.ndarray) -> Float[np.ndarray, "h h"]:
    """Of colours in CIELAB; lightness counts less, because shadows change it."""
    return np.linalg.norm((colours - others) * (0.7, 1, 1), axis=-1)


def _tidied(person: Bool[np.ndarray, "h h"], nose: Float[np.ndarray, "2"]) -> Bool[np.ndarray, "h h"]:
    """One piece, that of the face, without specks, slits and small holes."""
    import cv2

    small, wide = (cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)) for size in (3, 5))
    mask = cv2.morphologyEx(person.astype(np.uint8), cv2.MORPH_OPEN, small)
    mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, wide)
    pieces = np.asarray(cv2.connectedComponents(mask)[1])
    column, row = np.clip(nose.astype(int), 0, len(mask) - 1)
    person = pieces == pieces[row, column]
    holes = np.asarray(cv2.connectedComponents((~person).astype(np.uint8))[1])
    outside = np.unique(np.concatenate([holes[0], holes[:, 0], holes[:, -1], holes[-1]]))
    sizes = np.bincount(holes.ravel())
    filled = [k for k in range(1, len(sizes)) if k not in outside and sizes[k] < 0.02 * mask.size]
    return person | np.isin(holes, filled)


def _plausible(person: Bool[np.ndarray, "h h"], scene: _Scene, backdrop: _Backdrop) -> bool:
    """Whether a matte covers head and clothes, and little else; before a cluttered background, little but the head."""

    def share(where: np.ndarray, of: np.ndarray = person) -> float:
        return float(of[where].mean()) if where.any() else 0.0

    above, away = scene.above, scene.away
    head, body = scene.head & above, scene.head & scene.collar
    covered = share(head) > 0.94 and share(above & (away > 0.02) & (away < 0.1)) > 0.2
    clothed = not body.any() or share(body) > 0.7  # clothes of the background's colour are lost
    # What belongs to the background hangs on one side of the head; hair does so less.
    beside, left = above & (away > CLOSE) & (away < HAIR_UNCLEAR), np.arange(len(person))[None] < scene.middle
    sides = share(beside & left), share(beside & ~left)
    uneven = abs(sides[0] - sides[1])
    if backdrop.plain:
        return covered and clothed and uneven < 0.45 and share(above & (away > HAIR - 0.2)) < 0.12
    lost = share(above & (away > 0.05) & (away < 0.5), backdrop.unlike & ~person)  # hair that was not found
    strayed = share(above & (away > HAIR_UNCLEAR - 0.5))
    return covered and clothed and uneven < 0.25 and max(sides) < 0.45 and lost < 0.15 and strayed < 0.05


def _soft_edges(person: Bool[np.ndarray, "h h"], picture: UInt8[np.ndarray, "h h 3"]) -> Float[np.ndarray, "h h"]:
    """Guided filter: opacity as a local linear function of the picture's luminance, so that hair frays."""
    import cv2

    guide = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    hard = cv2.GaussianBlur(person.astype(np.float32), (0, 0), 0.8)

    def mean(field: np.ndarray) -> np.ndarray:
        return cv2.blur(field, (2 * EDGE_RADIUS + 1,) * 2)

    middle, level = mean(guide), mean(hard)
    slope = (mean(guide * hard) - middle * level) / (mean(guide * guide) - middle * middle + EDGE_EPSILON)
    soft = mean(slope) * guide + mean(level - slope * middle)
    deep = mean(person.astype(np.float32))
    soft = np.where((deep > 0.02) & (deep < 0.98), soft, person)
    return np.clip((soft - 0.12) / 0.7, 0, 1).astype(np.float32)
