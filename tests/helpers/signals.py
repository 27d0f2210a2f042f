"""Signals as programs that are started from a terminal meet them."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

STARTED = {signal.SIGINT: signal.default_int_handler, signal.SIGHUP: signal.SIG_DFL}


@contextmanager
def signals_act() -> Iterator[None]:
    """Programs started inside hear interrupts and hangups, although a shell's background jobs or nohup ignore them."""
    before = {number: signal.signal(number, handler) for number, handler in STARTED.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
