"""Words that carry content, by their stems: a small baseline's whole understanding of a text.

English only, without a model: words that are in most sentences are left out, endings are cut off. Says which words of
two texts are the same, never what they mean.
"""

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
ENDINGS = ("ing", "edly", "ed", "ies", "es", "s", "ly", "e", "y")
SHORTEST = 3  # letters that are left of a word
COMMON_WORDS = Path(__file__).parents[3] / "assets" / "small_judge" / "common_words.txt"


def content(text: str) -> frozenset[str]:
    """Stems of the words that carry content, numbers included."""
    words = (word.lower().removesuffix("'s") for word in WORD.findall(text.replace("\u2019", "'")))
    return frozenset(stem(word) for word in words if word not in common_words())


@cache
def common_words() -> frozenset[str]:
    """Words that are in most sentences, whatever they are about."""
    return frozenset(COMMON_WORDS.read_text(encoding="utf-8").split())


def stem(word: str) -> str:
    """A word without its ending; nothing that a dictionary would know."""
    for ending in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= SHORTEST:
            return word.removesuffix(ending)
    return word


def facts(fact: str, before: Sequence[str], now: str) -> frozenset[str]:
    """Words that show that a fact is remembered: those of it which the visitor said earlier and does not say now."""
    return (content(fact) & content(" ".join(before))) - content(now)
