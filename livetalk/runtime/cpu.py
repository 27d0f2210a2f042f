"""Number of processor cores that this process may use. Needs no torch."""

import os


def cores() -> int:
    """Cores, as the scheduler's mask allows where there is one."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
