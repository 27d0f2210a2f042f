"""Log of a judge's answers by the content of what was asked, so that a judging which was stopped goes on.

One line of JSON an answer, written when it comes. A key is a hash of the whole request, pictures included: nothing is
found again that was asked differently. Knows neither rubrics nor scores.
"""

import hashlib
import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from livetalk.evaluation.dialogue.judging.endpoint import Reply
from livetalk.evaluation.dialogue.judging.requests import Json
from livetalk.evaluation.dialogue.judging.verdicts import TokenChoice
from livetalk.evaluation.json_lines import JsonLines

DIGITS = "12345"


def key_of(body: Json, endpoint: str) -> str:
    """What an answer is kept under: the request and who was asked."""
    text = json.dumps([endpoint, body], sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


class AnswerLog:
    """Answers of a file that grows; it may be written from several threads."""

    def __init__(self, path: Path) -> None:
        """Reads what is there. A last line that was cut off is passed over, and asked again."""
        self._file, self._lock = JsonLines(path), threading.Lock()
        self._known: dict[str, Reply] = {}
        for row in self._file.rows():
            self._read(row)

    def __len__(self) -> int:
        return len(self._known)

    def get(self, key: str) -> Reply | None:
        return self._known.get(key)

    def keep(self, key: str, reply: Reply) -> None:
        tokens = [[one.token, dict(one.top)] for one in reply.tokens if _tells(one)]
        row = {"key": key, "text": reply.text, "tokens": tokens, "in": reply.tokens_in, "out": reply.tokens_out}
        with self._lock:
            self._file.append(row)
            self._known[key] = reply

    def _read(self, found: object) -> None:
        try:
            row = cast("Mapping[str, object]", found)
            held = cast("list[tuple[str, Mapping[str, float]]]", row["tokens"])
            tokens = tuple(TokenChoice(token, top) for token, top in held)
            counts = cast("int", row["in"]), cast("int", row["out"])
            self._known[str(row["key"])] = Reply(str(row["text"]), tokens, *counts)
        except (ValueError, KeyError, TypeError):
            return


def _tells(choice: TokenChoice) -> bool:
    """Whether a token says anything about a level; the others of a long answer are not kept."""
    return choice.token.strip().isdigit() or choice.token in DIGITS
