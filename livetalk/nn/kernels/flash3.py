"""FlashAttention-3 (Shah et al., arXiv 2407.08608) for Hopper GPUs, from the package `fa3-fwd` (extra `hopper`).

Faster than what PyTorch brings on long caches, and the only one here that multiplies keys and values of 8 bits.
Knows one call; whether it is the fastest on a machine is for `nn.kernels` to find out.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from livetalk.nn.kernels.fp8 import CODED, to_fp8

LONG = 2048  # keys from which on it pays: with 512 of a prompt cuDNN's kernel took a third of the time (H100)
_TILE, _PROCESSORS = 128, 132  # queries that one of an H100's processors takes at a time, and how many it has

NAME = "flash-3"  # of the kernel, for `nn.attention.attend`
_forward: Any = None  # the package's operator, once `available` has found it


def available(device: torch.device) -> bool:
    """True if `device` is a Hopper GPU and the package is installed. Loads it."""
    global _forward
    if device.type != "cuda" or torch.cuda.get_device_capability(device)[0] != 9:
        return False
    if _forward is None:
        try:
            from fa3_fwd_interface import _flash_attn_forward  # pyright: ignore[reportMissingImports]
        except (ImportError, OSError):  # not installed, or built for another PyTorch
            return False
        _forward = _flash_attn_forward
    return True


def attend(
    q: Float[Tensor, "b n k d"], key: Float[Tensor, "b m k d"], value: Float[Tensor, "b m k d"]
) -> Float[Tensor, "b n kd"]:
    """As `nn.attention.attend`; all in bfloat16, or keys and values in 8 bits. The result is in bfloat16.

    8 bits without a scale: queries and keys are normed, and e4m3 keeps its three bits of mantissa from 1/64 to 448.
    """
    if key.dtype is CODED:
        q = to_fp8(q)
    splits = _splits(q.shape[0] * q.shape[2] * -(-q.shape[1] // _TILE))
    return _forward(q, key, value, softmax_scale=q.shape[-1] ** -0.5, num_splits=splits)[0].flatten(2)


def _splits(tiles: int) -> int:
    """Into how many parts keys are cut, so that the last wave of work leaves few of the processors idle.

    Measured for 288 tiles: 0.51 ms in one part, 0.45 in three; joining them costs about a twelfth of a wave each.
    """
    return min(range(1, 5), key=lambda parts: -(-tiles * parts // _PROCESSORS) / parts + 0.08 * parts)
