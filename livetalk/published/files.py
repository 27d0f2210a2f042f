"""Lazy readers of published checkpoints: `.pth`/`.pt` files, safetensors, several safetensors with an index.

And a writer of safetensors that holds one tensor at a time, for files larger than memory. Knows names, shapes and
files; not which network they are for.
"""

import json
import os
import pickle
import struct
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from livetalk.published.hub import need_room

WRAPPERS = ("model", "state_dict", "model_state", "generator_ema", "generator")  # what a .pt may nest its tensors under
# Left in names by the ways of training that wrap modules.
WRAPPED = ("_fsdp_wrapped_module.", "_checkpoint_wrapped_module.", "_orig_mod.")
INDEX = ".index.json"
# What PyTorch's reader raises, apart from UnpicklingError, for bytes that are no checkpoint.
UNREADABLE = (
    RuntimeError, EOFError, LookupError, ValueError, AssertionError, struct.error, zipfile.BadZipFile
)  # fmt: skip
NAMES = {
    torch.float32: "F32",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.float64: "F64",
    torch.int64: "I64",
    torch.int32: "I32",
    torch.uint8: "U8",
    torch.int8: "I8",
    torch.bool: "BOOL",
}

Spec = tuple[torch.dtype, tuple[int, ...]]


class SafetensorsFiles(Mapping[str, Tensor]):
    """Tensors of one or several safetensors files, read when asked for."""

    def __init__(self, paths: list[Path]) -> None:
        self._open = ExitStack()
        self._owner: dict[str, Any] = {}
        for path in paths:
            try:
                file = self._open.enter_context(safe_open(path, "pt"))
            except SafetensorError as error:
                raise ValueError(f"{path} is damaged or no safetensors file ({error}): get it again") from error
            except FileNotFoundError as error:
                raise ValueError(f"{path} is missing: the index beside it names it; get it again") from error
            self._owner |= dict.fromkeys(file.keys(), file)

    def __getitem__(self, name: str) -> Tensor:
        return self._owner[name].get_tensor(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._owner)

    def __len__(self) -> int:
        return len(self._owner)


def read_checkpoint(path: Path) -> Mapping[str, Tensor]:
    """Tensors of a checkpoint by name, wrappers taken off; from the disk as they are used.

    path: a file, an index of several, or a folder that holds one of them.

    Raises:
        ValueError: nothing is there, it cannot be read, or it holds more than tensors.
    """
    if path.is_dir():
        path = _only_one_in(path)
    if not path.is_file():
        raise ValueError(f"no checkpoint at {path}: check the path")
    if path.name.endswith(INDEX):
        files = json.loads(path.read_text())["weight_map"].values()
        return SafetensorsFiles([path.parent / name for name in sorted(set(files))])
    if path.suffix == ".safetensors":
        return SafetensorsFiles([path])
    try:
        mapped = zipfile.is_zipfile(path)  # files older than PyTorch 1.6 are not, and have to be read at once
        content = torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
    except pickle.UnpicklingError as error:  # its words fill a page, and advise to run whatever code the file holds
        raise ValueError(f"{path} is damaged or holds more than tensors: get it again") from error
    except UNREADABLE as error:
        reason = str(error).partition("\n")[0]
        raise ValueError(f"{path} is damaged or holds more than tensors: get it again ({reason})") from error
    return _unwrapped(content, path)


def _only_one_in(folder: Path) -> Path:
    for pattern in (f"*{INDEX}", "*.safetensors", "*.pth", "*.pt"):
        if found := sorted(folder.glob(pattern)):
            if len(found) == 1:
                return found[0]
            raise ValueError(f"{folder} holds {', '.join(f.name for f in found[:3])}: name the file you mean")
    raise ValueError(f"no checkpoint in {folder}: name a .pth, .pt or .safetensors file")


def _unwrapped(content: Any, path: Path) -> dict[str, Tensor]:
    while isinstance(content, dict) and (key := next((k for k in WRAPPERS if isinstance(content.get(k), dict)), None)):
        content = content[key]
    if not isinstance(content, dict) or not all(isinstance(value, Tensor) for value in content.values()):
        raise ValueError(f"{path} holds more than tensors by name: give a file of weights")
    state: dict[str, Tensor] = {}
    for name, tensor in content.items():
        for wrapped in WRAPPED:
            name = name.replace(wrapped, "")
        state[name] = tensor
    return without_prefix(state, "model.")


def without_prefix(state: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Names without a prefix that all of them have."""
    if state and all(name.startswith(prefix) for name in state):
        return {name.removeprefix(prefix): tensor for name, tensor in state.items()}
    return state


def write_safetensors(
    path: Path, specs: Mapping[str, Spec], tensors: Iterator[tuple[str, Tensor]], metadata: Mapping[str, str]
) -> None:
    """Write `tensors`, which come in the order of `specs`, one at a time; under `path` there is all of it or nothing.

    Raises:
        ValueError: the disk has too little room.
    """
    header: dict[str, Any] = {"__metadata__": dict(metadata)}
    end = 0
    for name, (dtype, shape) in specs.items():
        start, end = end, end + dtype.itemsize * torch.Size(shape).numel()
        header[name] = {"dtype": NAMES[dtype], "shape": list(shape), "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)  # the numbers begin at a multiple of 8
    need_room(path.parent, 8 + len(text) + end)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            file.write(len(text).to_bytes(8, "little") + text)
            for expected, (name, tensor) in zip(specs, tensors, strict=True):
                assert name == expected, f"{name} came instead of {expected}"
                assert specs[name] == (tensor.dtype, tuple(tensor.shape)), name
                file.write(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
