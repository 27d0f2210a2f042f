"""Diffusion transformer: noisy latents, reference, text, speech and noise level in; velocity out.

Teacher, critic and student are this one class. A mask makes it block-causal in training; `past` keys and values make
it causal in streaming. Parameter names and numerics follow the published checkpoints (float32 rotary positions
instead of complex128). Knows nothing of schedules, blocks' order, caches' policy or guidance.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Bool, Float, Real
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from livetalk.dit.audio import AudioPack
from livetalk.dit.block import DiTBlock, modulate
from livetalk.dit.config import DiTConfig
from livetalk.flow.schedule import TIMESTEPS
from livetalk.nn.kv_cache import KeysValues, KVContext
from livetalk.nn.rope import RotaryEmbedding, rotary_embedding

# Below this noise level a predicted clean latent says nothing about velocity; dividing would only amplify error.
SMALLEST_SIGMA = 0.05


@dataclass(frozen=True)
class TextKV:
    """Cross-attention keys and values of a prompt, one pair a layer: the same for every step and block."""

    layers: tuple[KeysValues, ...]

    def expand(self, batch: int) -> "TextKV":
        return TextKV(tuple((k.expand(batch, -1, -1, -1), v.expand(batch, -1, -1, -1)) for k, v in self.layers))


def sinusoids(t: Float[Tensor, "b f"], width: int) -> Float[Tensor, "b f w"]:
    """[cos | sin] of t (0 to 1000) at `width`/2 speeds, computed in float64."""
    if not t.is_floating_point():
        raise ValueError("time steps must be floating point: integers would erase their embedding")
    half = width // 2
    speeds = 10_000.0 ** (-torch.arange(half, device=t.device).double() / half)
    angles = t.double()[..., None] * speeds
    return torch.cat([angles.cos(), angles.sin()], -1).to(t.dtype)


class _Head(nn.Module):
    def __init__(self, cfg: DiTConfig) -> None:
        super().__init__()
        self.head = nn.Linear(cfg.dim, cfg.latent_channels * cfg.patch**2)
        self.norm = nn.LayerNorm(cfg.dim, eps=cfg.eps, elementwise_affine=False)
        self.modulation = nn.Parameter(torch.randn(1, 2, cfg.dim) / cfg.dim**0.5)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, x: Float[Tensor, "b n d"], time: Float[Tensor, "b f d"]) -> Float[Tensor, "b n o"]:
        shift, scale = (self.modulation[None] + time[:, :, None]).unbind(2)
        return self.head(modulate(self.norm(x), shift, scale))


class DiT(nn.Module):
    """See the module docstring. Inputs are cast to the weights' dtype; the velocity has the dtype of `x`."""

    def __init__(self, config: DiTConfig) -> None:
        super().__init__()
        self.config = cfg = config
        self.recompute = False  # in training: blocks' activations are made again in the backward pass, not kept
        kernel = (1, cfg.patch, cfg.patch)
        self.patch_embedding = nn.Conv3d(cfg.in_channels, cfg.dim, kernel, stride=kernel)
        self.text_embedding = _mlp(cfg.text_dim, cfg.dim, nn.GELU(approximate="tanh"))
        self.time_embedding = _mlp(cfg.freq_dim, cfg.dim, nn.SiLU())
        self.time_projection = nn.Sequential(nn.SiLU(), nn.Linear(cfg.dim, 6 * cfg.dim))
        self.blocks = nn.ModuleList(DiTBlock(cfg) for _ in range(cfg.layers))
        self.head = _Head(cfg)
        self.audio_proj = AudioPack(cfg)
        self.audio_cond_projs = nn.ModuleList(nn.Linear(cfg.audio_hidden, cfg.dim) for _ in cfg.audio_blocks)

    def project_text(self, text: Float[Tensor, "b s e"]) -> TextKV:
        """Keys and values of text features, to be given to `forward` in place of them."""
        embedded = self.text_embedding(text.to(self.patch_embedding.weight.dtype))
        return TextKV(tuple(block.compute_text_kv(embedded) for block in self._layers()))

    def rope(self, times: Real[Tensor, " f"], grid: tuple[int, int]) -> RotaryEmbedding:
        """Rotation for latent frames at `times` on a `grid` of tokens."""
        return rotary_embedding(times, *grid, self.config.head_dim)

    def forward(
        self,
        x: Float[Tensor, "b c f h w"],
        t: Float[Tensor, "b _"],
        reference: Float[Tensor, "b c1 f h w"],
        text: Float[Tensor, "b s e"] | TextKV,
        audio: Float[Tensor, "b f g"],
        turn: RotaryEmbedding | None = None,
        past: tuple[KVContext, ...] | None = None,
        mask: Bool[Tensor, "n m"] | None = None,
    ) -> Float[Tensor, "b c f h w"]:
        """Velocity (noise minus clean) of noisy latents x at time steps t = 1000 sigma, one a latent frame or for all.

        reference: the portrait's latent and a mask channel (0 where the frame is given, 1 where it is generated).
        audio: packed features (`pack_audio`); zeros for none. turn: positions of x's tokens, 0.. by default.
        past: rotated keys and values of earlier latent frames, a pair a layer. mask: over [past, x] keys.
        """
        return self.forward_with_kv(x, t, reference, text, audio, turn, past, mask)[0]

    def forward_with_kv(
        self,
        x: Tensor,
        t: Tensor,
        reference: Tensor,
        text: Tensor | TextKV,
        audio: Tensor,
        turn: RotaryEmbedding | None = None,
        past: tuple[KVContext, ...] | None = None,
        mask: Tensor | None = None,
    ) -> tuple[Tensor, tuple[KeysValues, ...]]:
        """`forward`, with every layer's own unrotated keys and values."""
        tokens, time, speech, memory, turn = self._embed(x, t, reference, text, audio, turn)
        embedding, modulation = time
        kept: list[KeysValues] = []
        for i, block in enumerate(self.blocks):
            tokens = self._add_audio(tokens, speech, i)
            inputs = (tokens, modulation, turn, memory.layers[i], past[i] if past else None, mask)
            if self.recompute and torch.is_grad_enabled():
                tokens, own = checkpoint(block, *inputs, use_reentrant=False)
            else:
                tokens, own = block(*inputs)
            kept.append(own)
        return self._unpatchify(self.head(tokens, embedding), x, t), tuple(kept)

    def compute_kv(
        self,
        x: Tensor,
        t: Tensor,
        reference: Tensor,
        text: Tensor | TextKV,
        audio: Tensor,
        turn: RotaryEmbedding | None = None,
        past: tuple[KVContext, ...] | None = None,
    ) -> tuple[KeysValues, ...]:
        """Only the unrotated keys and values of each layer: the clean pass that writes a finished block's memory."""
        tokens, (_, modulation), speech, memory, turn = self._embed(x, t, reference, text, audio, turn)
        kept: list[KeysValues] = []
        for i, block in enumerate(self.blocks[:-1]):
            tokens = self._add_audio(tokens, speech, i)
            tokens, own = block(tokens, modulation, turn, memory.layers[i], past[i] if past else None)
            kept.append(own)
        last = len(self.blocks) - 1
        kept.append(self._layers()[last].compute_kv(self._add_audio(tokens, speech, last), modulation))
        return tuple(kept)

    def _layers(self) -> Sequence[DiTBlock]:
        return cast(Sequence[DiTBlock], self.blocks)

    def _embed(
        self,
        x: Tensor,
        t: Tensor,
        reference: Tensor,
        text: Tensor | TextKV,
        audio: Tensor,
        turn: RotaryEmbedding | None,
    ) -> tuple[Tensor, tuple[Tensor, Tensor], Tensor, TextKV, RotaryEmbedding]:
        dtype = self.patch_embedding.weight.dtype
        p, f, h, w = self.config.patch, x.shape[2], x.shape[3] // self.config.patch, x.shape[4] // self.config.patch
        # In two copies, whose inner loops are long: twice as fast as one.
        cells = rearrange(torch.cat([x, reference], 1), "b c f (h p) (w q) -> b f (c p q) (h w)", p=p, q=p)
        cells = rearrange(cells, "b f c n -> b (f n) c").to(dtype)
        # The patches do not overlap: the convolution is a product, and its result lies in memory as tokens do.
        tokens = F.linear(cells, self.patch_embedding.weight.flatten(1), self.patch_embedding.bias)
        embedding = self.time_embedding(sinusoids(t.expand(-1, f), self.config.freq_dim).to(tokens.dtype))
        modulation = rearrange(self.time_projection(embedding), "b f (m d) -> b f m d", m=6)
        embedding, modulation = (part[:, : t.shape[1]] for part in (embedding, modulation))
        memory = text if isinstance(text, TextKV) else self.project_text(text)
        speech = self.audio_proj(audio.to(dtype))
        if turn is None:
            turn = self.rope(torch.arange(f, device=x.device), (h, w))
        return tokens, (embedding, modulation), speech, memory, turn

    def _add_audio(self, tokens: Tensor, speech: Float[Tensor, "b f a"], layer: int) -> Tensor:
        if layer not in self.config.audio_blocks:
            return tokens
        bias = self.audio_cond_projs[self.config.audio_blocks.index(layer)](speech)
        by_frame = rearrange(tokens, "b (f s) d -> b f s d", f=bias.shape[1])
        return rearrange(by_frame + bias[:, :, None], "b f s d -> b (f s) d")

    def _unpatchify(self, out: Tensor, x: Tensor, t: Float[Tensor, "b _"]) -> Tensor:
        p = self.config.patch
        h = x.shape[3] // p
        out = rearrange(out, "b (f h w) (p q c) -> b c f (h p) (w q)", f=x.shape[2], h=h, p=p, q=p)
        out = out.to(x.dtype)  # what follows is a small difference of large numbers: in the latents' precision
        if self.config.predicts == "velocity":
            return out
        sigma = (t / TIMESTEPS).clamp_min(SMALLEST_SIGMA)[:, None, :, None, None]
        return (x - out) / sigma.to(x.dtype)


def _mlp(into: int, dim: int, activation: nn.Module) -> nn.Sequential:
    return nn.Sequential(nn.Linear(into, dim), activation, nn.Linear(dim, dim))
