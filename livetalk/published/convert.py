"""Conversion of published checkpoints to safetensors: names mapped, an adapter merged, every number checked.

Tensors pass one at a time, so that 14 billion parameters need the memory of a few matrices. What the file is for is
read off its names; whether it fits is known before anything is written.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import torch
from torch import Tensor

from livetalk.codec.wan import load_wan
from livetalk.conditions.speech_wav2vec2 import build_wav2vec2
from livetalk.conditions.text_umt5 import build_umt5
from livetalk.published.files import Spec, read_checkpoint, write_safetensors
from livetalk.published.transformer import Lora, Merged, Renamed, load_dit

Report = Callable[[int, int], None]
"""Told how many tensors of how many are written."""


def convert(
    source: Path,
    out: Path,
    *,
    adapter: Path | None = None,
    config: Path | None = None,
    dtype: torch.dtype | None = None,
    report: Report = lambda done, of: None,
) -> str:
    """Write `source` to `out` as safetensors; returns what it is: transformer, codec, text or speech.

    adapter: OmniAvatar's file, merged in float32 by the rank and alpha of `config` (config.json beside it by default).
    dtype: of the numbers written; by default the source's, and float32 if merged.

    Raises:
        ValueError: nothing readable, a file that fits none of ours, NaN or infinity; `out` is then not written.
    """
    if out.suffix != ".safetensors":
        raise ValueError(f"{out} must end in .safetensors")
    state = read_checkpoint(source)
    if adapter is not None:
        state = Merged(state, read_checkpoint(adapter), _lora(config or adapter.with_name("config.json")))
    elif "patch_embedding.weight" in state:
        state = Renamed(state)
    specs = {name: _spec(state, name, dtype) for name in sorted(state)}
    kind = _kind({name: torch.empty(shape, device="meta") for name, (_, shape) in specs.items()})
    write_safetensors(out, specs, _checked(state, specs, report), {"livetalk_kind": kind})
    return kind


def _lora(config: Path) -> Lora:
    if not config.is_file():
        raise ValueError(f"no {config}: give OmniAvatar's config.json with --config, it tells rank and alpha")
    try:
        return Lora.of(json.loads(config.read_text()))
    except json.JSONDecodeError as error:
        raise ValueError(f"{config} is not JSON ({error}): get it again") from error


def _spec(state: Mapping[str, Tensor], name: str, dtype: torch.dtype | None) -> Spec:
    own, shape = state.spec(name) if isinstance(state, Merged) else (state[name].dtype, tuple(state[name].shape))
    return (dtype if dtype and own.is_floating_point else own), shape


def _kind(blank: dict[str, Tensor]) -> str:
    """What a checkpoint is, judged by loading its names and shapes."""
    if "patch_embedding.weight" in blank:
        load_dit(blank)
        return "transformer"
    if "encoder.conv1.weight" in blank:
        load_wan(blank)
        return "codec"
    if "token_embedding.weight" in blank:
        build_umt5(blank)
        return "text"
    if any("feature_extractor.conv_layers" in name for name in blank):
        build_wav2vec2(blank)
        return "speech"
    first = ", ".join(list(blank)[:3]) or "no tensors"
    raise ValueError(f"this is not a checkpoint we know ({first}): give a published transformer, VAE or encoder")


def _checked(state: Mapping[str, Tensor], specs: Mapping[str, Spec], report: Report) -> Iterator[tuple[str, Tensor]]:
    for done, (name, (dtype, _)) in enumerate(specs.items(), 1):
        tensor = state[name].to(dtype)
        if tensor.is_floating_point() and not tensor.isfinite().all():
            raise ValueError(f"{name} holds NaN or infinity: get the files again, or write float32")
        yield name, tensor
        report(done, len(specs))
