"""Keys and values of finished blocks: identity anchors that never move, then a short rolling past (AHIS, paper 3.3).

The cache is a value: `append` returns a new one, so that training can roll out through it and serving can keep old
states. Keys are kept rotated when positions are absolute and unrotated when they are windowed; which of the two is
the caller's business. Knows tokens and frames; no model, no time step, no noise.
"""

from dataclasses import dataclass, replace
from typing import Protocol, Self

import torch
from jaxtyping import Float
from torch import Tensor

from livetalk.nn.kernels.fp8 import to_fp8
from livetalk.nn.rope import RotaryEmbedding, apply_rotary

KeysValues = tuple[Float[Tensor, "b n k d"], Float[Tensor, "b n k d"]]


@dataclass(frozen=True)
class KVBuffer:
    """Past keys (rotated) and values at the front of fixed buffers, with room for a block's own behind them.

    Only for serving: every step of a block overwrites what the step before wrote. Buffers may be of 8 bits.
    """

    keys: Float[Tensor, "b m k d"]
    values: Float[Tensor, "b m k d"]
    filled: int  # tokens of the past

    def extend(self, key: Float[Tensor, "b n k d"], value: Float[Tensor, "b n k d"]) -> KeysValues:
        """All keys and values, the given ones put behind the past."""
        end = self.filled + key.shape[1]
        self.keys[:, self.filled : end].copy_(to_fp8(key, self.keys.dtype))
        self.values[:, self.filled : end].copy_(to_fp8(value, self.values.dtype))
        return self.keys[:, :end], self.values[:, :end]


KVContext = KeysValues | KVBuffer


def joined(past: KVContext | None, key: Tensor, value: Tensor) -> KeysValues:
    """A block's own keys and values behind those of its past."""
    if past is None:
        return key, value
    if isinstance(past, KVBuffer):
        return past.extend(key, value)
    return torch.cat([past[0], key], 1), torch.cat([past[1], value], 1)


class Cache(Protocol):
    """Key-value cache, as the block loop needs it: a value, so that an old state can be gone back to."""

    @property
    def frames(self) -> int:
        """Latent frames kept now."""
        ...

    def past(self, turn: RotaryEmbedding | None) -> tuple[KVContext, ...] | None:
        """Keys and values of every layer, keys rotated by `turn` (None: they are kept rotated); None if empty."""
        ...

    def append(self, new: tuple[KeysValues, ...]) -> Self:
        """The memory after a finished block."""
        ...


@dataclass(frozen=True)
class AnchoredCache:
    """Past keys and values of every layer, oldest first.

    `anchors` latent frames at the front are never evicted; at most `room` latent frames are kept in all, which is
    the window minus the block being denoised.
    """

    anchors: int
    max_past_frames: int
    tokens_per_frame: int
    layers: tuple[KeysValues, ...] = ()

    def __post_init__(self) -> None:
        if self.max_past_frames < self.anchors:
            raise ValueError(
                f"a window cannot hold {self.anchors} anchors in {self.max_past_frames} past latent frames"
            )

    @property
    def frames(self) -> int:
        """Latent frames kept now."""
        return self.layers[0][0].shape[1] // self.tokens_per_frame if self.layers else 0

    def past(self, turn: RotaryEmbedding | None) -> tuple[KVContext, ...] | None:
        """See `Cache`."""
        if not self.layers:
            return None
        return self.layers if turn is None else tuple((apply_rotary(k, turn), v) for k, v in self.layers)

    def append(self, new: tuple[KeysValues, ...]) -> "AnchoredCache":
        """The cache after a finished block; the oldest frames behind the anchors leave when there is no room."""
        if not self.layers:
            return replace(self, layers=tuple(self._fit(k, v) for k, v in new))
        assert len(new) == len(self.layers)
        joined = []
        for (k, v), (k_new, v_new) in zip(self.layers, new, strict=True):
            joined.append(self._fit(torch.cat([k, k_new], 1), torch.cat([v, v_new], 1)))
        return replace(self, layers=tuple(joined))

    def _fit(self, k: Tensor, v: Tensor) -> KeysValues:
        spare = k.shape[1] - self.max_past_frames * self.tokens_per_frame
        if spare <= 0:
            return k, v
        start = self.anchors * self.tokens_per_frame
        return tuple(torch.cat([x[:, :start], x[:, start + spare :]], 1) for x in (k, v))  # type: ignore[return-value]
