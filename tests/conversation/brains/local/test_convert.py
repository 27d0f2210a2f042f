"""Promises of the conversion: a gguf file and a folder of the hub with the same weights become the same model."""

import json
from pathlib import Path

import numpy as np
import pytest

from livetalk.conversation.brains.local.convert import SourceModel, convert, hub_name, read_hub

ct2 = pytest.importorskip("ctranslate2")
WIDTH, HEADS, KV, LAYERS, INNER = 32, 4, 2, 2, 64
TOKENS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", *(f"t{i}" for i in range(29))]


def _weights() -> dict[str, np.ndarray]:
    """By gguf names, as the hub lays them out: the halves of a head are rotated against each other."""
    rng = np.random.default_rng(0)
    shapes = {"token_embd.weight": (len(TOKENS), WIDTH), "output_norm.weight": (WIDTH,)}
    for i in range(LAYERS):
        shapes |= {
            f"blk.{i}.attn_norm.weight": (WIDTH,),
            f"blk.{i}.attn_q.weight": (WIDTH, WIDTH),
            f"blk.{i}.attn_k.weight": (WIDTH * KV // HEADS, WIDTH),
            f"blk.{i}.attn_v.weight": (WIDTH * KV // HEADS, WIDTH),
            f"blk.{i}.attn_output.weight": (WIDTH, WIDTH),
            f"blk.{i}.ffn_norm.weight": (WIDTH,),
            f"blk.{i}.ffn_gate.weight": (INNER, WIDTH),
            f"blk.{i}.ffn_up.weight": (INNER, WIDTH),
            f"blk.{i}.ffn_down.weight": (WIDTH, INNER),
        }
    made = {name: rng.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}
    # What bfloat16 can hold, so that both ways store the same.
    return {name: (value.view(np.uint32) & 0xFFFF0000).view(np.float32) for name, value in made.items()}


def _interleaved(weight: np.ndarray, heads: int) -> np.ndarray:
    """Rows of each head as gguf has them: rotated pairs side by side."""
    return weight.reshape(heads, 2, -1, weight.shape[1]).swapaxes(1, 2).reshape(weight.shape)


def _hub(folder: Path, weights: dict[str, np.ndarray]) -> Path:
    header, data = {}, b""
    for name, value in weights.items():
        raw = (value.view(np.uint32) >> 16).astype("<u2").tobytes()
        header[hub_name(name)] = {
            "dtype": "BF16",
            "shape": list(value.shape),
            "data_offsets": [len(data), len(data) + len(raw)],
        }
        data += raw
    text = json.dumps(header).encode()
    (folder / "model.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + data)
    config = {
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "num_key_value_heads": KV,
        "rope_theta": 1e5,
        "rms_norm_eps": 1e-5,
    }
    (folder / "config.json").write_text(json.dumps(config))
    vocabulary = {"model": {"vocab": {t: i for i, t in enumerate(TOKENS) if i > 2}}, "added_tokens": []}
    vocabulary["added_tokens"] = [{"content": t, "id": i} for i, t in enumerate(TOKENS[:3])]
    (folder / "tokenizer.json").write_text(json.dumps(vocabulary))
    return folder


def test_both_ways_lead_to_the_same_model(tmp_path: Path):
    weights = _weights()
    (tmp_path / "hub").mkdir()
    hub = read_hub(_hub(tmp_path / "hub", weights), tmp_path / "tokenizer.json")
    assert hub.tokens == TOKENS
    assert (tmp_path / "tokenizer.json").is_file()
    turned = dict(weights)
    for i in range(LAYERS):
        turned[f"blk.{i}.attn_q.weight"] = _interleaved(weights[f"blk.{i}.attn_q.weight"], HEADS)
        turned[f"blk.{i}.attn_k.weight"] = _interleaved(weights[f"blk.{i}.attn_k.weight"], KV)
    gguf = SourceModel(LAYERS, HEADS, KV, 1e5, 1e-5, TOKENS, turned.__getitem__, interleaved=True)
    scores = []
    for name, source in (("a", hub), ("b", gguf)):
        (tmp_path / name).mkdir()
        convert(source, tmp_path / name)
        model = ct2.Generator(str(tmp_path / name), compute_type="int8")
        scores.append(model.score_batch([TOKENS[1:12]])[0].log_probs)
    assert np.allclose(scores[0], scores[1], atol=2e-3), scores
    assert np.std(scores[0]) > 0.1


def test_names_of_the_hub():
    assert hub_name("blk.3.attn_q.weight") == "model.layers.3.self_attn.q_proj.weight"
    assert hub_name("output_norm.weight") == "model.norm.weight"
