"""Converter of SmolLM2 (or a Llama of the same kind) to CTranslate2 in int8.

Run as `python -m livetalk.conversation.brains.local.convert FROM TO`.

FROM is a gguf file or a folder with config.json, model.safetensors and tokenizer.json. Reads the tensors itself, with
numpy; run as a process of its own, since CTranslate2's specifications import torch where it is installed.
"""

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

HUB_NAMES = {
    "blk": "model.layers",
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
    "token_embd": "model.embed_tokens",
    "output_norm": "model.norm",
}


@dataclass(frozen=True)
class SourceModel:
    """A model as it was published. `tensor` takes the names of gguf. `interleaved`: rotated pairs lie side by side."""

    layers: int
    heads: int
    kv_heads: int
    rope_base: float
    epsilon: float
    tokens: list[str]
    tensor: Callable[[str], np.ndarray]
    interleaved: bool


def read_gguf(path: Path, tokenizer: Path) -> SourceModel:
    """A gguf file; writes its tokenizer to `tokenizer`."""
    import gguf

    reader = gguf.GGUFReader(path)
    tensors = {tensor.name: tensor for tensor in reader.tensors}

    def value(name: str) -> Any:
        return reader.fields[name].contents()

    tokens = value("tokenizer.ggml.tokens")
    write_tokenizer(tokens, value("tokenizer.ggml.merges"), value("tokenizer.ggml.token_type"), tokenizer)
    return SourceModel(
        value("llama.block_count"),
        value("llama.attention.head_count"),
        value("llama.attention.head_count_kv"),
        value("llama.rope.freq_base"),
        value("llama.attention.layer_norm_rms_epsilon"),
        tokens,
        lambda name: np.asarray(gguf.dequantize(tensors[name].data, tensors[name].tensor_type), np.float32),
        interleaved=True,
    )


def read_hub(folder: Path, tokenizer: Path) -> SourceModel:
    """A folder as the hub has it; its weights are bfloat16 or float32 safetensors."""
    config = json.loads((folder / "config.json").read_text())
    vocabulary = json.loads((folder / "tokenizer.json").read_text())
    shutil.copy(folder / "tokenizer.json", tokenizer)
    ids = {**vocabulary["model"]["vocab"], **{t["content"]: t["id"] for t in vocabulary["added_tokens"]}}
    file = np.memmap(folder / "model.safetensors", np.uint8, "r")
    size = int(file[:8].view(np.uint64)[0])
    header = json.loads(file[8 : 8 + size].tobytes())

    def tensor(name: str) -> np.ndarray:
        entry = header[hub_name(name)]
        start, end = (8 + size + offset for offset in entry["data_offsets"])
        raw = np.array(file[start:end])
        if entry["dtype"] == "BF16":  # the upper half of a float32
            return (raw.view(np.uint16).astype(np.uint32) << 16).view(np.float32).reshape(entry["shape"])
        return raw.view({"F32": np.float32, "F16": np.float16}[entry["dtype"]]).reshape(entry["shape"])

    return SourceModel(
        config["num_hidden_layers"],
        config["num_attention_heads"],
        config["num_key_value_heads"],
        config["rope_theta"],
        config["rms_norm_eps"],
        [token for token, _ in sorted(ids.items(), key=lambda pair: pair[1])],
        tensor,
        interleaved=False,
    )


def hub_name(name: str) -> str:
    """blk.3.attn_q.weight -> model.layers.3.self_attn.q_proj.weight"""
    return ".".join(HUB_NAMES.get(part, part) for part in name.split("."))


def write_tokenizer(tokens: list[str], merges: list[str], kinds: list[int], path: Path) -> None:
    """A tokenizer.json of SmolLM2's kind: bytes, single digits, pairs merged."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    pairs = [tuple(merge.split(" ", 1)) for merge in merges]
    made = Tokenizer(models.BPE({token: i for i, token in enumerate(tokens)}, pairs))  # type: ignore[arg-type]
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), byte_level])
    made.decoder = decoders.ByteLevel()
    control = 3
    made.add_special_tokens(
        [AddedToken(t, special=True) for t, kind in zip(tokens, kinds, strict=True) if kind == control]
    )
    made.save(str(path))


def convert(source: SourceModel, target: Path) -> None:
    """Write the model into `target`."""
    from ctranslate2.specs import common_spec, transformer_spec

    spec = transformer_spec.TransformerDecoderModelSpec.from_config(
        source.layers,
        source.heads,
        activation=common_spec.Activation.SWISH,
        pre_norm=True,
        ffn_glu=True,
        rms_norm=True,
        rotary_dim=0,
        rotary_interleave=source.interleaved,
        rotary_base=source.rope_base,
        num_heads_kv=source.kv_heads,
    )
    tensor, decoder = source.tensor, spec.decoder
    decoder.scale_embeddings = False
    decoder.embeddings.weight = tensor("token_embd.weight")
    decoder.projection.weight = tensor("token_embd.weight")
    decoder.layer_norm.gamma = tensor("output_norm.weight")
    for i, layer in enumerate(decoder.layer):
        attention, ffn = layer.self_attention, layer.ffn
        attention.layer_norm.gamma = tensor(f"blk.{i}.attn_norm.weight")
        attention.linear[0].weight = np.concatenate([tensor(f"blk.{i}.attn_{x}.weight") for x in "qkv"])
        attention.linear[1].weight = tensor(f"blk.{i}.attn_output.weight")
        ffn.layer_norm.gamma = tensor(f"blk.{i}.ffn_norm.weight")
        ffn.linear_0.weight = tensor(f"blk.{i}.ffn_gate.weight")
        ffn.linear_0_noact.weight = tensor(f"blk.{i}.ffn_up.weight")
        ffn.linear_1.weight = tensor(f"blk.{i}.ffn_down.weight")
    spec.register_vocabulary(source.tokens)
    spec.config.bos_token, spec.config.eos_token, spec.config.unk_token = "<|im_start|>", "<|im_end|>", "<|endoftext|>"
    spec.config.layer_norm_epsilon = source.epsilon
    spec.validate()
    spec.optimize(quantization="int8")
    spec.save(str(target))


def main() -> None:
    """See the module docstring."""
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    target.mkdir(parents=True, exist_ok=True)
    read = read_gguf if source.suffix == ".gguf" else read_hub
    convert(read(source, target / "tokenizer.json"), target)


if __name__ == "__main__":
    main()
