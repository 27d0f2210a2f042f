"""The small streaming speech encoder of `tiny`: samples to one feature row a video frame.

Row i hears the samples in [1000 i - past, 1000 i + look-ahead) and nothing else, at 16 kHz and 16 frames a
second; outside the stream it hears zeros. There is no whole-clip statistic anywhere: level, tone and room are
left to the network, which was trained on speech of every level. It knows nothing of blocks (windows.py), of
phonemes (recipes/encoders/run.py) or of faces.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch
from jaxtyping import Float
from safetensors.torch import save
from torch import Tensor, nn
from torch.nn import functional

from livetalk.geometry import FRAME_RATE, SAMPLE_RATE
from livetalk.weights import load_into, load_mean


@dataclass(frozen=True)
class SpeechEncoderConfig:
    """Shape of the encoder. Reaches are in hops of `hop` samples, (past, future) of each residual layer."""

    mels: int = 64
    width: int = 128
    audio_width: int = 64  # of a feature row
    top_width: int = 256  # of the layer that sums up a video frame
    hop: int = 200  # samples; a fifth of a video frame
    frame_window: int = 400  # samples of one spectrum, centred on its hop
    spectrum: int = 512
    lowest_hz: float = 60.0
    highest_hz: float = 7600.0
    floor: float = 1e-7  # power relative to a full-scale sine: -70 dB
    stem: int = 2  # hops on either side
    layers: tuple[tuple[int, int], ...] = ((1, 1), (2, 2), (8, 0), (1, 1), (3, 3), (16, 0))
    top: int = 4  # hops on either side
    dropout: float = 0.1  # in training only

    @property
    def hops_per_frame(self) -> int:
        return SAMPLE_RATE // FRAME_RATE // self.hop

    @property
    def past_samples(self) -> int:
        """Samples before time i/16 s that row i depends on."""
        return self.hop * (self.stem + self.top + sum(p for p, _ in self.layers)) + self.frame_window // 2

    @property
    def lookahead_samples(self) -> int:
        """Samples after time i/16 s that row i depends on, the spectrum's window included."""
        return self.hop * (self.stem + self.top + sum(f for _, f in self.layers)) + self.frame_window // 2


def triangles_between(corners: Tensor, hz: Tensor) -> Float[Tensor, "bins mels"]:
    """Triangles of height 1 over each three neighbouring corners, at the frequencies `hz` [bins 1]."""
    rising = (hz - corners[:-2]) / (corners[1:-1] - corners[:-2])
    falling = (corners[2:] - hz) / (corners[2:] - corners[1:-1])
    return torch.minimum(rising, falling).clamp(min=0)


def mel_filters(config: SpeechEncoderConfig) -> Float[Tensor, "bins mels"]:
    """Triangles of unit sum, evenly spaced on the mel scale (O'Shaughnessy, 2595 log10(1 + f/700))."""

    def to_mel(hz: float) -> float:
        return 2595.0 * math.log10(1.0 + hz / 700.0)

    marks = torch.linspace(to_mel(config.lowest_hz), to_mel(config.highest_hz), config.mels + 2, dtype=torch.float64)
    corners = 700.0 * (10.0 ** (marks / 2595.0) - 1.0)
    bins = torch.linspace(0, SAMPLE_RATE / 2, config.spectrum // 2 + 1, dtype=torch.float64)[:, None]
    triangles = triangles_between(corners, bins)
    # A triangle narrower than a bin may hold no bin at all: give it the nearest one.
    nearest = (bins - corners[1:-1]).abs().argmin(dim=0)
    empty = triangles.sum(dim=0) == 0
    triangles[nearest[empty], empty.nonzero()[:, 0]] = 1.0
    return (triangles / triangles.sum(dim=0)).float()


class LogMel(nn.Module):
    """Log-mel rows of samples, one a hop, each centred on its hop; no padding."""

    window: Tensor
    filters: Tensor

    def __init__(self, config: SpeechEncoderConfig) -> None:
        super().__init__()
        self.config = config
        window = torch.hann_window(config.frame_window)
        self.register_buffer("window", 2.0 * window / window.sum(), persistent=False)
        self.register_buffer("filters", mel_filters(config), persistent=False)

    def forward(self, audio: Float[Tensor, "b n"]) -> Float[Tensor, "b hop mels"]:
        pieces = audio.unfold(1, self.config.frame_window, self.config.hop) * self.window
        power = torch.fft.rfft(pieces, n=self.config.spectrum).abs().square()
        mels = power @ self.filters
        # -70 dB .. 0 dB of full scale becomes about -1.5 .. 3: ordinary speech is near unit scale.
        return (torch.log10(mels + self.config.floor) + 4.5) / 1.5


def taps(x: Float[Tensor, "b n d"], kernel: int, step: int = 1, stride: int = 1) -> Float[Tensor, "b m kd"]:
    """`kernel` neighbours `step` apart, side by side: a convolution is a Linear of this."""
    count = (x.shape[1] - (kernel - 1) * step - 1) // stride + 1
    last = (count - 1) * stride + 1
    return torch.cat([x[:, i * step : i * step + last : stride] for i in range(kernel)], dim=-1)


class ResidualConv(nn.Module):
    """Three taps at (-past, middle, +future) of every hop, then a pointwise layer; shortens what it reads."""

    def __init__(self, width: int, past: int, future: int, dropout: float) -> None:
        super().__init__()
        assert (past + future) % 2 == 0
        self.past, self.future, self.dropout = past, future, dropout
        self.norm = nn.LayerNorm(width)
        self.mix = nn.Linear(3 * width, width)
        self.out = nn.Linear(width, width)

    def forward(self, x: Float[Tensor, "b n d"]) -> Float[Tensor, "b m d"]:
        mixed = self.mix(taps(self.norm(x), 3, (self.past + self.future) // 2))
        kept = functional.dropout(functional.gelu(mixed), self.dropout, self.training)
        return x[:, self.past : x.shape[1] - self.future] + self.out(kept)


class SpeechEncoder(nn.Module):
    """Speech at 16 kHz to features [b t 64] of zero mean and unit variance within a row, at 16 rows a second."""

    def __init__(self, config: SpeechEncoderConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or SpeechEncoderConfig()
        self.logmel = LogMel(config)
        self.stem = nn.Linear((2 * config.stem + 1) * config.mels, config.width)
        self.layers = nn.ModuleList(
            ResidualConv(config.width, past, future, config.dropout) for past, future in config.layers
        )
        self.norm = nn.LayerNorm(config.width)
        self.top = nn.Linear((2 * config.top + 1) * config.width, config.top_width)
        self.out = nn.Linear(config.top_width, config.audio_width)

    def window_samples(self, frames: int) -> int:
        """Samples that `frames` consecutive rows depend on."""
        step = self.config.hop * self.config.hops_per_frame
        return self.config.past_samples + (frames - 1) * step + self.config.lookahead_samples

    def rows(self, window: Float[Tensor, "b n"]) -> Float[Tensor, "b t a"]:
        """Rows of a window of `window_samples(t)` samples that starts `past_samples` before row 0's time."""
        config = self.config
        x = functional.gelu(self.stem(taps(self.logmel(window), 2 * config.stem + 1)))
        for layer in self.layers:
            x = layer(x)
        x = functional.gelu(self.top(taps(self.norm(x), 2 * config.top + 1, stride=config.hops_per_frame)))
        x = functional.dropout(x, config.dropout, self.training)
        return functional.layer_norm(self.out(x), (config.audio_width,))

    def forward(self, audio: Float[Tensor, "b n"]) -> Float[Tensor, "b t a"]:
        """Features of whole streams: t = ceil(n / 1000) rows, silence assumed before and after."""
        if audio.ndim != 2 or audio.shape[1] == 0:
            raise ValueError(f"speech must be [batch, samples] with at least one sample, not {tuple(audio.shape)}")
        frames = -(-audio.shape[1] // (self.config.hop * self.config.hops_per_frame))
        after = self.window_samples(frames) - self.config.past_samples - audio.shape[1]
        # A negative pad drops samples: the last row may look less far ahead than the stream goes on.
        return self.rows(functional.pad(audio, (self.config.past_samples, after)))


Module = TypeVar("Module", bound=nn.Module)


def frozen(module: Module) -> Module:
    """The module in inference form: float32, evaluation mode, no gradients."""
    return module.float().eval().requires_grad_(False)


def load_weights(module: nn.Module, path: str | Path, what: str) -> None:
    """Strictly load a safetensors file, a bundle or floats, into `module`; a ValueError names what is wrong with it."""
    if not Path(path).is_file():
        raise ValueError(f"no {what} weights at {path}: reinstall livetalk or pass the path of a trained one")
    try:
        load_into(module, load_mean([Path(path)]))
    except ValueError as error:
        raise ValueError(f"{path} does not hold weights of this {what}: {error}") from error


def save_weights(module: nn.Module, path: str | Path) -> None:
    """Write the module's parameters as float16 safetensors, under another name first."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_suffix(".part")
    beside.write_bytes(save(dict(_halves(module))))  # save_file would make it private to its owner
    beside.replace(target)


def _halves(module: nn.Module) -> Iterator[tuple[str, Tensor]]:
    for name, value in module.state_dict().items():
        yield name, value.detach().cpu().half().contiguous()
