"""Progress display of a run: a bar in a terminal, plain lines elsewhere.

Knows how far the run is and a few numbers; only rank 0 has one that speaks.
"""

import time
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

SHOWN = 5  # metrics shown at once


class ProgressLine:
    """Progress of one run.

    Args:
        title: what runs.
        speak: False shows nothing (ranks other than 0).
        every: seconds between plain lines where there is no terminal.
    """

    def __init__(self, title: str, console: Console | None = None, speak: bool = True, every: float = 30.0) -> None:
        self.title, self.speak, self.every = title, speak, every
        self.console = console or Console(stderr=True)
        self._bar = _bar(self.console) if speak and self.console.is_terminal else None
        self._task = self._bar.add_task(title, total=1.0, numbers="") if self._bar else None
        self._spoken = float("-inf")

    def update(self, progress: float, step: int, metrics: Mapping[str, float]) -> None:
        """Show that `step` steps are done; a plain line only every so often (and at the end)."""
        numbers = "  ".join(f"{n} {v:.4g}" for n, v in list(metrics.items())[:SHOWN])
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=min(progress, 1.0), numbers=f"step {step}  {numbers}")
        elif self.speak and (progress >= 1.0 or time.monotonic() - self._spoken >= self.every):
            self._spoken = time.monotonic()
            self._line(f"{self.title}  {progress:6.1%}  step {step}  {numbers}")

    def say(self, message: str) -> None:
        """One line that stays, above the bar."""
        if self.speak:
            self._line(message)

    def _line(self, text: str) -> None:
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[numbers]}"),
        console=console,
    )
