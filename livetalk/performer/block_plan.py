"""Blocks of one avatar as values: a block to be made, a block that was made, and a stream between two blocks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from livetalk.codec.base import Carry
from livetalk.dit.model import TextKV
from livetalk.performer.kv_pool import SlotSnapshot
from livetalk.performer.rollout import RolloutState
from livetalk.performer.speech_buffer import BlockAudio


@dataclass(frozen=True)
class BlockPlan:
    """A block to be made: its place, what it hears, and the state it starts from."""

    index: int
    frames: range
    heard: BlockAudio
    past: np.ndarray  # the sound before the block
    before: RolloutState
    text: TextKV
    attempt: int = 0  # fresh noise for every attempt
    known: Float[Tensor, "1 c m h w"] | None = None  # latent frames that have been seen already
    carries: tuple[Carry | None, ...] = ()  # decoder memory before each of these
    origin: "BlockRecord | None" = None  # the block as it was made before, until it is made again
    quick: bool = False  # with half of the steps


@dataclass
class BlockRecord:
    """A block that was made: enough to make its remainder again.

    `carries`: decoder memory before each decoded latent frame, and after the last one; None where it is too large to
    be kept and is made again when it is needed (the first one always is). done: when a GPU has made the latents.
    """

    job: BlockPlan
    latents: Float[Tensor, "1 c f h w"]
    carries: list[Carry | None]
    done: torch.cuda.Event | None = None

    @property
    def known_carries(self) -> Sequence[Any]:
        return self.carries or self.job.carries


@dataclass(frozen=True)
class StreamSnapshot:
    """Snapshot of a stream, copied out of the pool, to go on elsewhere. Pending speech is not part of it."""

    seed: int
    attempt: int
    quick: bool
    index: int
    latents: int
    past: np.ndarray
    slot: SlotSnapshot
    carry: Carry
    reference: Tensor
    text: TextKV
