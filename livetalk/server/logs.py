"""Logs a machine can read, one JSON object a line, without anyone's words in them.

Events have names and numbers. What libraries have to say is passed on as where they said it and how bad it is: their
messages may quote visitors. Knows no visits.
"""

import json
import logging
import sys
import time
from typing import Any, TextIO

from loguru import logger as loguru

ALLOWED = (str, int, float, bool, type(None))


class Log:
    """Writes events. `stream`: where to; None: nowhere."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = stream

    def __call__(self, event: str, **facts: Any) -> None:
        """An event and its facts: names, numbers, no words of visitors."""
        assert all(isinstance(fact, ALLOWED) for fact in facts.values())
        if self.stream is None:
            return
        line = {"time": round(time.time(), 3), "event": event, **facts}
        try:
            self.stream.write(json.dumps(line) + "\n")
            self.stream.flush()
        except (OSError, ValueError):  # nobody reads our log any more: no reason to end a conversation
            self.stream = None


class _Places(logging.Handler):
    """Python's own logging, reduced to places."""

    def __init__(self, log: Log) -> None:
        super().__init__(logging.WARNING)
        self.log = log

    def emit(self, record: logging.LogRecord) -> None:
        kind = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        self.log("library", level=record.levelname.lower(), place=f"{record.name}:{record.lineno}", error=kind)


def only_places(log: Log) -> None:
    """From now on this process' libraries log through `log`, warnings and worse, without their messages."""

    def pass_on(message: Any) -> None:
        record = message.record
        kind = record["exception"].type.__name__ if record["exception"] and record["exception"].type else None
        place = f"{record['name']}:{record['line']}"
        log("library", level=record["level"].name.lower(), place=place, error=kind)

    loguru.remove()
    loguru.add(pass_on, level="WARNING", format="", catch=True)
    root = logging.getLogger()
    root.handlers = [_Places(log)]
    root.setLevel(logging.WARNING)


def to_stderr() -> Log:
    return Log(sys.stderr)
