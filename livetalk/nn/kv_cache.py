"""Keys and values of finished blocks: identity anchors that never move, then a short rolling past (AHIS, paper 3.3).

The cache is a value: `append` returns a new one, so that training can roll out through it and serving can keep old
states. Keys are kept rotated when positions are absolute and unrotated when they are windowed; which of the two is
the caller's business. Knows tokens and frames; no model, no time step, no noise.
"""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

KeysValues = tuple[Float[Tensor, "b n k d"], Float[Tensor, "b n k d"]]


@dataclass(frozen=True)
class AnchoredCache:
    """Past keys and values of every layer, oldest first.

    `anchors` latent frames at the front are never evicted; at most `room` latent frames are kept in all, which is
    the window minus the block being denoised.
    """

    anchors: int
    room: int
    tokens_per_frame: int
    layers: tuple[KeysValues, ...] = ()

    def __post_init__(self) -> None:
        if self.room < self.anchors:
            raise ValueError(f"a window cannot hold {self.anchors} anchors in {self.room} past latent frames")

    @property
    def frames(self) -> int:
        """Latent frames kept now."""
        return self.layers[0][0].shape[1] // self.tokens_per_frame if self.layers else 0

    def append(self, new: tuple[KeysValues, ...]) -> "AnchoredCache":
        """The cache after a finished block; the oldest frames behind the anchors leave when there is no room."""
        if not self.layers:
            return replace(self, layers=tuple(self._fit(k, v) for k, v in new))
        assert len(new) == len(self.layers)
        joined = []
        for (k, v), (k_new, v_new) in zip(self.layers, new, strict=True):
            joined.append(self._fit(torch.cat([k, k_new], 1), torch.cat([v, v_new], 1)))
        return replace(self, layers=tuple(joined))

    def forget_rolling(self) -> "AnchoredCache":
        """Only the anchors: what a re-anchor keeps when the face has drifted."""
        end = self.anchors * self.tokens_per_frame
        return replace(self, layers=tuple((k[:, :end], v[:, :end]) for k, v in self.layers))

    def _fit(self, k: Tensor, v: Tensor) -> KeysValues:
        spare = k.shape[1] - self.room * self.tokens_per_frame
        if spare <= 0:
            return k, v
        start = self.anchors * self.tokens_per_frame
        return tuple(torch.cat([x[:, :start], x[:, start + spare :]], 1) for x in (k, v))  # type: ignore[return-value]
