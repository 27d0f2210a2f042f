"""Word timing: the sample at which each word of an utterance is heard.

Text arrives with its sound, piece by piece; within a piece its words share the time by their length as they are said:
"$3.50" is longer than it looks. Knows counts of samples and words only; where either comes from does not matter.
"""

import re
from collections import deque
from dataclasses import dataclass

from livetalk.voice.text.normalise import speakable

PLAIN = re.compile(r"[A-Za-z'’,;:!?\"“”()-]*[.…]?")  # a word that is said as it is written
LETTERS_A_SECOND = 14.0  # where a text's sound has not ended


@dataclass
class _Piece:
    words: list[str]
    weights: list[int]  # of the words: their lengths as they are said
    start: int
    end: int | None = None  # samples; None while its sound may still grow


class WordTimeline:
    """See the module docstring. `rate`: of the samples."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.clear()

    def clear(self) -> None:
        """Forget everything: a new utterance begins at sample 0."""
        self.sound = 0
        self._pieces: deque[_Piece] = deque()
        self._told = 0  # words of the first piece that have been given out

    def text(self, text: str) -> None:
        """The words of the sound to come."""
        if words := text.split():
            self._close()
            self._pieces.append(_Piece(words, [_spoken_length(word) + 1 for word in words], self.sound))

    def audio(self, samples: int) -> None:
        """Append so many samples of sound."""
        self.sound += samples

    def end(self) -> None:
        """The sound is complete."""
        self._close()

    def heard(self, samples: int) -> list[str]:
        """Words that are heard, half of each at least, once `samples` have been played, and were not given before."""
        words: list[str] = []
        while self._pieces:
            piece = self._pieces[0]
            due = [word for word, middle in zip(piece.words, self._middles(piece), strict=True) if middle < samples]
            words += due[self._told :]
            self._told = len(due)
            if self._told < len(piece.words):
                break
            self._pieces.popleft()
            self._told = 0
        return words

    def _close(self) -> None:
        if self._pieces and self._pieces[-1].end is None:
            self._pieces[-1].end = self.sound

    def _middles(self, piece: _Piece) -> list[float]:
        length = sum(piece.weights) / LETTERS_A_SECOND * self.rate
        if piece.end is not None:
            length = piece.end - piece.start
        place, middles = float(piece.start), []
        for weight in piece.weights:
            share = length * weight / sum(piece.weights)
            middles.append(place + share / 2)
            place += share
        return middles


def _spoken_length(word: str) -> int:
    return len(word) if PLAIN.fullmatch(word) else len(speakable(word)) or len(word)
