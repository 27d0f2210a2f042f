"""Parser of prompts in anybody's words: which acting they ask for. Does not write prompts: see prompts.py."""

import re
from typing import Any

from livetalk.data.acting.prompts import Acting

# The first pattern of an attribute that is found decides; patterns are of whole words in lower case.
_SIGNS: dict[str, tuple[tuple[str, str], ...]] = {
    "mood": (
        ("sad", r"(un|not )happ\w+|sad\w*|sorrow\w*|gloomy|crying|tearful"),
        ("angry", r"ang(er|ry|rily)|furious\w*|scowl\w*|annoyed|cross|mad"),
        ("surprised", r"surpris\w+|astonish\w+|amaze\w*|raised eyebrows|wide open eyes|shocked"),
        ("happy", r"smil\w+|happ\w+|cheer\w+|grin\w*|joy\w*|laugh\w*|friendly"),
        ("neutral", r"neutral\w*|no emotion|plain (face|expression)|relaxed|serious"),
    ),
    "head": (
        ("still", r"still|hardly mov\w+|(not|without) mov(e|ing)( the head)?"),
        ("nod", r"nod\w*|up and down"),
        ("shake", r"shak(e|es|ing)|side to side"),
    ),
    "gaze": (
        ("camera", r"(at|to|on) the camera|watches the camera|straight (ahead|at)|viewer|eye contact"),
        ("left", r"left"),
        ("right", r"right"),
        ("down", r"(?<!up and )down|downwards|floor|lower(s|ed) (the )?eyes|lowered"),
    ),
    "energy": (
        ("calm", r"calm\w*|soft\w*|slow\w*|quiet\w*|gentle|gently"),
        ("lively", r"livel\w+|a lot of energy|animated|excite\w+|energetic\w*|vivid\w*"),
        ("normal", r"normal\w*|usual"),
    ),
}
_PEOPLE = {"woman": r"wom[ae]n|lady|she|girl", "man": r"m[ae]n|gentleman|he|boy|guy"}
_FRAMES = r"\b(speaks|talks|gives a talk) to the camera\b"  # how people who look anywhere are said to speak


def read_prompt(prompt: str) -> Acting:
    """The attributes that a prompt names; what it does not name stays the natural default."""
    text = re.sub(_FRAMES, "", prompt.lower())
    found: dict[str, Any] = {}
    for attribute, signs in _SIGNS.items():
        said = next((value for value, sign in signs if re.search(rf"\b({sign})\b", text)), None)
        if said is not None:
            found[attribute] = said
    return Acting(mentioned=tuple(found), **found)


def person_of(prompt: str) -> str | None:
    """ "woman" or "man", where the prompt says so."""
    said = [person for person, sign in _PEOPLE.items() if re.search(rf"\b({sign})\b", prompt.lower())]
    return said[0] if len(said) == 1 else None
