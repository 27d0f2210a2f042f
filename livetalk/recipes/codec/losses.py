"""Reconstruction losses of the codec, and its pictures as bytes.

Knows tensors of frames; not what made them.
"""

import numpy as np
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor

from livetalk.recipes.codec.frames import FrameBatch


def structure_loss(a: Float[Tensor, "b 3 t h w"], b: Float[Tensor, "b 3 t h w"]) -> Tensor:
    """1 - SSIM on 7x7 windows (Wang et al. 2004, equation 13), pixels in [-1, 1]."""
    a, b = (rearrange(x, "b c t h w -> (b t) c h w") * 0.5 + 0.5 for x in (a, b))

    def pool(x: Tensor) -> Tensor:
        return F.avg_pool2d(x, 7, 4)

    mean_a, mean_b = pool(a), pool(b)
    var_a, var_b, cov = pool(a * a) - mean_a**2, pool(b * b) - mean_b**2, pool(a * b) - mean_a * mean_b
    top = (2 * mean_a * mean_b + 1e-4) * (2 * cov + 9e-4)
    return 1 - (top / ((mean_a**2 + mean_b**2 + 1e-4) * (var_a + var_b + 9e-4))).mean()


def rebuild_losses(out: Tensor, batch: FrameBatch) -> dict[str, Tensor]:
    """Weighted L1, spatial gradient, structure and motion errors of rebuilt frames."""
    error, w = out.float() - batch.pixels, batch.weight
    steps = error[:, :, 1:] - error[:, :, :-1]
    down, right = error[..., 1:, :] - error[..., :-1, :], error[..., 1:] - error[..., :-1]
    return {
        "pixel": (error.abs() * w).mean(),
        "gradient": (down.abs() * w[..., 1:, :]).mean() + (right.abs() * w[..., 1:]).mean(),
        "structure": structure_loss(out.float(), batch.pixels),
        "motion": (steps.abs() * w[:, :, 1:]).mean(),
    }


def to_bytes(pixels: Float[Tensor, "..."]) -> np.ndarray:
    """[-1, 1] -> uint8 numpy."""
    return ((pixels.clamp(-1, 1) + 1) * 127.5).round().byte().cpu().numpy()
