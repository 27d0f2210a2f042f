"""The small text encoder of `tiny`: a prompt to at most 24 token rows.

A token is a word: the hashed sum of itself and its character n-grams, so that words and spellings never seen
in training still land near their relatives. Two transformer layers read the words together. Rows past the last
word are zero; so is every row of an empty prompt, which is what "no text" means for guidance. Nothing here
knows what moods or gestures are (training/encoders.py supervises those) or what language is spoken.
"""

import re
import unicodedata
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import torch
from einops import rearrange
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional

from livetalk.conditions.speech_tiny import frozen, load_weights

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
# Words that never tell two prompts of this kind apart; leaving them out lets longer prompts fit.
STOP_WORDS = frozenset(["a", "an", "the", "is", "are", "be", "of", "and"])


@dataclass(frozen=True)
class TextEncoderConfig:
    """Shape of the encoder. Ids 1 .. buckets are hash buckets, 0 is padding."""

    tokens: int = 24
    text_width: int = 128
    width: int = 96
    heads: int = 4
    layers: int = 2
    table_width: int = 64
    buckets: int = 5000
    grams: int = 16  # ids a word at most: itself, then its n-grams from short to long
    gram_sizes: tuple[int, ...] = (4, 5)


def words_of(prompt: str) -> list[str]:
    """The words that count, lower case, accents dropped."""
    plain = unicodedata.normalize("NFKD", prompt.casefold())
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    return [word for word in WORD.findall(plain.replace("’", "'")) if word not in STOP_WORDS]


@lru_cache(maxsize=16_384)
def word_ids(word: str, config: TextEncoderConfig) -> tuple[int, ...]:
    """Bucket ids of a word and of its n-grams ("<" and ">" mark its ends), zeros to fill up."""
    marked = f"<{word}>"
    pieces = [marked]
    for size in config.gram_sizes:
        pieces += [marked[i : i + size] for i in range(len(marked) - size + 1) if size < len(marked)]
    ids = [1 + zlib.crc32(piece.encode()) % config.buckets for piece in pieces[: config.grams]]
    return (*ids, *(0 for _ in range(config.grams - len(ids))))


class TextLayer(nn.Module):
    """Attention among the words of a prompt, then a pointwise network."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.mlp = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )

    def forward(self, x: Float[Tensor, "b s d"], seen: Bool[Tensor, "b s"]) -> Float[Tensor, "b s d"]:
        q, k, v = rearrange(self.qkv(self.norm(x)), "b s (three k d) -> three b k s d", three=3, k=self.heads)
        mixed = functional.scaled_dot_product_attention(q, k, v, attn_mask=seen[:, None, None, :])
        x = x + self.out(rearrange(mixed, "b k s d -> b s (k d)"))
        return x + self.mlp(x)


class TextEncoder(nn.Module):
    """Prompts to tokens [b 24 128] of unit scale, zero rows where there is no word."""

    def __init__(self, config: TextEncoderConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or TextEncoderConfig()
        self.table = nn.Embedding(config.buckets + 1, config.table_width, padding_idx=0)
        self.widen = nn.Linear(config.table_width, config.width, bias=False)
        self.places = nn.Parameter(0.02 * torch.randn(config.tokens, config.width))
        # A word to attend to even where there is none, so that an empty prompt is not a division by zero.
        self.nothing = nn.Parameter(torch.zeros(config.width))
        self.layers = nn.ModuleList(TextLayer(config.width, config.heads) for _ in range(config.layers))
        self.out = nn.Linear(config.width, config.text_width)

    def tokenise(self, prompt: str) -> Int[Tensor, "s g"]:
        """Ids of the prompt's first 24 words that count."""
        ids = [word_ids(word, self.config) for word in words_of(prompt)[: self.config.tokens]]
        padded = torch.zeros(self.config.tokens, self.config.grams, dtype=torch.int64)
        if ids:
            padded[: len(ids)] = torch.tensor(ids)
        return padded

    def forward(self, ids: Int[Tensor, "b s g"]) -> Float[Tensor, "b s d"]:
        used = ids > 0
        seen = used.any(dim=-1)
        # The square root keeps the scale of a sum of many n-grams that of a sum of few.
        words = self.table(ids).sum(dim=2) / used.sum(dim=-1, keepdim=True).clamp(min=1).sqrt()
        x = torch.cat([self.nothing.expand(len(ids), 1, -1), self.widen(words) + self.places], dim=1)
        mask = functional.pad(seen, (1, 0), value=True)
        for layer in self.layers:
            x = layer(x, mask)
        rows = functional.layer_norm(self.out(x[:, 1:]), (self.config.text_width,))
        return rows * seen[..., None]

    def encode(self, prompts: Sequence[str]) -> Float[Tensor, "b s d"]:
        """Tokens of several prompts, on the device of the weights."""
        return self(torch.stack([self.tokenise(prompt) for prompt in prompts]).to(self.nothing.device))


def load_text_encoder(path: str | Path, config: TextEncoderConfig | None = None) -> TextEncoder:
    """A frozen encoder from its weights, a bundle or float16.

    Raises ValueError if there is no such file or it is not of this architecture.
    """
    encoder = TextEncoder(config)
    load_weights(encoder, path, "text encoder")
    return frozen(encoder)
