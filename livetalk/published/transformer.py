"""Published transformers: sizes read off their tensors, names of diffusers mapped, OmniAvatar's LoRA merged.

All of it works on names and tensors by name, one at a time; files are the caller's. Sources: Wan2.1 (arXiv
2503.20314), OmniAvatar (arXiv 2506.18866), LiveTalk (arXiv 2512.23576).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from livetalk.dit.config import DiTConfig, published_audio_blocks
from livetalk.dit.model import DiT
from livetalk.weights import load_into

HEAD_WIDTH = 128  # of every published transformer: tensors do not tell the number of heads
FRAMES_PER_LATENT = 4

_DIFFUSERS = (
    (r"^condition_embedder\.text_embedder\.linear_1\.", "text_embedding.0."),
    (r"^condition_embedder\.text_embedder\.linear_2\.", "text_embedding.2."),
    (r"^condition_embedder\.time_embedder\.linear_1\.", "time_embedding.0."),
    (r"^condition_embedder\.time_embedder\.linear_2\.", "time_embedding.2."),
    (r"^condition_embedder\.time_proj\.", "time_projection.1."),
    (r"^scale_shift_table$", "head.modulation"),
    (r"^proj_out\.", "head.head."),
    (r"^(blocks\.\d+\.)attn1\.", r"\1self_attn."),
    (r"^(blocks\.\d+\.)attn2\.", r"\1cross_attn."),
    (r"^(blocks\.\d+\.\w+_attn\.)to_([qkv])\.", r"\1\2."),
    (r"^(blocks\.\d+\.\w+_attn\.)to_out\.0\.", r"\1o."),
    (r"^(blocks\.\d+\.ffn\.)net\.0\.proj\.", r"\g<1>0."),
    (r"^(blocks\.\d+\.ffn\.)net\.2\.", r"\g<1>2."),
    (r"^(blocks\.\d+\.)norm2\.", r"\1norm3."),
    (r"^(blocks\.\d+\.)scale_shift_table$", r"\1modulation"),
)
_LORA = re.compile(r"^(.+)\.lora_([AB])(?:\.[^.]+)?\.weight$")


def native_name(name: str) -> str:
    """A tensor's name in the published checkpoints, given that or the one diffusers has for it."""
    for pattern, replacement in _DIFFUSERS:
        name = re.sub(pattern, replacement, name)
    return name


class Renamed(Mapping[str, Tensor]):
    """A state under the published names; tensors are fetched when asked for."""

    def __init__(self, state: Mapping[str, Tensor]) -> None:
        self._state, self._names = state, {native_name(name): name for name in state}

    def __getitem__(self, name: str) -> Tensor:
        return self._state[self._names[name]]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def config_of(state: Mapping[str, Tensor]) -> DiTConfig:
    """Sizes of a published audio transformer.

    Raises:
        ValueError: a tensor that tells a size is missing or of no such shape.
    """
    try:
        dim, channels, _, _, patch = state["patch_embedding.weight"].shape
        text_dim = state["text_embedding.0.weight"].shape[1]
        freq_dim = state["time_embedding.0.weight"].shape[1]
        ffn_dim = len(state["blocks.0.ffn.0.weight"])
        audio_hidden, packed = state["audio_proj.proj.weight"].shape
    except KeyError as error:
        base = "; the plain Wan2.1 has no audio layers: merge OmniAvatar's into it with livetalk convert"
        hint = base if error.args[0].startswith("audio") else ""
        raise ValueError(
            f"no audio transformer: {error.args[0]} is missing{hint or ': give a published file'}"
        ) from None
    except ValueError:
        shape = list(state["patch_embedding.weight"].shape)
        raise ValueError(f"patch_embedding.weight is {shape} and should have 5 axes: give a published file") from None
    layers = len({name.split(".")[1] for name in state if name.startswith("blocks.")})
    return DiTConfig(
        dim=dim,
        layers=layers,
        heads=max(1, dim // HEAD_WIDTH),
        ffn_dim=ffn_dim,
        latent_channels=(channels - 1) // 2,
        text_dim=text_dim,
        audio_dim=packed // FRAMES_PER_LATENT,
        audio_hidden=audio_hidden,
        audio_blocks=published_audio_blocks(layers),
        freq_dim=freq_dim,
        patch=patch,
    )


def load_dit(state: Mapping[str, Tensor], expected: DiTConfig | None = None) -> DiT:
    """The transformer of a checkpoint (published or diffusers names), holding the checkpoint's own tensors.

    expected: sizes it must have, those of a preset; by default whatever the tensors say.

    Raises:
        ValueError: names or shapes differ; names the first of them.
    """
    state = Renamed(state)
    with torch.device("meta"):
        model = DiT(expected or config_of(state))
    load_into(model, state, assign=True)
    return model.eval()


@dataclass(frozen=True)
class Lora:
    """LoRA settings of OmniAvatar's config.json: W + alpha / rank * B A."""

    rank: int
    alpha: float

    @classmethod
    def of(cls, config: Mapping[str, object]) -> "Lora":
        """Raises ValueError if rank or alpha is missing or not positive: a guess would be a wrong scale."""
        rank, alpha = config.get("lora_rank"), config.get("lora_alpha")
        if not isinstance(rank, int) or not isinstance(alpha, int | float) or rank <= 0 or alpha <= 0:
            raise ValueError(f"config has lora_rank {rank}, lora_alpha {alpha}: give OmniAvatar's config.json")
        return cls(rank, float(alpha))


class Merged(Mapping[str, Tensor]):
    """A base with an adapter's matrices added and its whole tensors put in; float32, computed when asked for."""

    def __init__(self, base: Mapping[str, Tensor], adapter: Mapping[str, Tensor], lora: Lora) -> None:
        """Raises ValueError if parts of the adapter are missing, belong to nothing or have another rank."""
        self._base, self._adapter, self._scale = Renamed(base), adapter, lora.alpha / lora.rank
        self._pairs: dict[str, dict[str, str]] = {}
        self._whole: dict[str, str] = {}
        for name in adapter:
            if found := _LORA.match(name):
                target = native_name(found[1].replace("base_layer.", "") + ".weight")
                self._pairs.setdefault(target, {})[found[2]] = name
            else:
                self._whole[native_name(name.replace(".base_layer", ""))] = name
        for target, pair in self._pairs.items():
            self._check(target, pair, lora.rank)
        self._names = list(dict.fromkeys([*self._base, *self._whole]))

    def _check(self, target: str, pair: dict[str, str], rank: int) -> None:
        if set(pair) != {"A", "B"}:
            raise ValueError(f"the adapter has half of a pair for {target}: get it again")
        if target not in self._base:
            raise ValueError(f"the adapter changes {target}, which the base has not: give the base of its size")
        a, b, shape = self._adapter[pair["A"]], self._adapter[pair["B"]], self._base[target].shape
        if len(a) != rank or b.shape[1] != rank:
            raise ValueError(f"the adapter of {target} has rank {len(a)}, its config says {rank}: give its own config")
        if (len(b), a.shape[1]) != tuple(shape):
            raise ValueError(f"the adapter of {target} is for {[len(b), a.shape[1]]}, the base has {list(shape)}")

    def spec(self, name: str) -> tuple[torch.dtype, tuple[int, ...]]:
        """dtype and shape of a tensor, without the work of merging it."""
        source = self._adapter[self._whole[name]] if name in self._whole else self._base[name]
        return torch.float32, tuple(source.shape)

    def __getitem__(self, name: str) -> Tensor:
        if name in self._whole:
            tensor = self._adapter[self._whole[name]].float()
        else:
            tensor = self._base[name].float()
        if pair := self._pairs.get(name):
            tensor = tensor + self._scale * (self._adapter[pair["B"]].float() @ self._adapter[pair["A"]].float())
        return tensor

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)
