"""The settings of a whole process, which belong to whoever owns it: called by `main` functions, never by a library."""

import os
import signal

from livetalk.runtime.allocator import keep_freed_memory


class Notice(UserWarning):
    """A warning for the person who runs the program: commands show its sentence."""


def tune_process() -> None:
    """Make the process quick at a model's work. Call it first: before torch is loaded and threads begin."""
    # Threads of OpenMP wait for one another by spinning, for milliseconds. Beside other busy programs that costs a
    # whole slice of time at every wait: a first frame took 17 s instead of 2. It is read when torch is loaded.
    os.environ.setdefault("GOMP_SPINCOUNT", "2000")
    keep_freed_memory()


def ending_signals() -> tuple[signal.Signals, ...]:
    """Signals that ask a process to end: SIGTERM, and SIGHUP of a terminal that goes, unless `nohup` had it ignored."""
    hangup: signal.Signals | None = getattr(signal, "SIGHUP", None)  # unknown to Windows
    if hangup is None or signal.getsignal(hangup) == signal.SIG_IGN:
        return (signal.SIGTERM,)
    return (signal.SIGTERM, hangup)
