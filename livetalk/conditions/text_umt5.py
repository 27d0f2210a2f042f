"""The text encoder of the full presets: umT5 (XXL as published with Wan2.1) through transformers.

Sizes are read off the checkpoint's tensors and its names are mapped to those of `UMT5EncoderModel`. Rows past a
prompt's last token are zero. Does not know where the files come from, nor how embeddings are kept
(`conditions.text_cache`).
"""

import html
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from livetalk.weights import load_into

if TYPE_CHECKING:
    from transformers import UMT5EncoderModel

TOKENS = 512  # rows the transformer was trained on; longer prompts are cut
MISSING = "the full presets need transformers: pip install 'livetalk[full]'"

_LAYER = {
    "norm1.": "layer.0.layer_norm.",
    "attn.": "layer.0.SelfAttention.",
    "pos_embedding.embedding.": "layer.0.SelfAttention.relative_attention_bias.",
    "norm2.": "layer.1.layer_norm.",
    "ffn.gate.0.": "layer.1.DenseReluDense.wi_0.",
    "ffn.fc1.": "layer.1.DenseReluDense.wi_1.",
    "ffn.fc2.": "layer.1.DenseReluDense.wo.",
}


def umt5_name(name: str) -> str:
    """A published tensor's name in transformers; one we do not know stays as it is (and is refused later)."""
    if name == "token_embedding.weight":
        return "shared.weight"
    if name == "norm.weight":
        return "encoder.final_layer_norm.weight"
    if found := re.match(r"blocks\.(\d+)\.(.+)", name):
        layer, rest = found.groups()
        for ours, theirs in _LAYER.items():
            if rest.startswith(ours):
                return f"encoder.block.{layer}.{theirs}{rest.removeprefix(ours)}"
    return name


def build_umt5(state: Mapping[str, Tensor]) -> "UMT5EncoderModel":
    """The encoder of a checkpoint with the published names, holding the checkpoint's own tensors (not copies).

    Raises:
        ValueError: transformers is not installed, or the tensors are not those of such an encoder.
    """
    try:
        from transformers import UMT5Config, UMT5EncoderModel
    except ImportError as error:
        raise ValueError(MISSING) from error
    try:
        vocabulary, dim = state["token_embedding.weight"].shape
        buckets, heads = state["blocks.0.pos_embedding.embedding.weight"].shape
        attention, ffn = len(state["blocks.0.attn.q.weight"]), len(state["blocks.0.ffn.fc1.weight"])
    except KeyError as error:
        raise ValueError(f"no umT5 encoder: {error.args[0]} is missing; give models_t5_umt5-xxl-enc-bf16.pth") from None
    config = UMT5Config(
        vocab_size=vocabulary,
        d_model=dim,
        d_kv=attention // heads,
        d_ff=ffn,
        num_heads=heads,
        num_layers=len({name.split(".")[1] for name in state if name.startswith("blocks.")}),
        relative_attention_num_buckets=buckets,
        feed_forward_proj="gated-gelu",
        dropout_rate=0.0,
    )
    with torch.device("meta"):
        model = UMT5EncoderModel(config)
    mapped = {umt5_name(name): tensor for name, tensor in state.items()}
    if "encoder.embed_tokens.weight" in model.state_dict():
        mapped["encoder.embed_tokens.weight"] = state["token_embedding.weight"]
    load_into(model, mapped, assign=True)
    model.tie_weights()
    return model.eval().requires_grad_(False)


def clean(prompt: str) -> str:
    """A prompt as the published encoder was fed: entities undone twice, white space collapsed, encoding mended."""
    try:
        from ftfy import fix_text
    except ImportError as error:
        raise ValueError(MISSING.replace("transformers", "ftfy")) from error
    return re.sub(r"\s+", " ", html.unescape(html.unescape(fix_text(prompt)))).strip()


class UMT5Text(nn.Module):
    """Prompts to rows of text features."""

    def __init__(self, model: "UMT5EncoderModel", tokenizer: Any) -> None:
        super().__init__()
        self.model, self.tokenizer = model, tokenizer

    @classmethod
    def load(cls, state: Mapping[str, Tensor], tokenizer: Path) -> "UMT5Text":
        """`tokenizer`: the `tokenizer.json` that lies beside the published weights. Raises ValueError without it."""
        if not tokenizer.is_file():
            raise ValueError(f"no tokenizer at {tokenizer}: run livetalk download 1.3b")
        model = build_umt5(state)
        from tokenizers import Tokenizer

        words = Tokenizer.from_file(str(tokenizer))
        words.enable_truncation(TOKENS)
        return cls(model, words)

    @torch.inference_mode()
    def encode(self, prompts: Sequence[str]) -> Float[Tensor, "b s e"]:
        """[b, 512, width] rows in the weights' dtype, zero past each prompt's last token."""
        device = self.model.shared.weight.device
        ids = torch.zeros(len(prompts), TOKENS, dtype=torch.long, device=device)
        mask = torch.zeros_like(ids)
        for row, prompt in enumerate(prompts):
            found = torch.tensor(self.tokenizer.encode(clean(prompt)).ids, device=device)
            ids[row, : len(found)], mask[row, : len(found)] = found, 1
        return self(ids, mask)

    def forward(self, ids: Int[Tensor, "b s"], mask: Int[Tensor, "b s"]) -> Float[Tensor, "b s e"]:
        return embed(self.model, ids, mask)


def embed(model: "UMT5EncoderModel", ids: Int[Tensor, "b s"], mask: Int[Tensor, "b s"]) -> Float[Tensor, "b s e"]:
    """Features of token ids; mask is 1 for text and 0 for padding, whose rows come out zero."""
    rows = model(input_ids=ids, attention_mask=mask).last_hidden_state
    return rows * mask[..., None].to(rows.dtype)
