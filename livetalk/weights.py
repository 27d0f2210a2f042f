"""Weights on disk: safetensors files, and bundles of 8 bits a weight that are small enough to ship.

A bundle holds matrices and kernels as whole numbers from -96 to 96 with one float16 scale an output channel (the
first axis), symmetric about 0, and everything small as float16. On disk the codes are Huffman-coded, which loses
nothing and takes a seventh off: of weights spread like a bell the outer codes are rare. Knows names, shapes and
numbers; not which network they are for.
"""

import json
import os
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import torch
from jaxtyping import Float, Int8
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

State = dict[str, Tensor]

SMALLEST_QUANTISED = 1024  # numbers in a tensor; below it 8 bits would save nothing worth an error
# int8 codes on either side of 0. With all 127 a bundle is 0.4 bits a weight larger, and weights are off by 1.2 % of
# their spread instead of 0.9 %: neither is seen.
CODES = 96
SCALE = ":scale"  # after a tensor's name; no module can name a parameter so
SHAPE = ":shape"  # likewise: of codes that are stored as Huffman-coded bytes
FORMAT, VERSION = "livetalk_bundle", "2"  # metadata by which a bundle is known
READABLE = ("1", VERSION)  # in version 1 the codes lay there as they are
LONGEST_HEADER = 100_000_000  # bytes that the format allows
NAMED = 3  # differing tensors that an error names


def save_tensors(path: Path, state: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None) -> None:
    """Write a safetensors file; under the asked name there is either all of it or what was there before."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        tensors = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in state.items()}
        save_file(tensors, part, metadata=dict(metadata or {}))
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def load_tensors(path: Path, device: torch.device | str = "cpu") -> tuple[State, dict[str, str]]:
    """Tensors and metadata of a safetensors file.

    Raises:
        ValueError: there is no such file, or it cannot be read.
    """
    if not path.is_file():
        raise ValueError(f"no weights at {path}: check the path")
    try:
        with safe_open(path, "pt", device=str(device)) as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except SafetensorError as error:
        raise ValueError(f"{path} is damaged or no safetensors file ({error}): get it again") from error


def version_of(path: Path) -> str:
    """The version in a safetensors file's metadata, without its tensors; "unversioned" where none can be read."""
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header = cast("dict[str, dict[str, str]]", json.loads(file.read(min(length, LONGEST_HEADER))))
        return header.get("__metadata__", {}).get("version", "unversioned")
    except (OSError, ValueError):
        return "unversioned"


def is_bundle(metadata: Mapping[str, str]) -> bool:
    """True if a safetensors file with this metadata is a bundle."""
    return FORMAT in metadata


def quantise(state: Mapping[str, Tensor], codes: int = CODES) -> State:
    """Codes (int8) and scales (float16, under `name:scale`) of large floating tensors; small ones as float16.

    codes: on either side of 0; fewer are coarser, and take less once `compress` has coded them (15: 4 bits a weight).

    A tensor is large if it has two axes or more, at least `SMALLEST_QUANTISED` numbers and more than one output
    channel. Tensors of whole numbers stay as they are.

    Raises:
        ValueError: a tensor holds NaN, infinity or what float16 cannot hold.
    """
    packed: State = {}
    for name, tensor in state.items():
        tensor = tensor.detach().cpu()
        if not tensor.is_floating_point():
            packed[name] = tensor
            continue
        half = tensor.half()
        if not half.isfinite().all():
            raise ValueError(f"{name} holds numbers that are not finite in float16: these weights cannot be bundled")
        if tensor.ndim > 1 and len(tensor) > 1 and tensor.numel() >= SMALLEST_QUANTISED:
            packed[name], packed[name + SCALE] = _codes(tensor, codes)
        else:
            packed[name] = half
    return packed


def _codes(tensor: Float[Tensor, "c ..."], most: int) -> tuple[Int8[Tensor, "c ..."], Float[Tensor, " c"]]:
    rows = tensor.float().flatten(1)
    scale = (rows.abs().amax(1) / most).half()
    # Codes are for the scale as stored, rounding included. Where it vanishes in float16, so do the weights.
    steps = scale.float().where(scale > 0, torch.inf)
    codes = (rows / steps[:, None]).round()
    return codes.clamp(-most, most).to(torch.int8).view(tensor.shape), scale


def dequantise(packed: Mapping[str, Tensor], dtype: torch.dtype = torch.float32) -> State:
    """The state that `quantise` packed, in `dtype`; each weight off by at most about half a scale."""
    state: State = {}
    for name, tensor in packed.items():
        if name.endswith(SCALE):
            continue
        scale = packed.get(name + SCALE)
        if scale is not None:
            tensor = tensor.float() * scale.float().view(-1, *[1] * (tensor.ndim - 1))
        state[name] = tensor.to(dtype) if tensor.is_floating_point() else tensor
    return state


def compress(packed: Mapping[str, Tensor]) -> State:
    """The state that `quantise` gave, its codes as Huffman-coded bytes (uint8) with their shape under `name:shape`."""
    small: State = {}
    for name, tensor in packed.items():
        if name + SCALE not in packed:
            small[name] = tensor
            continue
        coder = zlib.compressobj(9, strategy=zlib.Z_HUFFMAN_ONLY)  # repeats, which weights have none of, are not sought
        data = coder.compress(tensor.contiguous().numpy().tobytes()) + coder.flush()
        small[name], small[name + SHAPE] = (
            torch.frombuffer(bytearray(data), dtype=torch.uint8),
            torch.tensor(tensor.shape),
        )
    return small


def decompress(small: Mapping[str, Tensor]) -> State:
    """The state that `compress` was given."""
    packed = {name: tensor for name, tensor in small.items() if not name.endswith(SHAPE)}
    for name, tensor in packed.items():
        if name + SHAPE in small:
            codes = bytearray(zlib.decompress(tensor.numpy().tobytes()))
            packed[name] = torch.frombuffer(codes, dtype=torch.int8).view(small[name + SHAPE].tolist())
    return packed


def save_bundle(
    path: Path, state: Mapping[str, Tensor], metadata: Mapping[str, str], codes: Mapping[str, int] | None = None
) -> None:
    """Quantise and compress `state` and write it with `metadata` (such as preset, version, training step) beside it.

    codes: of tensors whose name begins so, where they are to be coarser than the others (`quantise`).
    """
    packed: State = {}
    for name, tensor in state.items():
        coarser = (count for start, count in (codes or {}).items() if name.startswith(start))
        packed |= quantise({name: tensor}, next(coarser, CODES))
    save_tensors(path, compress(packed), {**metadata, FORMAT: VERSION})


def load_bundle(path: Path, dtype: torch.dtype = torch.float32) -> tuple[State, dict[str, str]]:
    """State and metadata of a bundle.

    Raises:
        ValueError: no such file, a damaged one, or one that is no bundle of a version known here.
    """
    small, metadata = load_tensors(path)
    version = metadata.pop(FORMAT, None)
    if version is None:
        raise ValueError(f"{path} is not a bundle of weights: make one with save_bundle")
    if version not in READABLE:
        known = " and ".join(READABLE)
        raise ValueError(f"{path} is a bundle of version {version}, this livetalk reads {known}: use matching ones")
    try:
        return dequantise(decompress(small), dtype), metadata
    except (zlib.error, RuntimeError) as error:
        raise ValueError(f"{path} is damaged ({error}): get it again") from error


def load_mean(paths: Sequence[Path]) -> State:
    """The mean of the weights of several files of one network, floats or bundles; of one file its weights.

    Raises:
        ValueError: a file cannot be read, or holds tensors of other names or shapes than the first.
    """
    mean: State = {}
    for path in paths:
        tensors, metadata = load_tensors(path)
        state = load_bundle(path)[0] if is_bundle(metadata) else {name: t.float() for name, t in tensors.items()}
        mean = mean or {name: torch.zeros_like(tensor) for name, tensor in state.items()}
        if {n: t.shape for n, t in state.items()} != {n: t.shape for n, t in mean.items()}:
            raise ValueError(f"{path} is not of the same network as {paths[0]}: give runs of one network")
        for name, tensor in state.items():
            mean[name] += tensor / len(paths)
    return mean


def load_into(module: nn.Module, state: Mapping[str, Tensor], assign: bool = False) -> None:
    """Copy `state` into `module`, which keeps its dtype and device. Names and shapes must be the same.

    assign: take the tensors as they are instead, dtype and device included; for modules built without storage.

    Raises:
        ValueError: they are not; names the first tensors that differ. The module is left as it was.
    """
    own = module.state_dict()
    differences = [
        *(f"{name} is missing" for name in own if name not in state),
        *(f"{name} is not in the model" for name in state if name not in own),
        *(
            f"{name} is {list(state[name].shape)} instead of {list(own[name].shape)}"
            for name in own
            if name in state and state[name].shape != own[name].shape
        ),
    ]
    if differences:
        more = f" and {len(differences) - NAMED} more" if len(differences) > NAMED else ""
        raise ValueError(
            f"weights do not fit {type(module).__name__}: {'; '.join(differences[:NAMED])}{more}. "
            "They were made for another preset or version: give the ones that belong to it"
        )
    module.load_state_dict(dict(state), assign=assign)
