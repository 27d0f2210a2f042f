"""Choice of systems by the words of `--systems`: our own, servers elsewhere, clip makers and commands."""

import re
from dataclasses import dataclass

from livetalk.evaluation.dialogue.live_system import LiveSystem
from livetalk.evaluation.dialogue.systems import DialogueSystem

OURS = "ours"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
HOW = "give ours, NAME@URL of a running `livetalk serve`"


@dataclass(frozen=True)
class SystemOptions:
    """What systems need besides their word. serve: options of `livetalk serve`, for our own."""

    serve: tuple[str, ...] = ()


def make_system(word: str, options: SystemOptions) -> DialogueSystem:
    """The system that a word names. Raises ValueError, with what can be given, for none."""
    if word == OURS:
        return LiveSystem(OURS, options=options.serve)
    name, at, url = word.partition("@")
    if at and NAME.fullmatch(name) and url.startswith(("http://", "https://")):
        return LiveSystem(name, url.rstrip("/"))
    raise ValueError(f"{word!r} is no system: {HOW}")
