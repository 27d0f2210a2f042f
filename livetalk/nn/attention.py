"""Attention with an optional mask. Does not know where keys come from or how they were rotated."""

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Bool, Float
from torch import Tensor

from livetalk.nn.kernels import flash3
from livetalk.nn.kernels.fp8 import CODED, to_fp8

_SMALL = 1 << 19  # scores a head
_FEW = 128  # keys


def attend(
    q: Float[Tensor, "b n k d"],
    key: Float[Tensor, "b m k d"],
    value: Float[Tensor, "b m k d"],
    mask: Bool[Tensor, "n m"] | None = None,
    kernel: str = "default",
) -> Float[Tensor, "b n kd"]:
    """Softmax attention over m keys, heads side by side in the result. `mask` is true where a query may look.

    Keys and values may be of 8 bits (`to_fp8`): multiplied as such by Hopper GPUs, as numbers of q's type
    elsewhere. kernel: the name of the one that is fastest here (`nn.kernels.choose`); another runs where it cannot.
    """
    if key.dtype is CODED:
        if q.device.type == "cuda":
            return flash3.attend(q, key, value)
        q, key, value = (x.to(q.dtype) for x in (to_fp8(q), key, value))
    elif kernel == flash3.NAME and mask is None and key.shape[1] >= flash3.LONG:
        return flash3.attend(q, key, value)
    small = key.shape[1] >= _FEW and q.shape[1] * key.shape[1] < _SMALL
    if small and q.device.type == "cpu" and mask is None and not torch.is_grad_enabled():
        return torch.cat([_plainly(*parts) for parts in zip(q, key, value, strict=True)])
    q, key, value = (rearrange(x, "b n k d -> b k n d") for x in (q, key, value))
    out = F.scaled_dot_product_attention(q, key, value, attn_mask=mask)
    return rearrange(out, "b k n d -> b n (k d)")


def _plainly(q: Float[Tensor, "n k d"], key: Float[Tensor, "m k d"], value: Float[Tensor, "m k d"]) -> Tensor:
    """Head by head, so that scores fit a cache, and read where they lie: faster than the fused kernel. [1 n kd]"""
    q = q * q.shape[-1] ** -0.5
    heads = [torch.mm(torch.mm(q[:, h], key[:, h].T).softmax(-1), value[:, h]) for h in range(q.shape[1])]
    return torch.cat(heads, 1)[None]
