"""Block-causal attention masks, for training on whole clips in one parallel pass.

Knows frames and blocks, no tensors' content.
"""

import torch
from jaxtyping import Bool, Int
from torch import Tensor


def block_causal(blocks: Int[Tensor, " f"], tokens_per_frame: int) -> Bool[Tensor, "n n"]:
    """Mask over f latent frames given the block each belongs to: a token sees its own block and all earlier ones."""
    frames = blocks[:, None] >= blocks[None, :]
    return frames.repeat_interleave(tokens_per_frame, 0).repeat_interleave(tokens_per_frame, 1)


def blocks_of_frames(frames: int, block_latents: int, device: torch.device | None = None) -> Int[Tensor, " f"]:
    """Block index of each latent frame of a clip."""
    return torch.arange(frames, device=device) // block_latents
