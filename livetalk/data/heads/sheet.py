"""Single portraits and sheets of many looks, for people to judge. Knows the renderer; writes no files."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from livetalk.data.arkit import INDEX
from livetalk.data.heads.look import Look, sample_look
from livetalk.data.heads.renderer import HeadRenderer

Image = UInt8[np.ndarray, "h w 3"]

# Faces a sheet shows side by side: shape weights by name, and a pose.
EXPRESSIONS: tuple[tuple[dict[str, float], tuple[float, ...]], ...] = (
    ({}, (0, 0, 0, 0, 0, 0)),
    ({"jawOpen": 0.6, "mouthLowerDownLeft": 0.3, "mouthLowerDownRight": 0.3}, (0.25, 0.0, 0.03, 0, 0, 0)),
    ({"mouthSmileLeft": 0.6, "mouthSmileRight": 0.6, "jawOpen": 0.12, "mouthUpperUpLeft": 0.35,
      "mouthUpperUpRight": 0.35, "mouthLowerDownLeft": 0.3, "mouthLowerDownRight": 0.3, "cheekSquintLeft": 0.3,
      "cheekSquintRight": 0.3}, (-0.3, 0.06, -0.05, 0, 0, 0)),
    ({"jawOpen": 0.25, "mouthFunnel": 0.6, "mouthPucker": 0.4, "browInnerUp": 0.5, "eyeLookOutLeft": 0.7,
      "eyeLookInRight": 0.7}, (0.0, -0.12, 0.0, 0, 0, 0)),
    ({"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0, "mouthPressLeft": 0.5, "mouthPressRight": 0.5},
     (0.12, 0.1, 0.08, 0, 0, 0)),
)  # fmt: skip


def posed(expression: dict[str, float]) -> np.ndarray:
    """A row of weights from names."""
    row = np.zeros(52, np.float32)
    for name, value in expression.items():
        row[INDEX[name]] = value
    return row


def portrait(seed: int, size: int = 256, assets: Path | None = None) -> Image:
    """One resting face, looking at the camera."""
    renderer = HeadRenderer(size, assets=assets)
    try:
        renderer.dress(sample_look(seed))
        return renderer.render(np.zeros((1, 52), np.float32), np.zeros((1, 6), np.float32))[0]
    finally:
        renderer.close()


def contact_sheet(
    looks: Sequence[Look | int], size: int = 256, columns: int = 6, expressions: int = 1, assets: Path | None = None
) -> Image:
    """A grid of looks (or of seeds), each shown in the first `expressions` of `EXPRESSIONS`, row by row."""
    if not looks:
        raise ValueError("a sheet needs at least one look")
    chosen = EXPRESSIONS[:expressions]
    weights = np.stack([posed(e) for e, _ in chosen])
    pose = np.array([p for _, p in chosen], np.float32)
    renderer = HeadRenderer(size, assets=assets)
    try:
        tiles = []
        for look in looks:
            renderer.dress(look if isinstance(look, Look) else sample_look(look))
            tiles.extend(renderer.render(weights, pose))
    finally:
        renderer.close()
    tiles += [np.full_like(tiles[0], 255)] * (-len(tiles) % columns)
    rows = [np.concatenate(tiles[k : k + columns], 1) for k in range(0, len(tiles), columns)]
    return np.concatenate(rows, 0)


def sheet(
    seeds: Sequence[int], size: int = 256, columns: int = 6, expressions: int = 1, assets: Path | None = None
) -> Image:
    """`contact_sheet` of seeds."""
    return contact_sheet(list(seeds), size, columns, expressions, assets)
