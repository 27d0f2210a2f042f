"""Importing the package changes nothing in the program that imports it: neither its settings nor its allocator."""

import subprocess
import sys

import pytest

# Written by one process, read by a second one: other people's modules that the package imports, which have effects
# that are not ours. The second process imports those first, looks at its settings, then imports the package.
IMPORT_ALL = """
import importlib, pkgutil, sys
import livetalk
assert len(sys.modules) < 200, "the package itself loads nothing heavy"
for module in pkgutil.walk_packages(livetalk.__path__, "livetalk."):
    if module.name != "livetalk.__main__":
        try:
            importlib.import_module(module.name)
        except ImportError as error:  # an extra that is not installed
            assert not (error.name or "").startswith("livetalk"), error
from livetalk import LivePerformer, Performer
"""
LIST = "print(*[name for name in sys.modules if name.split('.')[0] not in ('livetalk', '__main__', '__mp_main__')])"
COMPARE = """
import importlib, os, sys
for name in {names!r}.split():
    try:
        importlib.import_module(name)
    except Exception:  # a part that is made up while others are loaded
        pass

import faulthandler, gc, locale, logging, random, signal, socket, threading, warnings
import numpy, torch
from livetalk.runtime import allocator


def settings():
    return {{
        "environment": dict(os.environ),
        "warnings": list(warnings.filters),
        "logging": [(h, h.level) for h in logging.root.handlers] + [logging.root.level, logging.root.manager.disable],
        "signals": [signal.getsignal(number) for number in signal.valid_signals()],
        "hooks": [sys.excepthook, sys.unraisablehook, threading.excepthook, sys.displayhook, faulthandler.is_enabled()],
        "collector": [gc.isenabled(), gc.get_threshold(), gc.get_freeze_count()],
        "switching": [sys.getswitchinterval(), sys.getrecursionlimit(), socket.getdefaulttimeout()],
        "locale": locale.setlocale(locale.LC_ALL),
        "threads": [thread.name for thread in threading.enumerate()],
        "random": [random.getstate(), numpy.random.get_state()[1].tolist(), torch.get_rng_state().tolist()],
        "numpy": [numpy.geterr(), numpy.get_printoptions()],
        "torch": [
            torch.get_num_threads(), torch.get_num_interop_threads(),
            torch.get_default_dtype(), torch.is_grad_enabled(),
            torch.get_float32_matmul_precision(), torch.are_deterministic_algorithms_enabled(),
            torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic, torch.backends.cudnn.allow_tf32,
            torch.backends.cuda.matmul.allow_tf32, torch.backends.mkldnn.enabled, torch.is_autocast_enabled("cpu"),
            torch.multiprocessing.get_sharing_strategy(), torch.multiprocessing.get_start_method(allow_none=True),
        ],
    }}


class Guarded:
    def __getattr__(self, name):
        raise AssertionError(f"the C library's {{name}} was called")


load = allocator.ctypes.CDLL
allocator.ctypes.CDLL = lambda name, *args, **options: load(name, *args, **options) if name else Guarded()
before = settings()
{import_all}
after = settings()
changed = [name for name in before if before[name] != after[name]]
assert not changed, [(name, before[name], after[name]) for name in changed]
"""


@pytest.mark.slow
def test_importing_every_module_changes_nothing() -> None:
    names = _run(IMPORT_ALL + LIST).splitlines()[-1]
    assert "torch" in names.split()
    again = IMPORT_ALL.replace("assert len(sys.modules) < 200", "assert True")
    _run(COMPARE.format(names=names, import_all=again))


def _run(script: str) -> str:
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout
