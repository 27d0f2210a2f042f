"""Whisper made small: its file read, its neurons thinned, its head taught."""

import struct
from pathlib import Path

import numpy as np
import pytest
import torch

from livetalk.conditions.speech import load_speech_encoder
from livetalk.conditions.speech_tiny import SpeechEncoder, frozen, save_weights
from livetalk.conditions.speech_whisper import WhisperLayer, WhisperSpeechConfig, WhisperSpeechEncoder, WhisperTrunk
from livetalk.data.speech import Utterance, add
from livetalk.recipes.config import WhisperTraining
from livetalk.recipes.encoders.run import train_whisper_encoder
from livetalk.recipes.encoders.speech_batches import Labelled, label
from livetalk.recipes.encoders.speech_head import hear, train_speech_head
from livetalk.recipes.encoders.whisper import read_ctranslate2, thin, whisper_trunk
from livetalk.voice.timing import Phoneme

SMALL = WhisperSpeechConfig(width=32, heads=2, layers=2, hidden=24, head_width=16, head_hidden=32)


class Said:
    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        time = np.arange(48_000) / 16_000
        self.audio = (0.1 * np.sin(2 * np.pi * 200 * time) * (np.sin(9 * time) > 0)).astype(np.float32)
        self.audio += 0.01 * rng.standard_normal(48_000).astype(np.float32)
        self.phonemes = (("m", 0.2, 0.5), ("A", 0.5, 1.2), (" ", 1.2, 1.6), ("b", 1.6, 2.0), ("i", 2.0, 2.8))


def shelf() -> list[Labelled]:
    return [label(Said(seed)) for seed in range(2)]


def ctranslate2(tensors: dict[str, np.ndarray], version: int = 6) -> bytes:
    """A model file by the format's own description: counts and names, then kind, size and bytes of every tensor."""

    def text(name: str) -> bytes:
        return struct.pack("<H", len(name) + 1) + name.encode() + b"\0"

    parts = [struct.pack("<I", version), text("WhisperSpec"), struct.pack("<II", 3, len(tensors))]
    for name, values in tensors.items():
        kind = {"float32": 0, "int8": 1, "float16": 4}[str(values.dtype)]
        shape = b"".join(struct.pack("<I", size) for size in values.shape)
        parts += [text(name), struct.pack("<B", values.ndim), shape, struct.pack("<BI", kind, values.nbytes)]
        parts.append(values.tobytes())
    return b"".join(parts)


def test_models_of_ctranslate2_are_read(tmp_path: Path) -> None:
    written = {"a/weight": np.arange(6, dtype=np.float16).reshape(2, 3), "b": np.int8([1, -2])}
    (tmp_path / "model.bin").write_bytes(ctranslate2(written))
    read = read_ctranslate2(tmp_path / "model.bin")
    assert read["a/weight"].dtype == torch.float32
    assert read["a/weight"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert read["b"].tolist() == [1, -2]


def test_other_files_are_refused_in_a_sentence(tmp_path: Path) -> None:
    whole = ctranslate2({"a": np.zeros(8, np.float32)})
    for data in (b"no model at all", whole[:-3], ctranslate2({}, version=9)):
        (tmp_path / "model.bin").write_bytes(data)
        with pytest.raises(ValueError, match=r"model\.bin is no model of CTranslate2"):
            read_ctranslate2(tmp_path / "model.bin")
    with pytest.raises(ValueError, match="is quantised"):
        whisper_trunk({"encoder/conv1/weight": torch.zeros(2, 2, 3, dtype=torch.int8)})
    with pytest.raises(ValueError, match="not the weights of Whisper base"):
        whisper_trunk({"encoder/conv1/weight": torch.zeros(2, 2, 3)})


def test_thinning_finds_the_neurons_that_matter() -> None:
    torch.manual_seed(0)
    trunk = WhisperTrunk(SMALL).eval().requires_grad_(False)
    audio = 0.1 * torch.randn(4, 16_000)
    for layer in trunk.layers:
        assert isinstance(layer, WhisperLayer)
        layer.down.weight[:, ::2] = 0
    thinned, lost = thin(trunk, 12, audio)
    assert max(lost) < 0.01
    assert thinned.config.hidden == 12
    assert torch.allclose(thinned(audio), trunk(audio), atol=0.05)
    assert thin(trunk, 2, audio)[1][0] > 0.05


def test_a_head_learns_the_rows_of_another_encoder() -> None:
    torch.manual_seed(0)
    encoder, like = WhisperSpeechEncoder(SMALL), frozen(SpeechEncoder())
    encoder.trunk.eval().requires_grad_(False)
    heard = hear(encoder, like, shelf(), 12)
    assert heard.rows.shape == (12, 12, 64)
    losses = list[float]()
    settings = WhisperTraining(steps=60, batch=8, warmup=5, rate=5e-3)
    head = train_speech_head(encoder.head, heard, settings, report=lambda step, loss: losses.append(loss))
    assert np.mean(losses[-5:]) < 0.7 * np.mean(losses[:5])
    assert not head.training


def test_whisper_takes_the_place_of_a_small_encoder(tmp_path: Path) -> None:
    """The whole run at miniature: speech, a model file of Whisper base with random weights, and what is written."""
    rng = np.random.default_rng(0)
    sizes = {"conv1": (512, 80, 3), "conv2": (512, 512, 3)}
    tensors = {f"encoder/{name}/weight": size for name, size in sizes.items()}
    tensors |= {f"encoder/{name}/bias": (512,) for name in sizes}
    for i in range(3):
        layer = f"encoder/layer_{i}/"
        for name in ("self_attention/layer_norm", "ffn/layer_norm"):
            tensors |= {f"{layer}{name}/gamma": (512,), f"{layer}{name}/beta": (512,)}
        for name, rows, columns in (
            ("self_attention/linear_0", 1536, 512),
            ("self_attention/linear_1", 512, 512),
            ("ffn/linear_0", 32, 512),
            ("ffn/linear_1", 512, 32),
        ):
            tensors |= {f"{layer}{name}/weight": (rows, columns), f"{layer}{name}/bias": (rows,)}
    made = {name: (0.03 * rng.standard_normal(size)).astype(np.float16) for name, size in tensors.items()}
    (tmp_path / "model.bin").write_bytes(ctranslate2(made))
    one = Said(0)
    said = Utterance("a", "mabi", "af_heart", one.audio, tuple(Phoneme(*p) for p in one.phonemes))
    add(tmp_path / "speech", said)
    save_weights(SpeechEncoder(), tmp_path / "small.safetensors")
    settings = WhisperTraining(blocks=4, steps=2, hidden=16, windows=2, batch=2)
    told = list[str]()
    out = tmp_path / "speech.safetensors"
    lost = train_whisper_encoder(
        [tmp_path / "speech"], tmp_path, tmp_path / "small.safetensors", out, settings,
        lambda name, step, error: told.append(name),
    )  # fmt: skip
    assert len(lost) == 3
    assert told == ["hearing", "hearing", "head", "head"]
    loaded = load_speech_encoder(out)
    assert isinstance(loaded, WhisperSpeechEncoder)
    assert torch.isfinite(loaded(0.1 * torch.randn(1, 20_000))).all()
