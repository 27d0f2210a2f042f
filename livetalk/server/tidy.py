"""Memory given back when a visitor has left: conversations are full of circles, which Python finds late.

What is there when the server opens is set aside first, so that looking for what a visitor left takes a few hundredths
of a second and nobody hears it.
"""

import ctypes
import gc
import sys


def freeze_garbage() -> None:
    """The server has started: what is here stays."""
    gc.collect()
    gc.freeze()


def collect_garbage() -> None:
    """A visitor has left: what was theirs goes, back to the system where its allocator can be asked to."""
    gc.collect()
    if sys.platform == "linux":
        try:
            ctypes.CDLL("libc.so.6").malloc_trim(0)
        except (OSError, AttributeError):  # another C library
            return
