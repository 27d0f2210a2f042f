"""The pronouncing dictionaries, and what a word missing from them sounds like.

The dictionaries (US and British English, 90 thousand careful and 100 thousand rougher entries each) are the
JSON files of the `misaki` package, Apache-2.0, read as data: nothing of that package is imported. A word
looked up in vain is tried as an inflection ("streamed"), a compound ("LiveTalk"), an abbreviation to be
spelled ("GPU"), and last by letter-to-sound rules. This module knows single words; what neighbours do to
each other is `g2p`'s business.
"""

import importlib.util
import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Literal

Dialect = Literal["us", "gb"]
Entry = str | dict[str, str | None]

PRIMARY, SECONDARY = "ˈ", "ˌ"
VOWELS = frozenset("AIOQWYaiuæɑɒɔəɐɛɜɪʊʌᵻ")
VOICELESS = frozenset("ptkfθ")
SIBILANTS = frozenset("szʃʒʧʤ")

# Letter to sound, longest first: only for words that no dictionary knows, so plain and American.
RULES = (
    ("tion", "ʃən"), ("sion", "ʒən"), ("ough", "O"), ("eigh", "A"), ("augh", "ɔ"), ("igh", "I"), ("sch", "sk"),
    ("tch", "ʧ"), ("dge", "ʤ"), ("ch", "ʧ"), ("sh", "ʃ"), ("th", "θ"), ("ph", "f"), ("wh", "w"), ("ck", "k"),
    ("ng", "ŋ"), ("qu", "kw"), ("kn", "n"), ("wr", "ɹ"), ("ee", "i"), ("ea", "i"), ("oo", "u"), ("ou", "W"),
    ("ow", "O"), ("oi", "Y"), ("oy", "Y"), ("ai", "A"), ("ay", "A"), ("ei", "A"), ("ey", "i"), ("ie", "i"),
    ("au", "ɔ"), ("aw", "ɔ"), ("oa", "O"), ("ew", "u"), ("ue", "u"), ("eu", "ju"), ("ar", "ɑɹ"), ("er", "əɹ"),
    ("ir", "ɜɹ"), ("or", "ɔɹ"), ("ur", "ɜɹ"), ("bb", "b"), ("cc", "k"), ("dd", "d"), ("ff", "f"), ("gg", "ɡ"),
    ("ll", "l"), ("mm", "m"), ("nn", "n"), ("pp", "p"), ("rr", "ɹ"), ("ss", "s"), ("tt", "t"), ("zz", "z"),
    ("ce", "s"), ("ci", "sɪ"), ("cy", "si"), ("ge", "ʤ"), ("x", "ks"), ("a", "æ"), ("b", "b"), ("c", "k"),
    ("d", "d"), ("e", "ɛ"), ("f", "f"), ("g", "ɡ"), ("h", "h"), ("i", "ɪ"), ("j", "ʤ"), ("k", "k"), ("l", "l"),
    ("m", "m"), ("n", "n"), ("o", "ɑ"), ("p", "p"), ("q", "k"), ("r", "ɹ"), ("s", "s"), ("t", "t"), ("u", "ʌ"),
    ("v", "v"), ("w", "w"), ("y", "i"), ("z", "z"),
)  # fmt: skip
# Words that the dictionaries lack and the rules get wrong, as Americans say them.
MISSING = {
    "beyonce": "biˈɑnsA", "bjork": "bjˈɔɹk", "decillion": "dəsˈɪljən", "gibibyte": "ɡˈɪbibˌIt",
    "gigahertz": "ɡˈɪɡəhˌɜɹts", "hectopascal": "hˈɛktOpˌæskəl", "jalapeno": "hˌɑləpˈAnjO", "kibibyte": "kˈɪbibˌIt",
    "kilojoule": "kˈɪləʤˌul",
    "mebibyte": "mˈɛbibˌIt", "nonillion": "nOnˈɪljən", "sao": "sˈW", "strasse": "ʃtɹˈɑsə", "zoe": "zˈOi",
}  # fmt: skip
BRITISH = (("O", "Q"), ("ɜɹ", "ɜː"), ("ɔɹ", "ɔː"))
# Small words that are words in capitals, too, and no abbreviations: "I AM NOT", but not "the US".
SHOUTED = frozenset(re.findall(r"\w+", """
    all and any are but can did for get got had has her him his how its let man may new no not now off old on one our
    out own put say see she so the too two up use was way we why yes you my by do go he if me of to be is
"""))  # fmt: skip
LONG_VOWELS = {"a": "A", "e": "i", "i": "I", "o": "O", "u": "u"}  # of "-ake", "-ine": silent e at the end


def dictionary_folder(folder: Path | None = None) -> Path:
    """Where `us_gold.json` and its three siblings lie: `folder`, else inside the installed misaki package.

    Raises ValueError, saying what to install, when they are nowhere.
    """
    if folder is None:
        spec = importlib.util.find_spec("misaki")
        places = list(spec.submodule_search_locations or []) if spec else []
        folder = Path(places[0]) / "data" if places else Path("misaki")
    if not (folder / "us_gold.json").is_file():
        raise ValueError(f"no pronouncing dictionary in {folder}: pip install --no-deps misaki")
    return folder


class Lexicon:
    """Words of one dialect of English to Kokoro's phonemes."""

    def __init__(self, dialect: Dialect = "us", folder: Path | None = None) -> None:
        self.dialect: Dialect = dialect
        self.gold, self.silver = _load(dialect, dictionary_folder(folder))

    def find(self, word: str, role: str = "DEFAULT") -> str | None:
        """Phonemes of a dictionary word in a grammatical role (VERB, NOUN, ADJ, DEFAULT), else None."""
        for name in dict.fromkeys((word, word.lower(), word.capitalize())):
            entry = self.gold.get(name)
            entry = self.silver.get(name) if entry is None else entry
            if isinstance(entry, dict):
                entry = entry.get(role) or entry.get("DEFAULT")
            if entry:
                return entry
        return None

    def word(self, word: str, role: str = "DEFAULT") -> str:
        """Phonemes of any word of letters and apostrophes; never empty for a word with a letter in it."""
        capitals = word.isupper() and len(word) > 1
        if capitals and word.lower() in SHOUTED:
            word = word.lower()
        elif capitals and word not in self.gold and (len(word) < 4 or self.find(word) is None):
            return self.spell(word)
        if letters := re.fullmatch(r"([A-Z]{2,})'?s", word):  # CPUs, NASA's
            return self._plural(self.word(letters[1]))
        if re.search(r"[a-z][A-Z]", word) and self.find(word) is None:
            parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z']+", word)  # LiveTalk's: Live, Talk's
            return _compound([self.word(part) for part in parts])
        return self.find(word, role) or self._unlisted(word.lower())

    def _unlisted(self, word: str) -> str:
        """Phonemes of a word in small letters that no dictionary has."""
        if known := MISSING.get(word) or MISSING.get(re.sub("'?s$", "", word)):
            for american, british in BRITISH if self.dialect == "gb" else ():
                known = known.replace(american, british)
            return known if word in MISSING else self._plural(known)
        return (
            self._inflected(word)
            or self._joined(word)
            or (self.spell(word) if _unspeakable(word) else "")
            or _guess(word)
        )

    def spell(self, word: str) -> str:
        """Phonemes of the letters' names; the last letter is the stressed one."""
        names = [self.find(letter.upper()) or "" for letter in word if letter.isalpha()]
        names = [re.sub(f"[{PRIMARY}{SECONDARY}]", "", name) for name in names]
        names = [stressed(name, PRIMARY if i == len(names) - 1 else SECONDARY) for i, name in enumerate(names)]
        return "".join(names)

    def _inflected(self, word: str) -> str | None:
        if word.endswith("'s") and (stem := self.find(word[:-2]) or self._inflected(word[:-2])):
            return self._plural(stem)
        if word.endswith("'") and (stem := self.find(word[:-1]) or self._inflected(word[:-1])):
            return stem
        for ending, restored, attach in (
            ("ies", "y", self._plural), ("es", "", self._plural), ("s", "", self._plural),
            ("ied", "y", self._past), ("ed", "", self._past), ("d", "", self._past),
            ("ing", "", _plus("ɪŋ")), ("ing", "e", _plus("ɪŋ")), ("ly", "", _plus("li")), ("ness", "", _plus("nəs")),
            ("less", "", _plus("ləs")), ("ful", "", _plus("fəl")), ("er", "", self._agent), ("er", "e", self._agent),
        ):  # fmt: skip
            if not word.endswith(ending) or len(word) < len(ending) + 3:
                continue
            stem = word[: -len(ending)] + restored
            if ending in ("ing", "ed", "er") and self.find(stem) is None and stem[-1] == stem[-2]:
                stem = stem[:-1]  # stopping, stopped, stopper
            if found := self.find(stem):
                return attach(found)
        return None

    def _joined(self, word: str) -> str | None:
        for cut in range(len(word) - 3, 2, -1):
            first, second = self.gold.get(word[:cut]), self.gold.get(word[cut:])
            if first and second:
                return _compound([self.find(word[:cut]) or "", self.find(word[cut:]) or ""])
        return None

    def _plural(self, stem: str) -> str:
        if stem[-1] in SIBILANTS:
            return stem + ("ɪz" if self.dialect == "gb" else "ᵻz")
        return stem + ("s" if stem[-1] in VOICELESS else "z")

    def _past(self, stem: str) -> str:
        if stem[-1] in "td":
            return stem + ("ɪd" if self.dialect == "gb" else "ᵻd")
        return stem + ("t" if stem[-1] in VOICELESS | frozenset("sʃʧ") else "d")

    def _agent(self, stem: str) -> str:
        return stem + ("ə" if self.dialect == "gb" else "əɹ")


@cache
def _load(dialect: Dialect, folder: Path) -> tuple[dict[str, Entry], dict[str, Entry]]:
    gold, silver = (
        json.loads((folder / f"{dialect}_{grade}.json").read_text(encoding="utf-8")) for grade in ("gold", "silver")
    )
    return gold, silver


def stressed(phonemes: str, mark: str = PRIMARY) -> str:
    """The phonemes with `mark` before their first vowel, where they carry no stress yet."""
    if PRIMARY in phonemes or SECONDARY in phonemes:
        return phonemes
    for i, symbol in enumerate(phonemes):
        if symbol in VOWELS:
            return phonemes[:i] + mark + phonemes[i:]
    return phonemes


def _plus(ending: str) -> Callable[[str], str]:
    return lambda stem: stem + ending


def _compound(parts: list[str]) -> str:
    first, *rest = (stressed(part) for part in parts)
    return first + "".join(part.replace(PRIMARY, SECONDARY) for part in rest)


def _unspeakable(word: str) -> bool:
    """Whether there is no vowel in it, as in "fps"; "brr" and "zzz" can be said all the same."""
    return len(word) < 6 and re.search(r"[aeiouy']|(.)\1|[^a-z]", word) is None


def _guess(word: str) -> str:
    text, out = re.sub(r"[^a-z]", "", word.lower()), ""
    if magic := re.fullmatch(r"(.*)([aeiou])([b-df-hj-np-tvz])e(s?)", text):
        head, vowel, consonant, plural = magic.groups()
        soft = {"c": "s", "g": "ʤ", "s": "z"}.get(consonant) or _sounds(consonant)
        out = _sounds(head) + LONG_VOWELS[vowel] + soft + ("s" if plural else "")
    else:
        out = _sounds(text[:-1] if re.fullmatch(r".*[aeiouy].*[^aeiouy]e", text) else text)
    return stressed(out or "ə")


def _sounds(text: str) -> str:
    out = ""
    while text:
        letters, sound = next((rule for rule in RULES if text.startswith(rule[0])), (text[0], ""))
        out, text = out + sound, text[len(letters) :]
    return out
