"""One attention call. Knows shapes and an optional mask; not where keys come from or how they were rotated."""

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Bool, Float
from torch import Tensor

_SMALL = 1 << 19  # scores a head


def attend(
    q: Float[Tensor, "b n k d"],
    key: Float[Tensor, "b m k d"],
    value: Float[Tensor, "b m k d"],
    mask: Bool[Tensor, "n m"] | None = None,
) -> Float[Tensor, "b n kd"]:
    """Softmax attention over m keys, heads side by side in the result. `mask` is true where a query may look."""
    q, key, value = (rearrange(x, "b n k d -> b k n d") for x in (q, key, value))
    if q.device.type == "cpu" and mask is None and not torch.is_grad_enabled() and q.shape[2] * key.shape[2] < _SMALL:
        # Two plain products are a third faster there than the fused kernel, while their scores fit a cache.
        out = torch.matmul(torch.matmul(q * q.shape[-1] ** -0.5, key.mT).softmax(-1), value)
    else:
        out = F.scaled_dot_product_attention(q, key, value, attn_mask=mask)
    return rearrange(out, "b k n d -> b n (k d)")
