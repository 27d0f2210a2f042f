"""Configuration of a diffusion transformer. Knows numbers only."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class DiTConfig:
    """Sizes of a transformer.

    A token is `patch` x `patch` cells of a latent frame. The network's input has `latent_channels` noisy channels,
    as many of the reference picture, and one mask channel. Audio enters as a bias before each of `audio_blocks`.
    `predicts`: what the last layer gives. The forward pass returns velocity either way; a narrow network learns the
    clean latents far better, because noise does not fit through its width.
    """

    dim: int
    layers: int
    heads: int
    ffn_dim: int
    latent_channels: int
    text_dim: int
    audio_dim: int  # features a video frame, of speech and, if told about `lids`, a last one of theirs
    audio_hidden: int = 32
    audio_blocks: tuple[int, ...] = ()
    freq_dim: int = 256
    patch: int = 2
    frames_per_latent: int = 4
    eps: float = 1e-6
    predicts: Literal["velocity", "clean"] = "velocity"
    lids: bool = False

    def __post_init__(self) -> None:
        if self.dim % self.heads or (self.dim // self.heads) % 2:
            raise ValueError(f"dim {self.dim} must split into {self.heads} heads of an even width")
        if any(not 0 <= i < self.layers for i in self.audio_blocks):
            raise ValueError("audio_blocks must name existing layers")

    @property
    def head_dim(self) -> int:
        return self.dim // self.heads

    @property
    def speech_dim(self) -> int:
        return self.audio_dim - self.lids

    @property
    def in_channels(self) -> int:
        return 2 * self.latent_channels + 1


def published_audio_blocks(layers: int) -> tuple[int, ...]:
    """Layers that hear the speech in OmniAvatar and LiveTalk: 2 to half the depth, both included."""
    return tuple(range(2, layers // 2 + 1))
