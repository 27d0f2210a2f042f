"""The training loop all stages share: budget, resume, checkpoints, samples, metrics, alarms.

A stage (stage.py) says what one step is; the loop says when it is over. Knows nothing of models, data or losses, and
files only through checkpoint.py and metrics.py.
"""

import signal
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from livetalk.runtime.process import ending_signals
from livetalk.training import rng
from livetalk.training.alarms import Alarm, Alarms
from livetalk.training.checkpoint import Checkpoints
from livetalk.training.config import LoopConfig
from livetalk.training.distributed import Distributed
from livetalk.training.metrics import Averages, MetricsLog
from livetalk.training.progress import ProgressLine
from livetalk.training.stage import Stage, StepContext


@dataclass(frozen=True)
class RunReport:
    """How a run ended. `why` is "done", "interrupted" or an alarm's message."""

    why: str
    step: int
    seconds: float  # earlier runs included
    metrics: Mapping[str, float]  # the last logged
    alarms: tuple[Alarm, ...]
    resumed_from: int | None


def run(stage: Stage, config: LoopConfig, folder: Path, world: Distributed | None = None) -> RunReport:
    """Train `stage` until its budget is used, resuming from `folder` if an earlier run left a checkpoint there.

    Ends early, with a checkpoint, after SIGINT, SIGTERM or SIGHUP; and without one after an alarm that stops (the
    state may be spoilt: the last good checkpoint stays). Raises ValueError on a full disk or unreadable checkpoints.
    """
    return _Run(stage, config, folder, world or Distributed()).go()


class _Run:
    def __init__(self, stage: Stage, config: LoopConfig, folder: Path, world: Distributed) -> None:
        self.stage, self.config, self.folder, self.world = stage, config, folder, world
        self.store = Checkpoints(folder / "checkpoints", config.keep)
        self.averages, self.alarms = Averages(), Alarms(config.alarms)
        self.step, self.spent = 0, 0.0  # spent: seconds of earlier runs
        self.last: dict[str, float] = {}
        self.rung: list[Alarm] = []
        self.resumed_from = self._resume()
        self.log = MetricsLog(folder, self.resumed_from, config.tensorboard) if world.is_main else None
        self.began = self.logged_at = self.saved_at = self.sampled_at = time.monotonic()
        self.logged_step = self.step
        self.saved_step = self.resumed_from
        self.line = ProgressLine(config.title, speak=world.is_main)

    def go(self) -> RunReport:
        with self.line, _deferred_signals() as interrupted:
            if self.resumed_from is not None:
                self.line.say(f"{self.config.title}: goes on from step {self.step}, {self.spent:.0f} s spent")
            try:
                why = self._steps(interrupted)
            finally:
                if self.log is not None:
                    self.log.close()
        return RunReport(why, self.step, self._elapsed(), self.last, tuple(self.rung), self.resumed_from)

    def _steps(self, interrupted: threading.Event) -> str:
        while True:
            tick, save, show, halt = self._plan(interrupted)
            over = tick.progress >= 1.0 or halt
            new = self.step > (self.resumed_from or 0)
            look = over or save or show or self.step % self.config.log_every == 0
            if look and self.step > self.logged_step:
                self._log(tick)
            if new and (show or (over and not halt)):
                self._sample(tick)
            if look and (message := self._stopping()):
                return message  # before a checkpoint: what rang must not overwrite what was good
            if (save or over) and self.step != self.saved_step:
                self._save()
            if over:
                return "interrupted" if halt else "done"
            self.averages.add(self.stage.step(tick))
            self.step += 1

    def _plan(self, interrupted: threading.Event) -> tuple[StepContext, bool, bool, bool]:
        """What to do now, decided by rank 0 so that no rank waits for another in vain."""
        now = time.monotonic()
        elapsed = self._elapsed()
        save = self.step > 0 and now - self.saved_at >= self.config.checkpoint_every_s
        show = self.step > 0 and now - self.sampled_at >= self.config.sample_every_s
        most = self.config.stop_after_s
        enough = interrupted.is_set() or (most is not None and now - self.began >= most)
        mine = [self.config.progress(self.step, elapsed), elapsed, save, show, enough]
        progress, elapsed, *flags = self.world.broadcast([float(x) for x in mine])
        save, show, halt = (bool(f) for f in flags)
        return StepContext(self.step, progress, elapsed), save, show, halt

    def _log(self, tick: StepContext) -> None:
        means = self.averages.take()
        now = time.monotonic()
        means["steps_per_s"] = (self.step - self.logged_step) / max(now - self.logged_at, 1e-9)
        self.logged_at, self.logged_step = now, self.step
        self.last = self.world.mean(means)
        self._record(tick, self.last)
        self._ring(self.alarms.metrics(self.step, self.last))
        self.line.update(tick.progress, self.step, self.last)

    def _sample(self, tick: StepContext) -> None:
        if self.world.is_main:
            folder = self.folder / "samples" / f"step_{self.step:09d}"
            folder.mkdir(parents=True, exist_ok=True)
            with rng.undisturbed():
                shown = self.stage.sample(folder, tick)
            if shown is not None:
                self._record(tick, shown.metrics)
                self._ring(self.alarms.metrics(self.step, shown.metrics))
                if shown.frames is not None:
                    self._ring(self.alarms.frames(self.step, shown.frames))
        self.sampled_at = time.monotonic()

    def _record(self, tick: StepContext, metrics: Mapping[str, float]) -> None:
        if self.log is not None and metrics:
            self.log.write(self.step, {"progress": tick.progress, "seconds": tick.seconds, **metrics})

    def _ring(self, found: list[Alarm]) -> None:
        self.rung += found
        for alarm in found:
            self.line.say(f"alarm: {alarm.message}")
            if self.log is not None:
                self.log.event(alarm.step, alarm.kind, alarm.message)

    def _stopping(self) -> str | None:
        mine = next((i for i, a in enumerate(self.rung) if a.stop), -1)
        if self.world.broadcast([float(mine)])[0] < 0:
            return None
        return self.rung[mine].message if mine >= 0 else "stopped by an alarm on rank 0"

    def _save(self) -> None:
        generators = self.world.gather_objects(rng.capture())
        state = {"step": self.step, "seconds": self._elapsed(), "rng": generators, "stage": self.stage.state()}
        if self.world.is_main:
            self.store.save(self.step, state)
        self.world.barrier()
        self.saved_step = self.step
        self.saved_at = time.monotonic()

    def _resume(self) -> int | None:
        found = self.store.newest() if self.config.resume else None
        if found is None:
            rng.seed(self.world.seed(self.config.seed))
            return None
        _, state = found
        self.step, self.spent = int(state["step"]), float(state["seconds"])
        self.stage.load_state(state["stage"])
        if self.world.rank < len(state["rng"]):
            rng.restore(state["rng"][self.world.rank])
        else:  # the run goes on with more processes than it had: the new ones begin a sequence of their own
            rng.seed(self.world.seed(self.config.seed + self.step))
        return self.step

    def _elapsed(self) -> float:
        return self.spent + time.monotonic() - self.began


@contextmanager
def _deferred_signals() -> Iterator[threading.Event]:
    """The first SIGINT, SIGTERM or SIGHUP lets the step finish and a checkpoint be written; the second acts at once."""
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return
    numbers = (signal.SIGINT, *ending_signals())
    before = {number: signal.getsignal(number) for number in numbers}

    def note(number: int, frame: object) -> None:
        asked.set()
        for each in numbers:
            signal.signal(each, before[each])

    for number in numbers:
        signal.signal(number, note)
    try:
        yield asked
    finally:
        for number in numbers:
            signal.signal(number, before[number])
