"""Structured logs: one JSON object a line, without anybody's words.

Events have names and numbers. What libraries have to say is passed on as where they said it and how bad it is: their
messages may quote visitors. Knows no visits.
"""

import json
import logging
import sys
from typing import Any, TextIO

from loguru import logger as loguru

ALLOWED = (str, int, float, bool, type(None))
FACTS = "facts"  # attribute of our own records; others' have none


class JsonFormatter(logging.Formatter):
    """A record as JSON: an event of ours with its facts, anything else as a place without its message."""

    def format(self, record: logging.LogRecord) -> str:
        event, facts = record.msg, getattr(record, FACTS, None)
        if facts is None:
            kind = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
            place = f"{record.name}:{record.lineno}"
            event, facts = "library", {"level": record.levelname.lower(), "place": place, "error": kind}
        return json.dumps({"time": round(record.created, 3), "event": event, **facts})


class _Handler(logging.StreamHandler[TextIO]):
    def handleError(self, record: logging.LogRecord) -> None:
        """Nobody reads our log any more: no reason to end a conversation, or to print what could not be written."""


class Log:
    """Writes events. `stream`: where to; None: nowhere."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self.handler = _Handler(stream) if stream else logging.NullHandler()
        self.handler.setFormatter(JsonFormatter())
        self._logger = logging.Logger("livetalk")
        self._logger.addHandler(self.handler)

    def __call__(self, event: str, **facts: Any) -> None:
        """An event and its facts: names, numbers, no words of visitors."""
        assert all(isinstance(fact, ALLOWED) for fact in facts.values())
        self._logger.info(event, extra={FACTS: facts})


def only_places(log: Log) -> None:
    """From now on this process' libraries log through `log`, warnings and worse, without their messages."""
    loguru.remove()
    loguru.add(log.handler, level="WARNING", format="")
    root = logging.getLogger()
    root.handlers = [log.handler]
    root.setLevel(logging.WARNING)


def to_stderr() -> Log:
    return Log(sys.stderr)
