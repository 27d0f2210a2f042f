"""Audio packing (OmniAvatar): speech features of video frames become one vector a latent frame, a bias of some layers.

Knows frames and features; not how speech was encoded or cut into windows.
"""

from collections.abc import Mapping

import torch
from einops import rearrange, repeat
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from livetalk.dit.config import DiTConfig


def pack_audio(audio: Float[Tensor, "b t a"], frames_per_latent: int = 4) -> Float[Tensor, "b f g"]:
    """Group the features of a clip's t = 4f - 3 video frames by latent frame, time-major; g = 4a.

    The first latent frame covers one video frame, which is repeated.
    """
    if audio.shape[1] % frames_per_latent != 1:
        raise ValueError(f"{audio.shape[1]} rows of features do not make latent frames: give 4n + 1 rows")
    first = repeat(audio[:, :1], "b 1 a -> b r a", r=frames_per_latent - 1)
    return rearrange(torch.cat([first, audio], 1), "b (f r) a -> b f (r a)", r=frames_per_latent)


class AudioPack(nn.Module):
    """Linear and LayerNorm over the packed features. Zeros stand for "no audio" and give a learned constant."""

    def __init__(self, cfg: DiTConfig) -> None:
        super().__init__()
        self.proj = nn.Linear(cfg.frames_per_latent * cfg.audio_dim, cfg.audio_hidden)
        self.norm_out = nn.LayerNorm(cfg.audio_hidden)

    def forward(self, packed: Float[Tensor, "b f g"]) -> Float[Tensor, "b f a"]:
        return self.norm_out(self.proj(packed))


def with_lids_unheard(state: Mapping[str, Tensor], cfg: DiTConfig) -> dict[str, Tensor]:
    """Weights of a network that may not have been told about lids, for one that is: it heeds none, theirs are zeros."""
    name, rows = "audio_proj.proj.weight", cfg.frames_per_latent
    weight = state.get(name)
    if not cfg.lids or weight is None or weight.shape[1] != rows * cfg.speech_dim:
        return dict(state)
    grouped = functional.pad(rearrange(weight, "h (r a) -> h r a", r=rows), (0, 1))
    return {**state, name: rearrange(grouped, "h r a -> h (r a)")}
