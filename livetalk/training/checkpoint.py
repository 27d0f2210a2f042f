"""Checkpoints on disk: a kill at any moment leaves the newest complete one loadable.

A file is written beside its final name, flushed to the disk and renamed; only then are older ones removed. Knows
nothing of what it stores, except that it is plain containers and tensors (read back with `weights_only=True`).
"""

import os
import pickle
import re
from contextlib import suppress
from pathlib import Path

import torch

from livetalk.training.distributed import State

NAME = re.compile(r"step_(\d{9})\.pt")


class Checkpoints:
    """A folder of `step_000000123.pt` files, the last `keep` of which stay."""

    def __init__(self, folder: Path, keep: int = 2) -> None:
        if keep < 1:
            raise ValueError(f"keep at least one checkpoint, not {keep}")
        self.folder, self.keep = folder, keep

    def steps(self) -> list[int]:
        """Steps of the complete checkpoints, oldest first."""
        if not self.folder.is_dir():
            return []
        return sorted(int(m[1]) for p in self.folder.iterdir() if (m := NAME.fullmatch(p.name)))

    def path(self, step: int) -> Path:
        return self.folder / f"step_{step:09d}.pt"

    def save(self, step: int, state: State) -> Path:
        """Write `state` as the checkpoint of `step`; removes what is older than the last `keep`.

        Raises ValueError if the disk is full or the folder cannot be written; older checkpoints then stay.
        """
        target = self.path(step)
        part = target.with_suffix(".part")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as file:
                torch.save(state, file)
                file.flush()
                os.fsync(file.fileno())
            part.replace(target)
            _sync_folder(self.folder)
        except (OSError, RuntimeError) as error:  # torch wraps a failed write in RuntimeError
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise ValueError(f"cannot write {target}: {error}; free some space or choose another --out") from error
        for old in self.steps()[: -self.keep]:
            self.path(old).unlink(missing_ok=True)
        for stale in self.folder.glob("*.part"):
            stale.unlink(missing_ok=True)
        return target

    def newest(self, device: torch.device | str = "cpu") -> tuple[int, State] | None:
        """Step and state of the newest checkpoint that can be read, or None if there is none at all.

        Raises ValueError if there are checkpoints and none is readable: starting over silently would destroy them.
        """
        steps = self.steps()
        for step in reversed(steps):
            try:
                return step, torch.load(self.path(step), map_location=device, weights_only=True)
            except (OSError, EOFError, RuntimeError, pickle.UnpicklingError):
                continue
        if steps:
            raise ValueError(f"no checkpoint in {self.folder} can be read; move the folder away to start over")
        return None


def _sync_folder(folder: Path) -> None:
    """Make the rename itself durable (a power cut could otherwise undo it)."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
