"""Allocator settings that keep freed memory in the process: big activations come and go many times a block.

glibc gives blocks above a few hundred kilobytes back to the kernel when they are freed, and every page of the next
one is then faulted in and zeroed again. That doubles the time of attention's scores on a virtual machine.

All threads share one heap. That of a thread of its own is cut into pieces of 64 MB, which go back to the kernel and
come again whatever is set here; and glibc hands it on to later threads. So this is called before threads begin.
"""

import ctypes
import sys

_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -2, -3, -8
KEPT = 256 << 20  # bytes that may lie idle at the heap's end
LARGEST = 64 << 20  # bytes; larger blocks still come from the kernel and go back to it


def keep_freed_memory() -> bool:
    """Tune the C library's allocator, once for the whole process; false where it is not glibc's."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except AttributeError:
        return False
    settings = ((_M_MMAP_THRESHOLD, LARGEST), (_M_TRIM_THRESHOLD, KEPT), (_M_TOP_PAD, 16 << 20), (_M_ARENA_MAX, 1))
    return sum(mallopt(what, value) for what, value in settings) == len(settings)
