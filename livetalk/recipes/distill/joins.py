"""Weights of latent frames in a loss: more on those where blocks meet, because jumps there are seen."""

import torch
from jaxtyping import Float
from torch import Tensor


def join_weights(frames: int, block: int, gain: float, device: torch.device) -> Float[Tensor, "1 1 f 1 1"]:
    """`gain` times as much on the first latent frame of every block but the first; mean 1 behind the portrait's."""
    weight = torch.ones(frames, device=device)
    weight[block::block] = gain
    return (weight / weight[1:].mean()).view(1, 1, -1, 1, 1)
