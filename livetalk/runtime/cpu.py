"""Processor of this machine: its name, and the number of cores that this process may use. Needs no torch."""

import os
import platform
from pathlib import Path


def cores() -> int:
    """Cores, as the scheduler's mask allows where there is one."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def processor() -> str:
    """The processor's name, as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
