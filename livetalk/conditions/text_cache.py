"""Text features on disk, so that a large text encoder need not stay in memory: a prompt is encoded once.

A file a prompt, named by a hash of the prompt and of which encoder it was. Rows past the last token are zero and
not stored. Knows no encoder; it is handed a function that loads one, which is called only if a prompt is new.
"""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import torch
from jaxtyping import Float
from torch import Tensor

from livetalk.weights import load_tensors, save_tensors

FORMAT = "1"  # of the files; a new one makes new names
ROWS = "rows"


class TextFeatures(Protocol):
    """Text encoder, as the cache needs it."""

    def encode(self, prompts: Sequence[str], /) -> Float[Tensor, "b s e"]: ...


class TextCache:
    """`encode` as an encoder has it, from `folder` where possible.

    encoder: names the weights (such as their hash); features of different encoders never mix. tokens: rows a prompt.
    """

    def __init__(self, folder: Path, encoder: str, load: Callable[[], TextFeatures], tokens: int = 512) -> None:
        self.folder, self.encoder, self.load, self.tokens = folder, encoder, load, tokens

    def path_of(self, prompt: str) -> Path:
        key = "\0".join((FORMAT, self.encoder, str(self.tokens), prompt))
        return self.folder / f"{hashlib.sha256(key.encode()).hexdigest()}.safetensors"

    def encode(self, prompts: Sequence[str]) -> Float[Tensor, "b s e"]:
        """Features of the prompts on the CPU; the encoder is loaded for new ones only and let go afterwards."""
        if new := [prompt for prompt in dict.fromkeys(prompts) if not self._kept(prompt)]:
            self.folder.mkdir(parents=True, exist_ok=True)
            encoder = self.load()
            for prompt in new:
                self._keep(prompt, encoder.encode([prompt])[0].cpu())
        return torch.stack([self._read(prompt) for prompt in prompts])

    def _kept(self, prompt: str) -> bool:
        """Whether a file can be read; a damaged one is made anew."""
        try:
            return ROWS in load_tensors(self.path_of(prompt))[0]
        except ValueError:
            return False

    def _keep(self, prompt: str, features: Float[Tensor, "s w"]) -> None:
        if len(features) != self.tokens:
            raise ValueError(f"the encoder gives {len(features)} rows: make the cache for as many, not {self.tokens}")
        used = features.any(-1).nonzero()
        last = int(used[-1]) + 1 if len(used) else 0
        save_tensors(self.path_of(prompt), {ROWS: features[:last]})

    def _read(self, prompt: str) -> Float[Tensor, "s w"]:
        rows = load_tensors(self.path_of(prompt))[0][ROWS]
        return torch.cat([rows, rows.new_zeros(self.tokens - len(rows), rows.shape[1])])
