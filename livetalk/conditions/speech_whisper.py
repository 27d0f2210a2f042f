"""The speech encoder of `tiny`: the first layers of Whisper, and a small head that gives a row a video frame.

Whisper (Radford et al. 2022, arXiv 2212.04356; MIT) has heard 680,000 hours of people; what we can synthesise is a few
voices. Its first three layers, thinned (recipes/encoders/whisper.py), know sounds of voices that nobody trained on. The
head turns them into rows of the space that the transformers know (recipes/encoders/speech_head.py).

Rows come in blocks of 12, each heard in a window of its own (windows.py): a second before, 175 ms after the last row.
Attention reaches over the whole window, so a row depends on all of it, and on its place in the block. The encoder knows
nothing of phonemes and of faces.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from livetalk.conditions.speech_tiny import triangles_between
from livetalk.geometry import FRAME_RATE, SAMPLE_RATE
from livetalk.weights import load_into, save_bundle

MEL_HOP, MEL_WINDOW = 160, 400  # samples
TOKEN_RATE = 50  # Hz, after the second convolution
DYNAMIC_RANGE = 8.0  # powers of ten below the loudest band of the window; what is below is cut off
QUIET = 1e-10  # power
AT_ONCE = 32  # windows in a batch: a stream of any length takes as much memory
TRUNK_CODES = 15  # of its weights on either side of 0, four bits each once they are coded: tokens hardly change


@dataclass(frozen=True)
class WhisperSpeechConfig:
    """Sizes of the encoder; the trunk's are those of Whisper base but for its layers and their hidden widths."""

    mels: int = 80
    width: int = 512
    heads: int = 8
    layers: int = 3
    hidden: int = 512  # of a layer's two-layer network; 2048 in Whisper base
    head_width: int = 64
    head_hidden: int = 192
    reach: int = 5  # tokens on either side of a row's time that the head sees
    audio_width: int = 64  # of a feature row
    block: int = 12  # rows that are heard in one window
    past_samples: int = SAMPLE_RATE  # before the time of a window's first row
    lookahead_samples: int = 2800  # after the time of its last row
    dropout: float = 0.25  # of the head, in training only

    hop: int = SAMPLE_RATE // FRAME_RATE  # samples a row
    hops_per_frame: int = 1


def slaney_filters(mels: int, bins: int) -> Float[Tensor, "bins mels"]:
    """Triangles of unit area between 0 and 8 kHz, evenly spaced on Slaney's mel scale (linear to 1 kHz, then log)."""
    per_mel, corner, log_step = 200.0 / 3, 1000.0, math.log(6.4) / 27
    highest = corner / per_mel + math.log(SAMPLE_RATE / 2 / corner) / log_step
    marks = torch.linspace(0, highest, mels + 2, dtype=torch.float64)
    above = corner * ((marks - corner / per_mel) * log_step).exp()
    corners = torch.where(marks < corner / per_mel, marks * per_mel, above)
    hz = torch.linspace(0, SAMPLE_RATE / 2, bins, dtype=torch.float64)[:, None]
    return (triangles_between(corners, hz) * 2 / (corners[2:] - corners[:-2])).float()


def sinusoids(count: int, width: int) -> Float[Tensor, "n d"]:
    """Whisper's position codes: sines, then cosines, of wave lengths from 2 pi to 10,000 times that."""
    scales = torch.exp(-math.log(10_000) / (width // 2 - 1) * torch.arange(width // 2))
    angles = torch.arange(count)[:, None] * scales
    return torch.cat([angles.sin(), angles.cos()], dim=1)


class WhisperLogMel(nn.Module):
    """Whisper's log-mel rows of a window, 100 a second, each centred on its hop; zeros around the window."""

    window: Tensor
    filters: Tensor

    def __init__(self, mels: int) -> None:
        super().__init__()
        self.register_buffer("window", torch.hann_window(MEL_WINDOW), persistent=False)
        self.register_buffer("filters", slaney_filters(mels, MEL_WINDOW // 2 + 1), persistent=False)

    def forward(self, audio: Float[Tensor, "b n"]) -> Float[Tensor, "b mels t"]:
        padded = functional.pad(audio.float(), (MEL_WINDOW // 2, MEL_WINDOW // 2))
        pieces = padded.unfold(1, MEL_WINDOW, MEL_HOP)[:, : audio.shape[1] // MEL_HOP] * self.window
        power = cast(Tensor, torch.fft.rfft(pieces)).abs().square() @ self.filters
        level = power.clamp(min=QUIET).log10()
        level = torch.maximum(level, level.amax((1, 2), keepdim=True) - DYNAMIC_RANGE)
        return ((level + 4) / 4).transpose(1, 2)


class WhisperLayer(nn.Module):
    """Transformer layer that normalises before: attention over the window, then two linear layers."""

    def __init__(self, width: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.heads = heads
        self.attention_norm, self.norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.attention_out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, hidden), nn.Linear(hidden, width)

    def attend(self, x: Float[Tensor, "b n d"]) -> Float[Tensor, "b n d"]:
        q, k, v = rearrange(self.qkv(self.attention_norm(x)), "b n (three h d) -> three b h n d", three=3, h=self.heads)
        seen = functional.scaled_dot_product_attention(q, k, v)
        return x + self.attention_out(rearrange(seen, "b h n d -> b n (h d)"))

    def activations(self, x: Float[Tensor, "b n d"]) -> Float[Tensor, "b n hidden"]:
        return functional.gelu(self.up(self.norm(x)))

    def forward(self, x: Float[Tensor, "b n d"]) -> Float[Tensor, "b n d"]:
        x = self.attend(x)
        return x + self.down(self.activations(x))


class WhisperTrunk(nn.Module):
    """Whisper's encoder up to some layer, on windows of any length: samples to tokens, 50 a second."""

    def __init__(self, config: WhisperSpeechConfig) -> None:
        super().__init__()
        self.config = config
        self.logmel = WhisperLogMel(config.mels)
        self.conv1 = nn.Conv1d(config.mels, config.width, 3, padding=1)
        self.conv2 = nn.Conv1d(config.width, config.width, 3, stride=2, padding=1)
        self.layers = nn.ModuleList(
            WhisperLayer(config.width, config.heads, config.hidden) for _ in range(config.layers)
        )

    def stem(self, audio: Float[Tensor, "b n"]) -> Float[Tensor, "b t d"]:
        """Tokens before the first layer."""
        x = functional.gelu(self.conv2(functional.gelu(self.conv1(self.logmel(audio))))).transpose(1, 2)
        return x + sinusoids(x.shape[1], x.shape[2]).to(x)

    def forward(self, audio: Float[Tensor, "b n"]) -> Float[Tensor, "b t d"]:
        x = self.stem(audio)
        for layer in self.layers:
            x = layer(x)
        return x


class RowHead(nn.Module):
    """Rows of a block from its window's tokens: those around a row's time, interpolated, through two layers."""

    def __init__(self, config: WhisperSpeechConfig) -> None:
        super().__init__()
        self.config = config
        self.norm = nn.LayerNorm(config.width)
        self.narrow = nn.Linear(config.width, config.head_width)
        self.mix = nn.Linear((2 * config.reach + 1) * config.head_width, config.head_hidden)
        self.out = nn.Linear(config.head_hidden, config.audio_width)

    def forward(self, tokens: Float[Tensor, "b n d"]) -> Float[Tensor, "b t a"]:
        config = self.config
        narrow = functional.dropout(self.narrow(self.norm(tokens)), config.dropout, self.training)
        rows = torch.arange(config.block, device=tokens.device)[:, None]
        reach = torch.arange(-config.reach, config.reach + 1, device=tokens.device)
        places = (config.past_samples + config.hop * rows) * TOKEN_RATE / SAMPLE_RATE + reach
        before = places.floor().long().clamp(0, tokens.shape[1] - 2)
        share = (places - before)[..., None].to(narrow)
        taps = torch.lerp(narrow[:, before], narrow[:, before + 1], share)
        hidden = functional.gelu(self.mix(rearrange(taps, "b t k d -> b t (k d)")))
        hidden = functional.dropout(hidden, config.dropout, self.training)
        return functional.layer_norm(self.out(hidden), (config.audio_width,))


class WhisperSpeechEncoder(nn.Module):
    """Speech at 16 kHz to features [b t 64] of zero mean and unit variance within a row, at 16 rows a second."""

    def __init__(self, config: WhisperSpeechConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or WhisperSpeechConfig()
        self.trunk = WhisperTrunk(config)
        self.head = RowHead(config)

    def window_samples(self, frames: int) -> int:
        """Samples that `frames` consecutive rows are heard in."""
        return self.config.past_samples + (frames - 1) * self.config.hop + self.config.lookahead_samples

    def frames_of(self, samples: int) -> int:
        """Consecutive rows that a window of so many samples gives."""
        return (samples - self.config.past_samples - self.config.lookahead_samples) // self.config.hop + 1

    def windows(self, line: Float[Tensor, "b n"]) -> Float[Tensor, "b blocks m"]:
        """Windows of the blocks of a line of samples; the first block is filled up at its front with silence."""
        config = self.config
        line = functional.pad(line, (-self.frames_of(line.shape[1]) % config.block * config.hop, 0))
        return line.unfold(1, self.window_samples(config.block), config.block * config.hop)

    def rows(self, window: Float[Tensor, "b n"]) -> Float[Tensor, "b t a"]:
        """Rows of a window of `window_samples(t)` samples that starts `past_samples` before row 0's time."""
        windows = torch.split(self.windows(window).flatten(0, 1), AT_ONCE)
        rows = torch.cat([self.head(self.trunk(some)) for some in windows])
        return rearrange(rows, "(b k) t a -> b (k t) a", b=len(window))[:, -self.frames_of(window.shape[1]) :]

    def forward(self, audio: Float[Tensor, "b n"], first: int = 9) -> Float[Tensor, "b t a"]:
        """Features of whole streams: t = ceil(n / 1000) rows, silence assumed before and after.

        first: rows of the first block; the others have 12.
        """
        if audio.ndim != 2 or audio.shape[1] == 0:
            raise ValueError(f"speech must be [batch, samples] with at least one sample, not {tuple(audio.shape)}")
        frames = -(-audio.shape[1] // self.config.hop)
        whole = frames + (first - frames) % self.config.block
        after = self.window_samples(whole) - self.config.past_samples - audio.shape[1]
        return self.rows(functional.pad(audio, (self.config.past_samples, after)))[:, :frames]


def is_whisper(state: Mapping[str, Tensor]) -> bool:
    """True if these are the weights of a `WhisperSpeechEncoder`."""
    return any(name.startswith("trunk.") for name in state)


def whisper_encoder(state: Mapping[str, Tensor]) -> WhisperSpeechEncoder:
    """An encoder from its weights, which say how many layers it has and how wide they are.

    Raises ValueError if they are not of this architecture.
    """
    hidden = [len(tensor) for name, tensor in state.items() if name.endswith(".up.bias")]
    encoder = WhisperSpeechEncoder(WhisperSpeechConfig(layers=len(hidden), hidden=max(hidden, default=0)))
    load_into(encoder, state)
    return encoder


def save_whisper_encoder(encoder: WhisperSpeechEncoder, path: Path, version: str = "unversioned") -> None:
    """Write a bundle of the encoder's weights, the trunk's in about 4 bits. version: of LiveTalk's weights."""
    save_bundle(path, encoder.state_dict(), {"encoder": "whisper", "version": version}, {"trunk.": TRUNK_CODES})
