"""Selection among usable portraits: few broad smiles, and faces as unlike one another as possible.

Does not know: files.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from livetalk.data.puppets.fitted import FittedPortrait

BROAD = 0.85  # MediaPipe's smile score from which the mouth no longer closes without a trace
SHAPES = 8  # leading differences of head shape that count as looks
GRID = 4  # cells of a picture's side whose mean colours count as looks


@dataclass(frozen=True)
class Looks:
    """Features by which a viewer tells portraits apart."""

    colours: Float[np.ndarray, "c"]  # of the picture's parts
    identity: Float[np.ndarray, "k"]
    smile: float
    angles: Float[np.ndarray, "3"]


def looks_of(portrait: FittedPortrait) -> Looks:
    side = portrait.side // GRID * GRID
    cells = portrait.photograph[:side, :side].reshape(GRID, side // GRID, GRID, side // GRID, 3).mean((1, 3))
    return Looks(cells.ravel() / 255, portrait.identity, portrait.smile, portrait.angles)


def features(looks: Sequence[Looks]) -> Float[np.ndarray, "n f"]:
    """Places whose distances say how unlike portraits are: colours, shape of the head, and acting count alike."""
    identity = np.array([look.identity for look in looks])
    centred = identity - identity.mean(0)
    modes = np.linalg.svd(centred, full_matrices=False)[2][:SHAPES]
    acting = np.array([[look.smile, *(3 * look.angles)] for look in looks])
    parts = (np.array([look.colours for look in looks]), centred @ modes.T, acting)
    return np.concatenate([_levelled(part) for part in parts], axis=1)


def _levelled(part: np.ndarray) -> np.ndarray:
    """Scaled so that all parts count alike."""
    part = part - part.mean(0)
    return part / max(float(np.sqrt((part**2).sum(1).mean())), 1e-9)


def varied_order(places: Float[np.ndarray, "n f"], smiles: Float[np.ndarray, "n"], broad_share: float) -> list[int]:
    """An order whose every beginning is varied and holds no more than a share of broad smiles.

    Each next portrait is the one farthest from those already taken; it ends where only broad smiles are left over.
    """
    broad = smiles >= BROAD
    left = set(range(len(places)))
    away = np.linalg.norm(places - places.mean(0), axis=1)
    nearest = away.max() + 1 - away  # the most ordinary one first
    order: list[int] = []
    while left:
        room = broad[order].sum() + 1 <= broad_share * (len(order) + 1)
        allowed = [k for k in left if room or not broad[k]]
        if not allowed:
            break
        taken = max(allowed, key=lambda k: (nearest[k], -k))
        order.append(taken)
        left.discard(taken)
        distance = np.linalg.norm(places - places[taken], axis=1)
        nearest = distance if len(order) == 1 else np.minimum(nearest, distance)
    return order
