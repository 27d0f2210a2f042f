"""English text to the phoneme string that the Kokoro voice model reads.

Words come from `lexicon`, numbers, abbreviations and signs are written out by `text`; here the sentence is put
together: small words lose their stress ("a", "the", "to" before consonant and vowel), words spelled alike
take the sound of their role ("to live", "a live show"), and punctuation stays, since the model reads it as
pauses and tunes. No tagger and no grammar: the role is guessed from the word before.
"""

import re
from pathlib import Path

from livetalk.voice.lexicon import VOWELS, Dialect, Lexicon
from livetalk.voice.text.normalise import speakable


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


VERB_LEADERS = _words(
    "to i you we they will can could would should may might must shall not don't didn't won't can't let's please "
    "i'll you'll we'll they'll he'll she'll it'll who"
)
NOUN_LEADERS = _words(
    "a an the my your his her its our their this that some any no every each good great new first next last of "
    "in on with for"
)
PAST_LEADERS = _words("have has had i've we've you've they've was were been already just")
PUNCTUATION = ";:,.!?—…"
TOKEN = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*'?|[;:,.!?—…]")
HELD = "\ue000"  # stands for a space that ends no sentence
SENTENCE_END = re.compile(r"(?<=[.!?…])[\"')\]]*\s+")


class Phonemizer:
    """Text of one dialect of English ("us" or "gb") to phonemes.

    `folder` holds the four dictionary files; without it they are taken from the installed misaki package.
    Raises ValueError, saying what to install, when there is none.
    """

    def __init__(self, dialect: Dialect = "us", folder: Path | None = None) -> None:
        self.lexicon = Lexicon(dialect, folder)

    def __call__(self, text: str) -> str:
        """Phonemes of `text`: one character a symbol, words parted by spaces, punctuation kept."""
        tokens: list[str] = TOKEN.findall(speakable(text))
        sounds = [token if token in PUNCTUATION else self._sound(tokens, i) for i, token in enumerate(tokens)]
        out = ""
        for i, (token, sound) in enumerate(zip(tokens, sounds, strict=True)):
            if token in PUNCTUATION:
                out = out if not out or out[-1] in PUNCTUATION else out + sound
                continue
            following = sounds[i + 1] if i + 1 < len(tokens) else ""
            small = None if _is_letter(tokens, i) else self._small(token.lower(), following)
            out += (" " if out else "") + (small or sound)
        return out

    def _sound(self, tokens: list[str], i: int) -> str:
        before = tokens[i - 1].lower() if i else ""
        role = "DEFAULT"
        if before in PAST_LEADERS:
            role = "VBN"
        elif before in VERB_LEADERS:
            role = "VERB"
        elif before in NOUN_LEADERS:
            role = "NOUN"
        return self.lexicon.word(tokens[i], role)

    def _small(self, word: str, following: str) -> str | None:
        """Sounds of the smallest words, which depend on the sound that follows; None for all others."""
        ends = not following or following[0] in PUNCTUATION
        vowel = not ends and following.lstrip("ˈˌ")[0] in VOWELS
        if word in ("a", "an") and not ends:
            return "ɐ" if word == "a" else "ɐn"
        if word == "the":
            return "ði" if vowel or ends else "ðə"
        if word == "to" and not ends:
            return "tʊ" if vowel else "tə"
        if word == "i":
            return "ˈI" if ends else "ˌI"
        if word == "in":
            return "ˈɪn" if ends else "ɪn"
        return None


def _is_letter(tokens: list[str], i: int) -> bool:
    """Whether "A" is the letter: within a sentence ("vitamin A") or before another letter ("A M")."""
    after = tokens[i + 1] if i + 1 < len(tokens) else ""
    within = i > 0 and tokens[i - 1] not in PUNCTUATION
    return tokens[i] == "A" and (within or (len(after) == 1 and after.isupper()))


def sentences(text: str) -> list[str]:
    """The text cut after each sentence; a line break ends one too. Dots of abbreviations cut nothing."""
    guarded = re.sub(r"(?i)\b(?:mr|mrs|ms|dr|prof|st|vs|no|e\.g|i\.e)\. ", lambda m: m[0][:-1] + HELD, text)
    lines = (piece for line in guarded.splitlines() for piece in SENTENCE_END.split(line))
    return [piece.replace(HELD, " ").strip() for piece in lines if re.search(r"\w", piece)]
