"""The speech encoder of the full presets: wav2vec2 (base, 960 h) through transformers, at the video's frame rate.

As OmniAvatar and LiveTalk use it: the convolutions' features are interpolated to one row a video frame before the
transformer, and the last hidden state is joined with all hidden states from the transformer's input on (14 x 768
numbers at full size). Sees a whole clip or whole window at a time; which one is the caller's choice.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from livetalk.conditions.text_umt5 import MISSING
from livetalk.weights import load_into

if TYPE_CHECKING:
    from transformers import Wav2Vec2Model

HEAD_WIDTH = 64  # of the published model: tensors do not tell the number of heads
STRIDES = (5, 2, 2, 2, 2, 2, 2)  # nor the convolutions' strides
QUIET = 1e-7  # added to the variance, so that silence can be normalised

_POSITIONS = "encoder.pos_conv_embed.conv."
_NEWER = {"weight_g": "parametrizations.weight.original0", "weight_v": "parametrizations.weight.original1"}


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
        from transformers import Wav2Vec2Config, Wav2Vec2Model
    except ImportError as error:
        raise ValueError(MISSING) from error
    mapped = wav2vec2_state(state)
    try:
        convolutions = [mapped[f"feature_extractor.conv_layers.{i}.conv.weight"].shape for i in range(len(STRIDES))]
        width, group, reach = mapped[_POSITIONS + _NEWER["weight_v"]].shape
        ffn = len(mapped["encoder.layers.0.feed_forward.intermediate_dense.weight"])
    except KeyError as error:
        raise ValueError(f"no wav2vec2 encoder: {error.args[0]} is missing; give facebook/wav2vec2-base-960h") from None
    config = Wav2Vec2Config(
        hidden_size=width,
        num_hidden_layers=len({name.split(".")[2] for name in mapped if name.startswith("encoder.layers.")}),
        num_attention_heads=heads or max(1, width // HEAD_WIDTH),
        intermediate_size=ffn,
        conv_dim=tuple(shape[0] for shape in convolutions),
        conv_kernel=tuple(shape[2] for shape in convolutions),
        conv_stride=STRIDES,
        conv_bias=False,
        num_conv_pos_embeddings=reach,
        num_conv_pos_embedding_groups=width // group,
        feat_extract_norm="group",
        do_stable_layer_norm=False,
    )
    with torch.device("meta"):
        model = Wav2Vec2Model(config)
    load_into(model, mapped, assign=True)
    return model.eval().requires_grad_(False)


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
