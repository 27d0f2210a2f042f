"""Scripts of writing: which of them a text is in, and what happens to those that the voice does not speak.

A text is refused where at least half of its letters are of such scripts; a few foreign words in a readable one are left
out, and can be asked for. Knows no languages: German or French is read as if it were English.
"""

import re
import unicodedata
from collections import Counter

from livetalk.voice.text.characters import plain

# As Unicode's names of letters begin -> as a person calls it.
SCRIPTS = {
    "CJK": "Chinese characters", "HIRAGANA": "Japanese characters", "KATAKANA": "Japanese characters",
    "HANGUL": "Korean letters", "CYRILLIC": "Cyrillic letters (Russian, Ukrainian and others)",
    "DEVANAGARI": "Devanagari letters (Hindi and others)", "MYANMAR": "Burmese letters",
}  # fmt: skip
LONE_GREEK = re.compile(r"(?<![\u0370-\u03ff\u1f00-\u1fff])[\u0370-\u03ff](?![\u0370-\u03ff\u1f00-\u1fff])")


class UnknownScriptError(ValueError):
    """The text is in a script that the voice does not speak; the sentence names its `letters`."""

    def __init__(self, letters: str) -> None:
        self.letters = letters
        super().__init__(
            f"the voice speaks English and cannot read {letters}: translate the text, write it in Latin letters, or "
            "give a recording of it instead"
        )


def foreign(text: str) -> Counter[str]:
    """How many letters of scripts that the voice does not speak a plain text has, by what they are called.

    A Greek letter by itself is none: it is a sign of mathematics, and has an English name.
    """
    found = Counter(filter(None, map(_script, LONE_GREEK.sub("", text))))
    if SCRIPTS["HIRAGANA"] in found and SCRIPTS["CJK"] in found:
        found[SCRIPTS["HIRAGANA"]] += found.pop(SCRIPTS["CJK"])
    return found


def refuse_foreign(text: str) -> None:
    """Raise UnknownScriptError where at least half of the text's letters are of scripts the voice does not speak."""
    text = plain(text)
    strange = foreign(text)
    if strange and 2 * strange.total() >= sum(sign.isalpha() for sign in text):
        raise UnknownScriptError(_listed(strange))


def left_out(text: str) -> str:
    """A sentence about the foreign words that are not said; empty where there are none."""
    strange = foreign(plain(text))
    return f"words in {_listed(strange)} are left out: the voice speaks English" if strange else ""


def readable(text: str) -> str:
    """A plain text without words of foreign scripts."""
    if text.isascii():
        return text
    keep = {match.start() for match in LONE_GREEK.finditer(text)}
    return "".join(sign if i in keep or not _script(sign) else " " for i, sign in enumerate(text))


def _listed(strange: Counter[str]) -> str:
    return " and ".join(name for name, _ in strange.most_common(2))


def _script(sign: str) -> str | None:
    """The script of a letter that is not Latin, by a person's name for it; None for all else."""
    if sign.isascii() or unicodedata.category(sign)[0] not in "LM":
        return None
    name = unicodedata.name(sign, "").split(" ")[0].split("-")[0]
    if name in ("LATIN", "MODIFIER", "COMBINING", "", "MICRO", "FEMININE", "MASCULINE", "DOUBLE", "VARIATION"):
        return None
    return SCRIPTS.get(name, f"{name.capitalize()} letters")
