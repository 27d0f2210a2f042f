"""Codec protocol: pixels to latents, latents to pixels, and decoding a stream piece by piece.

Knows neither networks nor weights. Pixels are [b 3 t h w] in [-1, 1]; latents are [b c f h w], normalised to
about zero mean and unit variance. The first latent frame of a stream holds one video frame, every later one
holds `time_compression` of them.
"""

from dataclasses import dataclass
from typing import Protocol

import torch
from einops import rearrange
from jaxtyping import Float, UInt8
from torch import Tensor
from torch.utils import _pytree as pytree

from livetalk.nn.causal_conv import Past


@dataclass(frozen=True)
class Carry:
    """Decoder state of one stream: a nest of tensors whose first axis is the batch.

    A value: decoding never changes a carry, it returns the next one, so an old one can be kept and gone back to.
    Registered with torch's pytrees: `tree_map` moves, joins or splits it. Streams that have not started are shaped
    unlike those that have, and cannot be joined with them.
    """

    past: Past

    @property
    def shapes(self) -> list[torch.Size]:
        """Shapes of all tensors, in order."""
        return [leaf.shape for leaf in pytree.tree_leaves(self)]


pytree.register_dataclass(Carry)


def as_bytes(pixels: Float[Tensor, "b 3 t h w"]) -> UInt8[Tensor, "b t h w 3"]:
    """Pixels in [-1, 1] as pictures are stored."""
    scaled = ((pixels.float().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
    return rearrange(scaled, "b c t h w -> b t h w c").contiguous()


class Codec(Protocol):
    """Pixels to latents and back.

    Networks are not protected from autograd here: callers that do not train wrap calls in `torch.inference_mode`.
    """

    @property
    def latent_channels(self) -> int:
        """Channels c of a latent frame."""
        ...

    @property
    def space_compression(self) -> int:
        """Pixels a latent cell covers along one side."""
        ...

    @property
    def time_compression(self) -> int:
        """Video frames a latent frame covers; the first of a stream covers one."""
        ...

    def encode(self, pixels: Float[Tensor, "b 3 t h w"]) -> Float[Tensor, "b c f h2 w2"]:
        """Normalised latents of whole clips of t = time_compression * (f - 1) + 1 frames; always the same.

        Raises:
            ValueError: the clip's length or size is not one that latents can hold.
        """
        ...

    def decode(self, latents: Float[Tensor, "b c f h w"]) -> Float[Tensor, "b 3 t h2 w2"]:
        """Pixels in [-1, 1] of whole clips: the same, to the bit, as `step` gives from `start`."""
        ...

    def start(
        self,
        batch: int,
        device: torch.device,
        dtype: torch.dtype,
        portrait: Float[Tensor, "b 3 h w"] | None = None,
    ) -> Carry:
        """The carry of `batch` streams of which nothing has been decoded yet.

        portrait: their first pictures, in [-1, 1], for codecs that keep more of them than latents do.
        """
        ...

    def blend_boundary(
        self, latents: Float[Tensor, "b c 1 h w"], carry: Carry, quiet: bool = False
    ) -> Float[Tensor, "b c 1 h w"]:
        """The first latent frame of a new block, to be given to `step`: eased into what the carry has seen.

        quiet: nothing is said in the block, so that lips, too, need not jump. As it is, where latents are pictures and
        the decoder's memory is all that a seam needs.
        """
        ...

    def step(self, latents: Float[Tensor, "b c f h w"], carry: Carry) -> tuple[Float[Tensor, "b 3 t h2 w2"], Carry]:
        """Pixels in [-1, 1] of the next f latent frames of each stream, and the carry for those after them."""
        ...

    def step_bytes(
        self, latents: Float[Tensor, "b c f h w"], carry: Carry
    ) -> tuple[UInt8[Tensor, "b t h2 w2 3"], Carry]:
        """`step`, its pixels as bytes."""
        ...
