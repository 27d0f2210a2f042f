"""Cuts text that is still being written into pieces to be spoken: soon at first, whole sentences then.

The first piece may end at a comma, so that speech begins early; where a voice is hardly faster than speech, so may
the others, so that none is waited for long. Knows letters only.
"""

import re
from collections.abc import Iterator

FIRST_WORDS = 2  # at least, before a comma ends the first piece
WORDS = 4  # before one ends another
SENTENCE = re.compile(r"[.!?…]+[\"')\]]*(?=\s)|\n+")
CLAUSE = re.compile(r"[,;:—](?=\s)")
ABBREVIATED = re.compile(r"\b(?:mr|mrs|ms|dr|prof|st|vs|no|e\.g|i\.e)\.$", re.IGNORECASE)
LONGEST = 220  # characters after which a piece is cut at a space, come what may


class Clauses:
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
        """What is left when the text is complete."""
        piece, self._text = self._text.strip(), ""
        return [piece] if any(letter.isalnum() for letter in piece) else []

    def _end(self) -> int | None:
        sentences = (match.end() for match in SENTENCE.finditer(self._text))
        sentence = next((end for end in sentences if not ABBREVIATED.search(self._text[:end])), None)
        if self._first or self._eager:
            for match in CLAUSE.finditer(self._text[:sentence]):
                if len(self._text[: match.start()].split()) >= (FIRST_WORDS if self._first else WORDS):
                    return match.end()
        if sentence is not None:
            return sentence
        if len(self._text) > LONGEST:
            return self._text.rfind(" ", 1, LONGEST) if " " in self._text[1:LONGEST] else LONGEST
        return None
