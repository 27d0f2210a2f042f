"""Identity space of heads: principal components of random people, over the weights of the identity targets.

Does not know: photographs.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from jaxtyping import Float

from livetalk.data.heads.look import sample_look
from livetalk.data.heads.mesh import Person, load_asset

PEOPLE, MODES = 500, 50  # 50 modes hold 99.8 % of the vertices' variance


@dataclass(frozen=True)
class People:
    """Coordinates of 1 lie one standard deviation from the mean; resting heads, eyes at one place."""

    mean: Float[np.ndarray, "n 3"]
    modes: Float[np.ndarray, "m n 3"]
    eyes: Float[np.ndarray, "2 3"]  # of the mean
    identity: Float[np.ndarray, "k"]  # target weights of the mean
    identity_modes: Float[np.ndarray, "m k"]

    def identity_at(self, coordinates: Float[np.ndarray, "m"]) -> Float[np.ndarray, "k"]:
        """Target weights of a head."""
        return self.identity + coordinates @ self.identity_modes


@cache
def load_people() -> People:
    """Derived from the looks of training's first seeds: some seconds, once a process."""
    looks = [sample_look(seed) for seed in range(PEOPLE)]
    places = load_asset().identity_place
    identity = np.zeros((PEOPLE, len(places)))
    for row, look in zip(identity, looks, strict=True):
        row[[places[name] for name, _ in look.shape]] = [value for _, value in look.shape]
    people = [Person(look) for look in looks]
    points = np.stack([person.points.reshape(-1) for person in people]).astype(np.float64)
    mean = points.mean(0)
    # Of few people and many coordinates: the people's own products give the modes.
    mixes = np.linalg.eigh((points - mean) @ (points - mean).T)[1]
    mixes = mixes[:, ::-1][:, :MODES] / np.sqrt(PEOPLE)
    return People(
        mean=mean.reshape(-1, 3),
        modes=(mixes.T @ (points - mean)).reshape(MODES, -1, 3),
        eyes=np.mean([person.eyes for person in people], axis=0),
        identity=identity.mean(0),
        identity_modes=mixes.T @ (identity - identity.mean(0)),
    )
