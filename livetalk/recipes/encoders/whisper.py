"""Thinning of Whisper's first layers until they are small enough to bundle, with almost the same tokens.

Of each layer's hidden neurons those stay whose activations move its output most on given speech; the weights behind
them are fitted anew by least squares, so that the layer's output on that speech hardly changes (Optimal Brain Surgeon
in blocks: LeCun et al. 1990, Hassibi et al. 1993). Reads Whisper base as CTranslate2 keeps it, the form in which
`livetalk` downloads it to listen.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import replace
from io import BufferedReader
from pathlib import Path
from typing import cast

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from livetalk.conditions.speech_whisper import WhisperLayer, WhisperSpeechConfig, WhisperTrunk
from livetalk.media.files import existing
from livetalk.weights import load_into

_KINDS = (np.float32, np.int8, np.int16, np.int32, np.float16)
_LAYER = {
    "attention_norm": "self_attention/layer_norm",
    "qkv": "self_attention/linear_0",
    "attention_out": "self_attention/linear_1",
    "norm": "ffn/layer_norm",
    "up": "ffn/linear_0",
    "down": "ffn/linear_1",
}
RIDGE = 1e-3  # of the mean power of the activations


def read_ctranslate2(path: Path) -> dict[str, Tensor]:
    """Tensors of a CTranslate2 model file (versions 5 and 6) by name, as float32 if they are floats.

    Raises ValueError if there is no such file, it is none of these or ends early.
    """
    with existing(path, "model of Whisper").open("rb") as file:
        try:
            return dict(_variables(file))
        except (struct.error, ValueError, IndexError, UnicodeDecodeError) as error:
            raise ValueError(f"{path} is no model of CTranslate2, or damaged: {error}") from error


def _variables(file: BufferedReader) -> Iterator[tuple[str, Tensor]]:
    def number(kind: str) -> int:
        return struct.unpack(f"<{kind}", file.read(struct.calcsize(kind)))[0]

    def text() -> str:
        return file.read(number("H"))[:-1].decode()

    if (version := number("I")) not in (5, 6):
        raise ValueError(f"its version is {version}, not 5 or 6")
    _spec, _revision = text(), number("I")
    for _ in range(number("I")):
        name = text()
        shape = [number("I") for _ in range(number("B"))]
        kind, size = number("B"), number("I")
        if kind >= len(_KINDS):
            raise ValueError(f"{name} has numbers of a kind that is not known here ({kind}): give the float16 model")
        values = np.frombuffer(file.read(size), _KINDS[kind]).reshape(shape)
        yield name, torch.from_numpy(values.astype(np.float32) if values.dtype.kind == "f" else values.copy())


def whisper_trunk(tensors: Mapping[str, Tensor], layers: int = 3) -> WhisperTrunk:
    """The first layers of Whisper's encoder. Raises ValueError if the tensors are not those of Whisper base."""
    state = dict[str, Tensor]()
    if not all(tensor.is_floating_point() for name, tensor in tensors.items() if name.endswith("/weight")):
        raise ValueError("this Whisper is quantised: give the float16 or float32 model")
    try:
        for name in ("conv1", "conv2"):
            for kind in ("weight", "bias"):
                state[f"{name}.{kind}"] = tensors[f"encoder/{name}/{kind}"]
        for i in range(layers):
            for ours, theirs in _LAYER.items():
                kinds = ("gamma", "beta") if ours.endswith("norm") else ("weight", "bias")
                for kind, its in zip(("weight", "bias"), kinds, strict=True):
                    state[f"layers.{i}.{ours}.{kind}"] = tensors[f"encoder/layer_{i}/{theirs}/{its}"]
        trunk = WhisperTrunk(WhisperSpeechConfig(layers=layers, hidden=len(state["layers.0.up.bias"])))
        trunk.load_state_dict(state)
    except (KeyError, RuntimeError) as error:
        raise ValueError(f"these are not the weights of Whisper base: {error}") from error
    return trunk


@torch.no_grad()
def thin(trunk: WhisperTrunk, hidden: int, audio: Float[Tensor, "b n"]) -> tuple[WhisperTrunk, list[float]]:
    """The trunk with `hidden` neurons left in each layer, judged on windows of speech.

    Also returns what share of the variance of each layer's network is lost.
    """
    x = trunk.stem(audio)
    state, lost = trunk.state_dict(), list[float]()
    for i, layer in enumerate(trunk.layers):
        assert isinstance(layer, WhisperLayer)
        x = layer.attend(x)
        active = layer.activations(x)
        wanted = layer.down(active)
        kept, fitted = _fit(layer, hidden, active)
        places = {"up.weight": layer.up.weight[kept], "up.bias": layer.up.bias[kept]}
        places |= {"down.weight": fitted[:-1].T, "down.bias": fitted[-1]}
        state |= {f"layers.{i}.{name}": tensor for name, tensor in places.items()}
        found = active[..., kept] @ fitted[:-1] + fitted[-1]
        lost.append(float((found - wanted).square().mean() / wanted.flatten(0, 1).var(dim=0).mean()))
        x = x + found
    thinned = WhisperTrunk(replace(trunk.config, hidden=hidden)).eval()
    load_into(thinned, state)
    return thinned, lost


def _fit(layer: WhisperLayer, hidden: int, active: Float[Tensor, "b n h"]) -> tuple[Tensor, Tensor]:
    """The neurons that stay, and weights behind them (the bias in the last row) that give the same output."""
    active = active.flatten(0, 1)
    wanted = active @ layer.down.weight.T + layer.down.bias
    moves = active.var(dim=0) * layer.down.weight.square().sum(dim=0)
    kept = moves.argsort(descending=True)[:hidden].sort().values
    known = torch.cat([active[:, kept], torch.ones(len(active), 1)], dim=1)
    gram = known.T @ known
    gram = gram + RIDGE * gram.diagonal().mean() * torch.eye(len(gram))
    return kept, cast(Tensor, torch.linalg.solve(gram, known.T @ wanted))
