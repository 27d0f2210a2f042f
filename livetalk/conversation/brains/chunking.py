"""Chunker of streamed text: a short first piece so that speech begins soon, whole sentences after it.

The first piece may end at a comma, so that speech begins early. Where a voice is hardly faster than speech, so may the
others, so that none is waited for long, and a first piece without a comma ends before a small word that one may draw
breath at. No piece ends within what is said as one: an abbreviation, a number and its unit. Knows letters only.
"""

import re
from collections.abc import Iterator

from livetalk.voice.text.abbreviations import ENDS_NOTHING

FIRST_WORDS = 2  # at least, before a comma ends the first piece
WORDS = 4  # before one ends another
# A first piece without a comma ends before one of `BREATHS` from so many words on, or anywhere after so many.
BREATH = (4, 7)
BREATHS = re.compile(
    "and|but|or|so|because|that|which|who|when|where|while|if|as|than|to|in|on|at|of|for|from|with|about|like|"
    "is|are|was|were|will|would|can|could",
    re.IGNORECASE,
)
SENTENCE = re.compile(r"[.!?…]+[\"')\]*_~`”’]*(?=\s)|\n+")
WORD = re.compile(r"\S+")
CLAUSE = re.compile(r"[,;:—](?=\s)")
WHOLE = re.compile(r"\d|\||^[A-Z]+\b|\.$")  # beside such a word no breath is drawn: "5 km", "Henry VIII", "vs. him"
LONGEST = 220  # characters after which a piece is cut at a space, come what may


class ClauseChunker:
    """Give it text with `add`; take the rest with `rest`. `eager`: every piece may end at a comma."""

    def __init__(self, eager: bool = False) -> None:
        self._eager = eager
        self._text = ""
        self._first = True
        self.sentences = 0  # that are complete

    def add(self, text: str) -> Iterator[str]:
        """Pieces that are complete now."""
        self._text += text
        while (end := self._end()) is not None:
            piece, self._text = self._text[:end].strip(), self._text[end:]
            if any(letter.isalnum() for letter in piece):
                self._first = False
                self.sentences += SENTENCE.search(f"{piece} ") is not None
                yield piece

    def rest(self) -> list[str]:
        """Return the remaining text once it is complete."""
        piece, self._text = self._text.strip(), ""
        return [piece] if any(letter.isalnum() for letter in piece) else []

    def _end(self) -> int | None:
        sentences = (match.end() for match in SENTENCE.finditer(self._text))
        sentence = next((end for end in sentences if not ENDS_NOTHING.search(self._text[:end])), None)
        if self._first or self._eager:
            for match in CLAUSE.finditer(self._text[:sentence]):
                if len(self._text[: match.start()].split()) >= (FIRST_WORDS if self._first else WORDS):
                    return match.end()
        breath = self._breath(self._text[:sentence]) if self._first and self._eager else None
        if breath is not None:
            return breath
        if sentence is not None:
            return sentence
        if len(self._text) > LONGEST:
            return self._text.rfind(" ", 1, LONGEST) if " " in self._text[1:LONGEST] else LONGEST
        return None

    def _breath(self, text: str) -> int | None:
        """Where a first piece may end though nothing is written there. What follows is more than a word."""
        words = list(WORD.finditer(text))
        least, most = BREATH
        for place in range(least, len(words) - 1):
            beside = WHOLE.search(words[place - 1].group()) or WHOLE.search(words[place].group())
            if not beside and (place >= most or BREATHS.fullmatch(words[place].group())):
                return words[place].start()
        return None
