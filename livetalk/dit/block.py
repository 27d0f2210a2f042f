"""One transformer layer: self-attention over latent tokens, cross-attention to text, feed-forward; time modulates all.

Parameter names are those of the published checkpoints. Knows nothing of blocks in time, caches' policy or noise.
"""

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Bool, Float
from torch import Tensor, nn

from livetalk.dit.config import DiTConfig
from livetalk.nn.attention import attend
from livetalk.nn.kv_cache import KeysValues, KVContext, joined
from livetalk.nn.rope import RotaryEmbedding, apply_rotary


class _RMSNorm(nn.Module):
    """Root-mean-square norm over the whole width, before heads are split."""

    def __init__(self, dim: int, eps: float) -> None:
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x, (x.shape[-1],), self.weight.to(x.dtype), self.eps)


class _Projections(nn.Module):
    def __init__(self, cfg: DiTConfig) -> None:
        super().__init__()
        self.head_dim = cfg.head_dim
        self.kernel = "default"  # of attention
        self.q, self.k, self.v, self.o = (nn.Linear(cfg.dim, cfg.dim) for _ in range(4))
        self.norm_q, self.norm_k = _RMSNorm(cfg.dim, cfg.eps), _RMSNorm(cfg.dim, cfg.eps)

    def use_kernel(self, name: str) -> None:
        """Attend by the kernel of this name from now on, for serving; see `nn.attention.attend`."""
        self.kernel = name

    def _heads(self, x: Tensor) -> Float[Tensor, "b n k d"]:
        return rearrange(x, "b n (k d) -> b n k d", d=self.head_dim)

    def keys_values(self, x: Float[Tensor, "b n d"]) -> KeysValues:
        return self._heads(self.norm_k(self.k(x))), self._heads(self.v(x))


class SelfAttention(_Projections):
    def __init__(self, cfg: DiTConfig) -> None:
        super().__init__(cfg)
        self.fused: nn.Module | None = None  # q, k and v as one product; see `fuse`

    def fuse(self) -> None:
        """Lay q, k and v out as one product, for serving; the three stay as views of its weights."""
        parts = (self.q, self.k, self.v)
        weight, bias = (torch.cat([getattr(p, name).detach() for p in parts]) for name in ("weight", "bias"))
        with torch.device("meta"):
            fused = nn.Linear(weight.shape[1], len(weight))
        fused.weight = nn.Parameter(weight, requires_grad=False)
        fused.bias = nn.Parameter(bias, requires_grad=False)
        self.fused = fused
        for part, w, b in zip(parts, weight.chunk(3), bias.chunk(3), strict=True):
            part.weight, part.bias = nn.Parameter(w, requires_grad=False), nn.Parameter(b, requires_grad=False)

    def _projected(self, x: Float[Tensor, "b n d"]) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values, a head each; queries and keys normed."""
        if self.fused is None:
            key, value = self.keys_values(x)
            return self._heads(self.norm_q(self.q(x))), key, value
        q, k, v = self.fused(x).chunk(3, -1)
        return self._heads(self.norm_q(q)), self._heads(self.norm_k(k)), self._heads(v)

    def forward(
        self,
        x: Float[Tensor, "b n d"],
        turn: RotaryEmbedding,
        past: KVContext | None,
        mask: Bool[Tensor, "n m"] | None,
    ) -> tuple[Float[Tensor, "b n d"], KeysValues]:
        """Attend to `past` (keys already rotated) and to x itself; returns x's own unrotated keys and values too."""
        q, *own = self._projected(x)
        key, value = joined(past, apply_rotary(own[0], turn), own[1])
        return self.o(attend(apply_rotary(q, turn), key, value, mask, self.kernel)), (own[0], own[1])


class CrossAttention(_Projections):
    def forward(self, x: Float[Tensor, "b n d"], text: KeysValues) -> Float[Tensor, "b n d"]:
        """Attend to all text positions, padding included, as the published model does."""
        return self.o(attend(self._heads(self.norm_q(self.q(x))), *text, kernel=self.kernel))


def modulate(x: Float[Tensor, "b n d"], shift: Float[Tensor, "b f d"], scale: Tensor) -> Float[Tensor, "b n d"]:
    """x (1 + scale) + shift, one shift and scale a latent frame."""
    by_frame = rearrange(x, "b (f s) d -> b f s d", f=shift.shape[1])
    return rearrange(by_frame * (1 + scale[:, :, None]) + shift[:, :, None], "b f s d -> b (f s) d")


def gated(x: Float[Tensor, "b n d"], gate: Float[Tensor, "b f d"]) -> Float[Tensor, "b n d"]:
    by_frame = rearrange(x, "b (f s) d -> b f s d", f=gate.shape[1])
    return rearrange(by_frame * gate[:, :, None], "b f s d -> b (f s) d")


class DiTBlock(nn.Module):
    """x += gate SA(LN(x)(1+scale)+shift);  x += CA(LN(x));  x += gate FFN(LN(x)(1+scale)+shift)."""

    def __init__(self, cfg: DiTConfig) -> None:
        super().__init__()
        self.dim, self.eps = cfg.dim, cfg.eps
        self.self_attn, self.cross_attn = SelfAttention(cfg), CrossAttention(cfg)
        self.norm3 = nn.LayerNorm(cfg.dim, eps=cfg.eps)
        self.ffn = nn.Sequential(
            nn.Linear(cfg.dim, cfg.ffn_dim), nn.GELU(approximate="tanh"), nn.Linear(cfg.ffn_dim, cfg.dim)
        )
        self.modulation = nn.Parameter(torch.randn(1, 6, cfg.dim) / cfg.dim**0.5)

    def _norm(self, x: Float[Tensor, "b n d"], shift: Float[Tensor, "b f d"], scale: Tensor) -> Tensor:
        """LN(x)(1+scale)+shift. In bfloat16, where one time step holds for all of x, in one pass that rounds once."""
        if x.dtype == torch.bfloat16 and shift.shape[:2] == (1, 1):
            return F.layer_norm(x, (self.dim,), 1 + scale[0, 0], shift[0, 0], self.eps)
        return modulate(F.layer_norm(x, (self.dim,), eps=self.eps), shift, scale)

    def _modulation(self, time: Float[Tensor, "b f 6 d"]) -> tuple[Tensor, ...]:
        return (self.modulation[None].to(time.dtype) + time).unbind(2)

    def forward(
        self,
        x: Float[Tensor, "b n d"],
        time: Float[Tensor, "b f 6 d"],
        turn: RotaryEmbedding,
        text: KeysValues,
        past: KVContext | None = None,
        mask: Bool[Tensor, "n m"] | None = None,
    ) -> tuple[Float[Tensor, "b n d"], KeysValues]:
        """The layer's output and its own unrotated keys and values."""
        shift_a, scale_a, gate_a, shift_f, scale_f, gate_f = self._modulation(time)
        heard, own = self.self_attn(self._norm(x, shift_a, scale_a), turn, past, mask)
        x = x + gated(heard, gate_a)
        x = x + self.cross_attn(self.norm3(x), text)
        return x + gated(self.ffn(self._norm(x, shift_f, scale_f)), gate_f), own

    def compute_text_kv(self, embedded: Float[Tensor, "b s d"]) -> KeysValues:
        """Keys and values of a prompt. A method of the block, which is the unit in which weights are spread."""
        return self.cross_attn.keys_values(embedded)

    def compute_kv(self, x: Float[Tensor, "b n d"], time: Float[Tensor, "b f 6 d"]) -> KeysValues:
        """Only the keys and values: all that a clean pass needs of the last layer."""
        shift, scale, *_ = self._modulation(time)
        return self.self_attn.keys_values(self._norm(x, shift, scale))
