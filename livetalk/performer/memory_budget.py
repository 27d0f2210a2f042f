"""Memory estimate of the full preset: GPU memory and how many live sessions fit, before anything is loaded.

Weights and sessions are counted from the very shapes that are allocated (on a device without memory); what the
kernels need while they run is a measured-once allowance, on the safe side. Knows presets and bytes; no device.
"""

from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from livetalk.codec.taehv import LightDecoder, LightWan
from livetalk.codec.wan import WanCodec, WanConfig
from livetalk.dit.model import DiT
from livetalk.performer.kv_pool import PoolShape
from livetalk.presets import FULL, Preset

CARDS = (16, 24, 48, 80)  # GB, as cards are sold
USABLE = 0.94  # of a card: the rest is the driver's
WORKING = 2.5e9  # bytes that one block's kernels, their workspaces and the context need at 512x512
NUMBER = 2  # bytes of a bfloat16
SPEECH_NUMBER = 4  # the speech encoder's are float32
CARRIES = 3  # decoder memories held of a session: of its two newest blocks, and now


@dataclass(frozen=True)
class MemoryNeeds:
    """Bytes: of weights and work, once; and of every live session."""

    once: float
    session: float

    def sessions(self, memory: float) -> int:
        """Live sessions that a card of `memory` bytes holds; 0: not one. (Whether it is fast enough is not said.)"""
        return max(0, int((USABLE * memory - self.once) / self.session))


@cache
def memory_needs(preset: Preset = FULL, fast: bool = False) -> MemoryNeeds:
    """Memory of a full preset in bfloat16; the text encoder is elsewhere by then. fast: with the light decoder."""
    assert isinstance(preset.codec, WanConfig)
    assert preset.speech is not None
    g, size = preset.geometry, preset.speech
    with torch.device("meta"), torch.inference_mode():
        networks: list[torch.nn.Module] = [DiT(preset.dit)]
        codec: WanCodec | LightWan = WanCodec(preset.codec)
        if fast:
            codec = LightWan(codec, LightDecoder())
        networks.append(codec)
        latents = torch.empty(1, g.latent_channels, g.block_latents, g.latent_size, g.latent_size)
        carry = codec.step(latents, codec.start(1, torch.device("meta"), torch.float32))[1]
    weights = NUMBER * sum(p.numel() for network in networks for p in network.parameters())
    hearing = SPEECH_NUMBER * size.layers * (4 * size.width**2 + 2 * size.width * size.ffn)  # its transformer: the most
    pages = PoolShape.of(preset.dit, g)
    block = 2 * NUMBER * pages.layers * pages.block_tokens * preset.dit.dim  # keys and values
    held = NUMBER * sum(t.numel() for t in pytree.tree_leaves(carry) if isinstance(t, Tensor))
    session = block * (pages.pages + pages.past_blocks + 1) + CARRIES * held
    return MemoryNeeds(weights + hearing + WORKING, session)


def describe_capacity(memory: float | None) -> str:
    """In words: what a card of `memory` bytes holds, or what the usual ones do."""
    exact, fast = memory_needs(), memory_needs(fast=True)
    if memory is not None:
        return f"{memory / 1e9:.0f} GB hold {_sessions(exact, memory)} exact, {_sessions(fast, memory)} fast"
    first = (exact.once + exact.session) / 1e9
    held = "; ".join(
        f"{card} GB: {exact.sessions(card * 1e9)} exact, {fast.sessions(card * 1e9)} fast" for card in CARDS
    )
    return f"a live session takes {first:.0f} GB of a GPU; sessions that fit: {held}"


def _sessions(needed: MemoryNeeds, memory: float) -> str:
    count = needed.sessions(memory)
    return f"{count or 'no'} live session{'s' * (count != 1)}"
