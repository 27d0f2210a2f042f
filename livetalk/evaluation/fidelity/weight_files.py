"""Weight files of published judges: found on disk or on the hub, and held to the names and shapes that are expected."""

import hashlib
import re
import warnings
from pathlib import Path
from typing import cast

import torch
from torch import nn

from livetalk.published.files import read_checkpoint
from livetalk.published.hub import DownloadCache, Hub, Source, default_folder

HUB = "hf:"  # begins names of files on the hub: hf:OWNER/REPOSITORY/FILE
COUNTERS = "num_batches_tracked"  # of training; some files hold it, some do not
NAMED_HASH = re.compile(r"-([0-9a-f]{8})\.\w+$")  # torch's habit: the first digits of the SHA-256
SHOWN = 3


def weight_file(given: str) -> Path:
    """A path, or a file of the hub as `hf:OWNER/REPOSITORY/FILE`, fetched and verified if it is not here yet.

    Raises ValueError, with what to do, for a file that is not there or whose name says another hash.
    """
    path = _fetched(given) if given.startswith(HUB) else Path(given).expanduser()
    if not path.is_file():
        raise ValueError(f"no weights at {path}: check the path, or give {HUB}OWNER/REPOSITORY/FILE of the hub")
    if named := NAMED_HASH.search(path.name):
        with path.open("rb") as content:
            found = hashlib.file_digest(content, "sha256").hexdigest()
        if not found.startswith(named[1]):
            raise ValueError(f"{path} is damaged: its SHA-256 begins with {found[:8]}; get it again")
    return path


def load_checked(network: nn.Module, path: Path, kind: str) -> None:
    """Weights of a file into a network without storage.

    kind: what the file should be, for the sentence. Raises ValueError that names the first keys that do not fit.
    """
    state = {name: tensor for name, tensor in read_checkpoint(path).items() if not name.endswith(COUNTERS)}
    own = {name: tensor for name, tensor in network.state_dict().items() if not name.endswith(COUNTERS)}
    wrong = [
        *(f"{name} is missing" for name in own if name not in state),
        *(
            f"{name} is {list(state[name].shape)} instead of {list(tensor.shape)}"
            for name, tensor in own.items()
            if name in state and state[name].shape != tensor.shape
        ),
        *(f"{name} is not in it" for name in state if name not in own),
    ]
    if wrong:
        more = f" and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
        raise ValueError(f"{path} is not {kind}: {'; '.join(wrong[:SHOWN])}{more}")
    counters = {name: torch.tensor(0) for name in network.state_dict() if name.endswith(COUNTERS)}
    network.load_state_dict({name: tensor.float() for name, tensor in state.items()} | counters, assign=True)


def load_script(path: Path, device: str, kind: str) -> nn.Module:
    """A TorchScript file, to be called only. Raises ValueError, saying what `kind` it should be, for any other file."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of scripts as such; published judges are some
            return cast("nn.Module", torch.jit.load(path, map_location=device)).eval()
    except RuntimeError as error:
        raise ValueError(f"{path} is no TorchScript file: give {kind}") from error


def _fetched(given: str) -> Path:
    owner, _, rest = given.removeprefix(HUB).partition("/")
    repository, _, file = rest.partition("/")
    if not file:
        raise ValueError(f"{given} names no file of the hub: write {HUB}OWNER/REPOSITORY/FILE")
    hub, cache = Hub(), DownloadCache(default_folder())
    if (kept := cache.folder / owner / repository / file).is_file():
        return kept
    try:
        listed = hub.list(Source(f"{owner}/{repository}", (file,), "see the repository"))
    except OSError as error:
        raise ValueError(f"{given}: {error}; check the connection, or give a file") from error
    for wanted in cache.missing(listed):
        cache.room([wanted])
        hub.fetch(wanted, cache.folder)
        cache.note(wanted)
    return kept
