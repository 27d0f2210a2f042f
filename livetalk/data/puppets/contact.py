"""Sheets of many puppets, for people to judge: the photograph first, then faces it makes. Writes no files."""

import numpy as np
from jaxtyping import UInt8

from livetalk.data.heads.sheet import EXPRESSIONS, posed
from livetalk.data.puppets.acting import BOUND
from livetalk.data.puppets.portraits import Portraits
from livetalk.data.puppets.renderer import PuppetRenderer
from livetalk.data.puppets.variation import Dressed, sample_variation

_STREAM = 0x5EE7


def contact_sheet(
    portraits: Portraits, rows: range, size: int = 256, expressions: int = 5, varied: bool = False
) -> UInt8[np.ndarray, "h w 3"]:
    """A row a portrait: as photographed, then in the first `expressions` of `heads.sheet.EXPRESSIONS`."""
    chosen = EXPRESSIONS[:expressions]
    turns = BOUND * np.tanh(np.array([pose for _, pose in chosen]) / BOUND)
    renderer = PuppetRenderer(size)
    lines = []
    try:
        for row in rows:
            portrait = portraits[row % len(portraits)]
            if varied:
                renderer.dress(
                    Dressed(portrait, sample_variation(np.random.default_rng((_STREAM, row)), portrait.matted))
                )
            else:
                renderer.dress(portrait)
            weights, pose = renderer.own()
            faces = np.stack([weights, *(posed(face) for face, _ in chosen)])
            lines.append(np.concatenate(list(renderer.render(faces, pose + np.vstack([np.zeros(6), turns]))), 1))
    finally:
        renderer.close()
    return np.concatenate(lines)
