"""Unicode normalisation: one character for each sign, nothing invisible, letters without accents.

The first step of the order in `normalise`. Keeps what carries meaning (currency, mathematics, letters of any script);
drops emoji and other pictures.
"""

import html
import re
import unicodedata

ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
ESCAPED = re.compile("[\udc80-\udcff]+")  # bytes of a command line that were no UTF-8
RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ", "0123456789+-n", strict=True))
SUPERSCRIPT = re.compile(f"[{''.join(RAISED)}]+")
GROUPED = re.compile(
    r"(?<![\w.,+])[1-9]\d{0,2}(?: \d{3}){2,}(?!\d| \d)"
    r"|(?<![\d.,])\d{1,3}(?:(?:[\u00a0\u202f\u2009\u2007]\d{3})+|(?:'\d{3}){2,})(?!\d)"
)
UNDERSCORED = re.compile(r"(?<=\d)_(?=\d{3})")
MANUAL = {
    **dict.fromkeys("‘’‚‛ʼʻ′´＇`‵", "'"),
    **dict.fromkeys("“”„‟«»″＂「」『』〝〞", '"'),
    **dict.fromkeys("‹›", ""),
    **dict.fromkeys("‐‑﹣－⁃", "-"),
    **dict.fromkeys("‒–", "–"),
    **dict.fromkeys("—―⸺⸻", "—"),
    **dict.fromkeys("…‥⋯", "…"),
    **dict.fromkeys("‽⁇⁈", "?"),
    **dict.fromkeys("⁉", "!"),
    **dict.fromkeys("。｡", ". "),
    **dict.fromkeys("、､", ", "),
    **dict.fromkeys("؟", "?"),
    **dict.fromkeys("•‣◦∙▪●○■□◆▶►", " • "),
    **dict.fromkeys("·⋅", "·"),
    **dict.fromkeys("∕⁄", "/"),
    **dict.fromkeys("∗", "*"),
    **dict.fromkeys("™®℠¿¡†‡¶¨¸¯˜", ""),
    "℃": "°C", "℉": "°F", "º": "°", "№": "No. ", "©": " copyright ", "\u00b5": "µ", "\u03bc": "μ",
    "\t": " ", "\x0b": "\n", "\x0c": "\n", "\x85": "\n", "\u2028": "\n", "\u2029": "\n",
}  # fmt: skip
del MANUAL["`"]  # a mark of code; `markup` takes it
# Letters that have no decomposition.
LETTERS = {
    "æ": "ae", "œ": "oe", "ø": "o", "ß": "ss", "ẞ": "SS", "ł": "l", "đ": "d", "ð": "th", "þ": "th", "ħ": "h", "ı": "i",
    "ŋ": "ng", "ŧ": "t", "ə": "e", "ĸ": "k", "ƒ": "f", "ɓ": "b", "ɗ": "d", "ɛ": "e", "ɔ": "o", "ƙ": "k", "ʃ": "sh",
}  # fmt: skip
KEPT = frozenset("°µμ﷼")


def plain(text: str) -> str:
    """The text in plain characters: straight quotes, ordinary spaces and digits, no emoji, nothing invisible."""
    text = ENTITY.sub(lambda entity: html.unescape(entity[0]), text)
    text = unescaped(text).replace("\r\n", "\n").replace("\r", "\n")
    text = unicodedata.normalize("NFC", text)
    text = GROUPED.sub(lambda number: re.sub(r"\D", ",", number[0]), text)
    text = UNDERSCORED.sub("", text)
    text = SUPERSCRIPT.sub(lambda raised: "^" + "".join(RAISED[sign] for sign in raised[0]), text)
    return "".join(_character(sign, before) for before, sign in zip("\n" + text, text, strict=False))


def unescaped(text: str) -> str:
    """The text of a command line whose bytes were no UTF-8: they are read as Latin-1. Other lone surrogates go."""
    return ESCAPED.sub(_decoded, text).encode("utf-8", "ignore").decode()


def fold(text: str) -> str:
    """Latin letters without accents and ligatures, "Zoë" -> "Zoe"; marks that are left alone go. Others stay."""
    out: list[str] = []
    for sign in text:
        if sign.isascii():
            out.append(sign)
            continue
        letter = LETTERS.get(sign.lower())
        if letter is not None:
            out.append(letter.capitalize() if sign.isupper() else letter)
            continue
        decomposed = unicodedata.normalize("NFD", sign)
        if decomposed[0].isascii() or unicodedata.name(sign, "").startswith("LATIN"):
            sign = _base(decomposed[0])
        out.append("" if unicodedata.combining(sign[:1] or " ") else sign)
    return "".join(out)


def _base(letter: str) -> str:
    """An ASCII letter for a Latin one: its own, or the one that its name begins with."""
    if letter.isascii():
        return letter
    name = re.search(r"LETTER (?:SMALL CAPITAL )?([A-Z]{1,2})\b", unicodedata.name(letter, ""))
    found = name[1] if name else "E" if "SCHWA" in unicodedata.name(letter, "") else ""
    return found if letter.isupper() else found.lower()


def _character(sign: str, before: str) -> str:
    """What stands for one character that follows `before`."""
    if sign.isascii() and (sign >= " " or sign == "\n") and sign != "\x7f":
        return sign
    if sign in MANUAL:
        return MANUAL[sign]
    kind = unicodedata.category(sign)
    if kind == "Nd":
        return str(unicodedata.decimal(sign))
    if kind[0] == "Z":
        return " "
    if kind in ("Cc", "Cf", "Cs", "Co", "Cn", "Me") or 0xFE00 <= ord(sign) <= 0xFE0F:
        return ""
    if sign in KEPT:
        return sign
    simple = unicodedata.normalize("NFKC", sign)
    if kind == "No" and "⁄" in simple:
        return (" " if before.isdigit() else "") + simple.replace("⁄", "/")
    if simple != sign:
        return "".join(MANUAL.get(part, part) for part in simple)
    if kind in ("So", "Sk"):
        return " "
    return sign


def _decoded(escaped: re.Match[str]) -> str:
    data = escaped[0].encode("utf-8", "surrogateescape")
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")
