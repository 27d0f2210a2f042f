"""More drawings for training: watercolour, hatching, dots, gouache, facets, brushes, charcoal, cels. Needs OpenCV.

Each is made of another idea than those in `drawings.py`, so that the network learns what drawings have in common.
"""

from collections.abc import Callable

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from livetalk.recipes.input_checks.painting import Random

Picture = UInt8[np.ndarray, "h w 3"]
PAPER, INK = (215, 256), (0, 80)  # brightness


def _watercolour(picture: Picture, rng: Random) -> np.ndarray:
    """Washes that are darker along their borders, on paper that shows through."""
    wash: np.ndarray = picture
    for _ in range(int(rng.integers(2, 5))):
        wash = cv2.bilateralFilter(wash, 9, rng.uniform(25, 60), 6)
    steps = int(rng.integers(5, 11))
    bright: np.ndarray = wash.mean(2) + _clouds(rng, picture, 12) * rng.uniform(4, 14)
    washes = np.floor(bright / 255 * steps).astype(np.float32)
    border = np.abs(cv2.GaussianBlur(washes, (0, 0), 1.2) - washes)[..., None]
    paper = 1 + _clouds(rng, picture, 2)[..., None] * rng.uniform(0.02, 0.07)
    pale = rng.uniform(0.5, 0.95)
    return (255 - (255 - wash.astype(float)) * pale) * (1 - 0.35 * np.clip(border, 0, 1)) * paper


def _hatched(picture: Picture, rng: Random) -> np.ndarray:
    """Rows of lines, crossed where it is darker; engraved where the lines grow broad."""
    grey = cv2.GaussianBlur(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), (0, 0), rng.uniform(0.6, 1.6)) / 255.0
    grey = np.clip((grey - 0.1) * rng.uniform(1.0, 1.5), 0, 1)
    y, x = np.mgrid[: grey.shape[0], : grey.shape[1]]
    ink, angle, step = np.zeros_like(grey), rng.uniform(0, np.pi), rng.uniform(2.5, 6)
    wave = _clouds(rng, picture, 16) * rng.uniform(0, 1.5)
    for row, least in enumerate((0.85, 0.6, 0.35)[: int(rng.integers(1, 4))]):
        turned = angle + row * rng.uniform(0.6, 1.4)
        lines = 0.5 + 0.5 * np.sin((np.cos(turned) * x + np.sin(turned) * y + wave) * 2 * np.pi / step)
        ink = np.maximum(ink, np.clip((lines - 1 + (least - grey) * 1.2) * 4, 0, 1))
    return _on_paper(ink, rng)


def _dotted(picture: Picture, rng: Random) -> np.ndarray:
    """Dots of a printed grid, larger where it is darker, in ink or in colours."""
    step, angle = rng.uniform(3, 6), rng.uniform(0, np.pi)
    y, x = np.mgrid[: picture.shape[0], : picture.shape[1]]
    smooth = cv2.GaussianBlur(picture, (0, 0), step / 3) / 255.0
    sheets = smooth if rng.random() < 0.5 else smooth.mean(2, keepdims=True)
    inks: list[np.ndarray] = []
    for sheet in np.moveaxis(sheets, 2, 0):
        angle += 0.5
        across, down = np.cos(angle) * x + np.sin(angle) * y, np.cos(angle) * y - np.sin(angle) * x
        grid = 0.5 + 0.25 * (np.cos(across * 2 * np.pi / step) + np.cos(down * 2 * np.pi / step))
        inks.append(np.clip((grid - sheet) * 4 + 0.5, 0, 1))
    if len(inks) == 1:
        return _on_paper(inks[0], rng)
    return 255 - np.stack(inks, 2) * rng.uniform(170, 250)


def _gouache(picture: Picture, rng: Random) -> np.ndarray:
    """Blots of even paint: what is smaller than the brush is opened, then closed, or the other way round."""
    brushes = [int(side) for side in np.sort(rng.integers(3, 8, int(rng.integers(1, 3))))]
    order = [cv2.MORPH_OPEN, cv2.MORPH_CLOSE]
    if rng.random() < 0.5:
        order.reverse()
    painted: np.ndarray = picture
    for side in brushes:
        shape = cv2.getStructuringElement(int(rng.choice((cv2.MORPH_ELLIPSE, cv2.MORPH_RECT))), (side + 1, side + 1))
        for step in order:
            painted = cv2.morphologyEx(painted, step, shape)
    return _livelier(painted, rng.uniform(1, 1.4))


def _facets(picture: Picture, rng: Random) -> np.ndarray:
    """Cells of one colour each, smaller where there is more to see; mosaics have joints."""
    height, width = (int(length) for length in picture.shape[:2])
    grey = cv2.GaussianBlur(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), (0, 0), 1.5)
    edges = np.abs(cv2.Laplacian(grey, cv2.CV_32F)) + rng.uniform(0.3, 3)
    share = (edges / edges.sum()).ravel()
    seeds = np.ones(height * width, np.uint8)
    seeds[rng.choice(len(share), int(height * width * rng.uniform(0.012, 0.05)), replace=False, p=share)] = 0
    _, labels = cv2.distanceTransformWithLabels(
        seeds.reshape(height, width), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    cells = np.asarray(labels, np.int64).ravel()
    count = np.maximum(np.bincount(cells), 1)
    colours = [np.bincount(cells, picture[..., c].ravel()) / count for c in range(3)]
    flat = np.stack(colours, 1)[cells].reshape(picture.shape)
    if rng.random() < 0.35:
        joint = (labels != np.roll(labels, 1, 0)) | (labels != np.roll(labels, 1, 1))
        flat = flat * (1 - rng.uniform(0.2, 0.9) * joint[..., None])
    return flat


def _brushed(picture: Picture, rng: Random) -> np.ndarray:
    """Paint drawn out along the edges of things: colours and a brush's bristles, averaged along the lines of flow."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    across, down = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    radius = rng.uniform(2, 5)
    xx, yy, xy = (cv2.GaussianBlur(v, (0, 0), radius) for v in (across * across, down * down, across * down))
    angle = 0.5 * np.arctan2(2 * xy, xx - yy) + np.pi / 2
    dx, dy = np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)
    bristles = rng.normal(0, rng.uniform(18, 45), (*grey.shape, 1)).astype(np.float32)
    painted = cv2.medianBlur(picture, int(rng.choice((3, 5)))).astype(np.float32) + bristles
    y, x = np.mgrid[: grey.shape[0], : grey.shape[1]].astype(np.float32)
    reach = int(rng.integers(3, 8))
    lines = [
        cv2.remap(painted, x + step * dx, y + step * dy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        for step in range(-reach, reach + 1)
    ]
    mean: np.ndarray = np.mean(lines, axis=0)
    return mean + rng.uniform(0, 0.8) * (mean - cv2.GaussianBlur(mean, (0, 0), 2))


def _charcoal(picture: Picture, rng: Random) -> np.ndarray:
    """Soft dark strokes along edges and in shadows, on rough paper."""
    grey = cv2.GaussianBlur(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32), (0, 0), rng.uniform(0.8, 2))
    edge = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))
    shadow = np.clip((rng.uniform(90, 170) - grey) / 90, 0, 1) * rng.uniform(0.3, 0.9)
    ink = np.clip(edge / rng.uniform(40, 120), 0, 1) + shadow
    rough = 1 + rng.normal(0, rng.uniform(0.1, 0.35), picture.shape[:2])
    return _on_paper(np.clip(ink * rough, 0, 1), rng)


def _cel(picture: Picture, rng: Random) -> np.ndarray:
    """Few shades of each hue with contours of one width, as in animated films."""
    smooth: np.ndarray = picture
    for _ in range(3):
        smooth = cv2.bilateralFilter(smooth, 9, rng.uniform(20, 50), 5)
    lab = cv2.cvtColor(smooth, cv2.COLOR_RGB2LAB).astype(np.float32)
    shades, hue = rng.uniform(28, 70), rng.uniform(6, 20)
    soft = rng.uniform(0, 0.3)
    steps = np.array([shades, hue, hue], np.float32)
    lab = soft * lab + (1 - soft) * (np.floor(lab / steps) + 0.5) * steps
    flat = cv2.cvtColor(np.clip(lab, 0, 255).astype(np.uint8), cv2.COLOR_LAB2RGB)
    if rng.random() < 0.75:
        grey = cv2.GaussianBlur(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32), (0, 0), 1.3)
        line = np.clip(cv2.Laplacian(grey, cv2.CV_32F, ksize=5) / rng.uniform(40, 120), 0, 1)[..., None]
        flat = flat * (1 - line * rng.uniform(0.5, 1))
    return _livelier(flat, rng.uniform(1, 1.5))


def grained_like_paper(drawn: np.ndarray, rng: Random) -> np.ndarray:
    """The grain of paper or canvas, finer or coarser, longer one way or the other."""
    noise = rng.normal(0, 1, drawn.shape[:2]).astype(np.float32)
    noise = cv2.GaussianBlur(noise, (0, 0), sigmaX=rng.uniform(0.4, 2.5), sigmaY=rng.uniform(0.4, 2.5))
    return drawn + (noise / noise.std() * rng.uniform(2, 9))[..., None]


def _on_paper(ink: Float[np.ndarray, "h w"], rng: Random) -> np.ndarray:
    """Ink of a tone, 0 to 1, on paper of another."""
    paper, dark = rng.uniform(*PAPER), rng.uniform(*INK)
    tone, pen = np.array([1, rng.uniform(0.94, 1), rng.uniform(0.85, 1)]), rng.uniform(0.6, 1, 3)
    return paper * tone * (1 - ink[..., None]) + dark * pen * ink[..., None]


def _clouds(rng: Random, picture: np.ndarray, size: float) -> Float[np.ndarray, "h w"]:
    """Smooth noise of standard deviation 1."""
    noise = cv2.GaussianBlur(rng.normal(0, 1, picture.shape[:2]).astype(np.float32), (0, 0), size)
    return noise / noise.std()


def _livelier(picture: np.ndarray, share: float) -> np.ndarray:
    grey = picture.mean(2, keepdims=True)
    return grey + (picture - grey) * share


HANDWORK: tuple[Callable[[Picture, Random], np.ndarray], ...] = (
    _watercolour,
    _hatched,
    _dotted,
    _gouache,
    _gouache,
    _facets,
    _brushed,
    _brushed,
    _charcoal,
    _cel,
)
