"""The settings of a whole process, which belong to whoever owns it: called by `main` functions, never by a library."""

import os

from livetalk.runtime.allocator import keep_freed_memory


def tune_process() -> None:
    """Make the process quick at a model's work. Call it first: before torch is loaded and threads begin."""
    # Threads of OpenMP wait for one another by spinning, for milliseconds. Beside other busy programs that costs a
    # whole slice of time at every wait: a first frame took 17 s instead of 2. It is read when torch is loaded.
    os.environ.setdefault("GOMP_SPINCOUNT", "2000")
    keep_freed_memory()
