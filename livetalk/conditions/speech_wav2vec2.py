"""The speech encoder of the full presets: wav2vec2 (base, 960 h) through transformers, at the video's frame rate.

As OmniAvatar and LiveTalk use it: the convolutions' features are interpolated to one row a video frame before the
transformer, and the last hidden state is joined with all hidden states from the transformer's input on (14 x 768
numbers at full size). Sees a whole clip or whole window at a time: `WindowedSpeech` hears overlapped windows, block by
block, as live sessions need it. Knows no blocks' order and no clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from livetalk.conditions.text_umt5 import MISSING
from livetalk.geometry import FRAME_RATE, SAMPLE_RATE
from livetalk.nn.kernels.cuda_graphs import CudaGraphCache
from livetalk.weights import load_into

if TYPE_CHECKING:
    from transformers import Wav2Vec2Config, Wav2Vec2Model

KERNELS = (10, 3, 3, 3, 3, 2, 2)  # of the published convolutions
HEAD_WIDTH = 64  # of the published model: tensors do not tell the number of heads
STRIDES = (5, 2, 2, 2, 2, 2, 2)  # nor the convolutions' strides
QUIET = 1e-7  # added to the variance, so that silence can be normalised

_POSITIONS = "encoder.pos_conv_embed.conv."
_NEWER = {"weight_g": "parametrizations.weight.original0", "weight_v": "parametrizations.weight.original1"}


@dataclass(frozen=True)
class Wav2Vec2Size:
    """Sizes of the encoder; the defaults are those of wav2vec2-base."""

    width: int = 768
    layers: int = 12
    heads: int = 12
    ffn: int = 3072
    convolutions: int = 512
    groups: int = 16  # of the positional convolution
    reach: int = 128  # its kernel

    @property
    def row(self) -> int:
        """Numbers a row of features."""
        return (self.layers + 2) * self.width


@dataclass(frozen=True)
class Overlap:
    """How far a window reaches around a block, in video frames.

    With a block of 12 frames a window is 81 frames long: the length of the clips that the published student was
    trained on (81 frames, 5.06 s), because level and context of the encoder depend on all that it hears. The paper
    says that windows overlap and not by how much.
    """

    past: int = 66
    ahead: int = 3

    hop: int = SAMPLE_RATE // FRAME_RATE  # samples a row
    hops_per_frame: int = 1

    @property
    def past_samples(self) -> int:
        return self.past * self.hop

    @property
    def lookahead_samples(self) -> int:
        """After the time of a row's frame, the frame itself included."""
        return (self.ahead + 1) * self.hop


def wav2vec2_state(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Published tensors under the names of `Wav2Vec2Model`: prefix and letter head off, weight norm renamed."""
    mapped: dict[str, Tensor] = {}
    for name, tensor in state.items():
        if name.startswith("lm_head."):
            continue
        name = name.removeprefix("wav2vec2.")
        leaf = name.removeprefix(_POSITIONS)
        mapped[_POSITIONS + _NEWER[leaf] if leaf in _NEWER and leaf != name else name] = tensor
    return mapped


def build_wav2vec2(state: Mapping[str, Tensor], heads: int | None = None) -> "Wav2Vec2Model":
    """The encoder of a checkpoint, holding the checkpoint's own tensors. heads: one for every 64 of its width.

    Raises:
        ValueError: transformers is not installed, or the tensors are not those of such an encoder.
    """
    try:
        from transformers import Wav2Vec2Model
    except ImportError as error:
        raise ValueError(MISSING) from error
    mapped = wav2vec2_state(state)
    try:
        convolutions = [mapped[f"feature_extractor.conv_layers.{i}.conv.weight"].shape for i in range(len(STRIDES))]
        width, group, reach = mapped[_POSITIONS + _NEWER["weight_v"]].shape
        ffn = len(mapped["encoder.layers.0.feed_forward.intermediate_dense.weight"])
    except KeyError as error:
        raise ValueError(f"no wav2vec2 encoder: {error.args[0]} is missing; give facebook/wav2vec2-base-960h") from None
    size = Wav2Vec2Size(
        width=width,
        layers=len({name.split(".")[2] for name in mapped if name.startswith("encoder.layers.")}),
        heads=heads or max(1, width // HEAD_WIDTH),
        ffn=ffn,
        groups=width // group,
        reach=reach,
    )
    channels, kernels = tuple(shape[0] for shape in convolutions), tuple(shape[2] for shape in convolutions)
    with torch.device("meta"):
        model = Wav2Vec2Model(_config(size, channels, kernels))
    load_into(model, mapped, assign=True)
    return model.eval().requires_grad_(False)


def new_wav2vec2(size: Wav2Vec2Size) -> "Wav2Vec2Model":
    """An untrained encoder. Raises ValueError if transformers is not installed."""
    try:
        from transformers import Wav2Vec2Model
    except ImportError as error:
        raise ValueError(MISSING) from error
    channels = (size.convolutions,) * len(STRIDES)
    return Wav2Vec2Model(_config(size, channels, KERNELS)).eval().requires_grad_(False)


def _config(size: Wav2Vec2Size, channels: tuple[int, ...], kernels: tuple[int, ...]) -> "Wav2Vec2Config":
    from transformers import Wav2Vec2Config

    return Wav2Vec2Config(
        hidden_size=size.width,
        num_hidden_layers=size.layers,
        num_attention_heads=size.heads,
        intermediate_size=size.ffn,
        conv_dim=channels,
        conv_kernel=kernels,
        conv_stride=STRIDES,
        conv_bias=False,
        num_conv_pos_embeddings=size.reach,
        num_conv_pos_embedding_groups=size.groups,
        feat_extract_norm="group",
        do_stable_layer_norm=False,
    )


class Wav2Vec2Speech(nn.Module):
    """Speech at 16 kHz to one row of features a video frame."""

    def __init__(self, model: "Wav2Vec2Model") -> None:
        super().__init__()
        self.model = model

    @property
    def width(self) -> int:
        """Numbers a row: every hidden state, the last one twice."""
        return (self.model.config.num_hidden_layers + 2) * self.model.config.hidden_size

    def forward(self, audio: Float[Tensor, "b n"], frames: int) -> Float[Tensor, "b t a"]:
        """audio: mono in [-1, 1], normalised here to zero mean and unit variance over all that is given."""
        audio = audio.float()
        audio = (audio - audio.mean(-1, True)) / (audio.var(-1, correction=0, keepdim=True) + QUIET).sqrt()
        heard = self.model.feature_extractor(audio.to(self.model.feature_projection.projection.weight.dtype))
        heard = F.interpolate(heard, size=frames, mode="linear", align_corners=True).mT
        return torch.cat(self._states(self.model.feature_projection(heard)[0]), -1)

    def _states(self, x: Float[Tensor, "b t d"]) -> list[Tensor]:
        """The last hidden state, then every one from the transformer's input on (so the last comes twice)."""
        encoder = self.model.encoder
        states = [encoder.layer_norm(x + encoder.pos_conv_embed(x))]
        for layer in encoder.layers:
            given = layer(states[-1])
            states.append(given[0] if isinstance(given, tuple) else given)
        return [states[-1], *states]


class WindowedSpeech(nn.Module):
    """The encoder as `conditions.windows` asks for it: rows in the middle of a window, its edges only heard."""

    def __init__(self, speech: Wav2Vec2Speech, overlap: Overlap = Overlap()) -> None:
        super().__init__()
        self.speech, self.config = speech, overlap
        self.graphs: CudaGraphCache | None = None

    def window_samples(self, frames: int) -> int:
        """Samples that `frames` consecutive rows depend on."""
        return (self.config.past + frames + self.config.ahead) * self.config.hop

    def rows(self, window: Float[Tensor, "b n"]) -> Float[Tensor, "b t a"]:
        """Rows of a window of `window_samples(t)` samples. Recorded ones are overwritten by the next call."""
        if self.graphs is not None and window.shape in self.graphs:
            return self.graphs.replay(window.shape, (window,))
        return self._rows(window)

    @torch.no_grad()
    def recorded(self, graphs: CudaGraphCache, frames: int, device: torch.device) -> str:
        """Record the call for blocks of `frames` frames, whose two hundred small kernels take long to launch."""
        window = torch.zeros(1, self.window_samples(frames), device=device)
        try:
            graphs.record(window.shape, self._rows, (window,))
        except Exception as error:
            return f"launched one by one; no CUDA graph: {type(error).__name__}"
        self.graphs = graphs
        return "one CUDA graph"

    def _rows(self, window: Float[Tensor, "b n"]) -> Float[Tensor, "b t a"]:
        frames = window.shape[1] // self.config.hop
        return self.speech(window, frames)[:, self.config.past : frames - self.config.ahead]

    def clip(self, audio: Float[Tensor, "b n"], frames: int) -> Float[Tensor, "b t a"]:
        """Rows of a whole clip of n = (frames - 1) / 16 s, as the published script makes them."""
        return self.speech(audio, frames)
