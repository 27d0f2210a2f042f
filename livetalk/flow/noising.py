"""Conversions between clean, noisy, noise and velocity: x = (1 - sigma) x0 + sigma eps and v = eps - x0.

Levels may be one number, one a sample [b], or one a latent frame [b f] for latents [b c f h w]. Conversions are
computed in float64 (float32 where a device has none) and returned in the dtype of the latents, so that bfloat16
latents lose nothing on the way.
"""

import torch
from jaxtyping import Float
from torch import Tensor


def noised(
    clean: Float[Tensor, "b c f h w"], noise: Float[Tensor, "b c f h w"], sigma: Tensor | float
) -> Float[Tensor, "b c f h w"]:
    """x = (1 - sigma) x0 + sigma eps."""
    x0, eps = _wide(clean), _wide(noise)
    s = _level(sigma, x0)
    return ((1 - s) * x0 + s * eps).to(clean.dtype)


def velocity_of(clean: Float[Tensor, "b c f h w"], noise: Float[Tensor, "b c f h w"]) -> Float[Tensor, "b c f h w"]:
    """v = eps - x0: what a network learns to predict."""
    return noise - clean


def clean_from_velocity(
    noisy: Float[Tensor, "b c f h w"], velocity: Float[Tensor, "b c f h w"], sigma: Tensor | float
) -> Float[Tensor, "b c f h w"]:
    """x0 = x - sigma v."""
    x, v = _wide(noisy), _wide(velocity)
    return (x - _level(sigma, x) * v).to(noisy.dtype)


def _wide(x: Tensor) -> Tensor:
    return x.float() if x.device.type == "mps" else x.double()


def _level(sigma: Tensor | float, like: Tensor) -> Tensor:
    """A level as a tensor that broadcasts over latents [b c f h w] like `like`."""
    level = torch.as_tensor(sigma, dtype=like.dtype, device=like.device)
    if level.ndim == 2:
        return level[:, None, :, None, None]
    assert level.ndim < 2, f"levels {tuple(level.shape)} are neither [], [b] nor [b f]"
    return level.view(-1, 1, 1, 1, 1)
