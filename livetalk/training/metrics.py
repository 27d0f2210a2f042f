"""Metrics log of a run: JSON lines always, TensorBoard where it is installed.

Knows numbers and names. It never waits for a device by itself: the loop hands over host numbers.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TextIO

from torch import Tensor

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter


class Averages:
    """Sums step metrics where they lie (no device synchronisation) until they are asked for."""

    def __init__(self) -> None:
        self._sums: dict[str, Tensor | float] = {}
        self._counts: dict[str, int] = {}

    def add(self, metrics: Mapping[str, Tensor | float]) -> None:
        """Add one step's metrics: numbers or one-element tensors. A NaN stays visible in the mean."""
        for name, value in metrics.items():
            value = value.detach().float().reshape(()) if isinstance(value, Tensor) else float(value)
            self._sums[name] = self._sums.get(name, 0.0) + value
            self._counts[name] = self._counts.get(name, 0) + 1

    def take(self) -> dict[str, float]:
        """Means since the last call; waits for the device."""
        means = {name: float(total) / self._counts[name] for name, total in self._sums.items()}
        self._sums, self._counts = {}, {}
        return means


class MetricsLog:
    """`metrics.jsonl` and `events.jsonl` in `folder`, and a TensorBoard record in `folder/tensorboard`.

    Args:
        resume_step: what an earlier, killed run wrote beyond this step is dropped; None starts empty files.
        tensorboard: ask for the TensorBoard record; done without if the package is missing.
    """

    def __init__(self, folder: Path, resume_step: int | None = None, tensorboard: bool = True) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._metrics = _reopen(folder / "metrics.jsonl", resume_step)
        self._events = _reopen(folder / "events.jsonl", resume_step)
        self._board = _tensorboard(folder / "tensorboard", resume_step) if tensorboard else None

    def write(self, step: int, metrics: Mapping[str, float]) -> None:
        _append(self._metrics, {"step": step, **metrics})
        if self._board is not None:
            for name, value in metrics.items():
                self._board.add_scalar(name, value, step)

    def event(self, step: int, kind: str, message: str) -> None:
        _append(self._events, {"step": step, "kind": kind, "message": message})
        if self._board is not None:
            self._board.add_text(kind, message, step)

    def close(self) -> None:
        self._metrics.close()
        self._events.close()
        if self._board is not None:
            self._board.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The records of a JSON-lines file; a last line cut short by a kill is left out. Missing file: none."""
    records = []
    if path.exists():
        for line in path.read_text().splitlines():
            with suppress(json.JSONDecodeError):
                records.append(json.loads(line))
    return records


def _reopen(path: Path, resume_step: int | None) -> TextIO:
    kept = [] if resume_step is None else [r for r in read_lines(path) if r["step"] <= resume_step]
    fresh = path.with_suffix(".part")
    fresh.write_text("".join(json.dumps(r) + "\n" for r in kept))
    fresh.replace(path)
    return path.open("a")


def _append(file: TextIO, record: Mapping[str, object]) -> None:
    file.write(json.dumps(record) + "\n")
    file.flush()


def _tensorboard(folder: Path, resume_step: int | None) -> "SummaryWriter | None":
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder), purge_step=None if resume_step is None else resume_step + 1)
