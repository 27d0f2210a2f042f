"""Signs as words: minus and ranges, mathematics, what is left of numbers, and at last pauses for the rest."""

import re
import unicodedata

from livetalk.voice.numbers import NUMBER, amount, cardinal, ordinal, whole

COIN = r"[$£€¥₹₩₽₺]"
SCIENTIFIC = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)[eE]([+-]?)(\d{1,3})\b")
TAKE_AWAY = re.compile(r"(?<=[\d)])\s?-\s?(?=\d+(?:\.\d+)?\s?=)|(?<=[\w)])\s?−\s?(?=[\w(])")
COIN_FIRST = re.compile(rf"({COIN})\s?[-−](?=\d)")
MINUS = re.compile(rf"(?<![\w.)^%°'\"])[-−–](?={COIN}?\.?\d)|−")
CHAIN = re.compile(r"(?<![\w.,-])\d+(?:-\d+){2,}(?![\w-])")
RANGE = re.compile(
    rf"(?<=[\d%°])\s?[–-]\s?(?={COIN}?\d)|(?<=\w)\s?–\s?(?={COIN}?\d)|(?:(?<=\d[CkmgKM])|(?<=\d[ckm][mg]))-(?={COIN}?\d)"
)
ORDINAL = re.compile(r"\b(\d{1,3}(?:,\d{3})+|\d{1,15})(?:st|nd|rd|th)\b", re.IGNORECASE)
RATIO = re.compile(r"(?<![\w:.])(\d{1,6}):(\d{1,6})(?![\w:])")
SIZE = re.compile(r"(?<![\w.])\d+(?:x\d+)+(?!\w)|(?<![\w.])\d{3,}×\d{3,}(?!\w)")
POWER = re.compile(r"\s?(?:\^|\*\*)\s?(?:\{?(-?\d+|[a-z]\b)\}?|(?=\())")
MATHEMATICS = (
    (r"(?<=\d)\s?×\s?(?=[\d(])", " times "), (r"(?:(?<=\d[a-z])|(?<=[\d ][cmk]m))\s?[x×]\s?(?=\d)", " by "),
    (r"(?<=\d)\s[xX]\s(?=\d)", " times "),
    (r"(?<=\d)[xX]\b", " times "), (r"(?<=\d)\s?\*\s?(?=\d)", " times "), (r"\s?(?:!=|≠|<>)\s?", " is not equal to "),
    (r"\s?(?:<=|≤|⩽)\s?", " less than or equal to "), (r"\s?(?:>=|≥|⩾)\s?", " greater than or equal to "),
    (r"\s?<?(?:->|=>|→|⇒|➔|➜)\s?", " to "), (r"\s?={2,}\s?", " equals "), (r"\s<\s|<\s?(?=[\d.]|minus)", " less than "),
    (r"\s>\s|(?<=\w)>(?=\d)|>\s?(?=\d)", " greater than "), (r"\s?(?:±|\+/-|\+-)\s?", " plus or minus "),
    (r"~\s?(?=\d|[$£€¥]|minus)", "about "), (r"\s?[≈≅≃∼]\s?", " approximately "),
)  # fmt: skip
SIGNS = {
    "%": " percent ", "&": " and ", "+": " plus ", "@": " at ", "=": " equals ", "°": " degrees ", "×": " times ",
    "÷": " divided by ", "√": " square root of ", "∞": " infinity ", "∑": " sum of ", "∏": " product of ",
    "∫": " integral of ", "∂": " partial ", "∆": " delta ", "∇": " nabla ", "∈": " in ", "∉": " not in ",
    "∪": " union ", "∩": " intersection ", "∝": " proportional to ", "≡": " identical to ", "¬": " not ", "∧": " and ",
    "∨": " or ", "∀": " for all ", "∃": " there is ", "∅": " empty set ", "⊂": " subset of ", "⊆": " subset of ",
    "≪": " much less than ", "≫": " much greater than ", "∴": " therefore ", "∥": " parallel to ",
    "⊥": " perpendicular to ",
    "§": " section ", "↔": " to and from ", "←": " from ", "·": " times ", "♯": " sharp ", "Ω": " ohm ",
    "$": " dollar ", "£": " pound ", "€": " euro ", "¥": " yen ", "₹": " rupee ", "¢": " cent ", "₿": " bitcoin ",
}  # fmt: skip
PAUSES = str.maketrans({
    "(": ", ", ")": ", ", "[": ", ", "]": ", ", "–": "—", "-": " ", "/": " ", "_": " ", '"': None, "*": None,
})  # fmt: skip
GREEK = re.compile(r"[\u0370-\u03ff]|[µμ]")
UNKNOWN = re.compile(r"[^A-Za-z' ;:,.!?—…\n]")


def signed(text: str) -> str:
    """Minus, ranges and comparisons in words: "-5" -> "minus 5", "10–20" -> "10 to 20", "< 3" -> "less than 3"."""
    text = SCIENTIFIC.sub(lambda m: f"{m[1]} times 10^{m[2].strip('+')}{m[3]}", text)
    text = TAKE_AWAY.sub(" minus ", text)
    text = COIN_FIRST.sub(r"-\1", text)
    text = MINUS.sub(" minus ", text)
    text = CHAIN.sub(lambda m: m[0].replace("-", " "), text)
    text = RANGE.sub(" to ", text)
    text = SIZE.sub(lambda m: " by ".join(map(amount, re.split("[xX×]", m[0]))), text)
    for sign, words in MATHEMATICS:
        text = re.sub(sign, words, text)
    return text


def counted_out(text: str) -> str:
    """Ordinals, powers, the numbers that are left and the signs of mathematics in words."""
    text = ORDINAL.sub(lambda m: ordinal(int(m[1].replace(",", ""))), text)
    text = RATIO.sub(r"\1 to \2", text)
    text = POWER.sub(_power, text)
    text = re.sub(r"(?<=\d)(?=[^\W\d_])|(?<=[^\W\d_])(?=\d)", " ", text)
    text = re.sub(NUMBER, lambda m: amount(m[0]) if re.search(r"[.,]", m[0]) else whole(m[0]), text)
    for sign, words in SIGNS.items():
        text = text.replace(sign, words)
    return GREEK.sub(lambda m: f" {_letter(m[0])} ", text)


def paused(text: str) -> str:
    """Brackets, dashes and quotes as pauses; what nobody can say goes. One pause of several stays."""
    text = UNKNOWN.sub(" ", text.translate(PAUSES))
    text = re.sub(r"(?<![A-Za-z])'([^'\n]{1,80})'(?![A-Za-z])", r"\1", text)
    text = re.sub(r"(?<![A-Za-z])'+|'(?=')", "", text)
    text = re.sub(r" +", " ", text)
    text = re.sub(r" (?=[;:,.!?…])", "", text)
    text = re.sub(r"[;:,]+(?=[;:,.!?—…])|(?<=[.!?—…])[;:,]+", "", text)
    lines = (re.sub(r"^[\s;:,.!?—…]+(?=.*[A-Za-z])", "", line).strip() for line in text.split("\n"))
    return "\n".join(line for line in lines if line)


def _power(match: re.Match[str]) -> str:
    exponent = match[1] or ""
    if exponent in ("2", "3"):
        return " squared" if exponent == "2" else " cubed"
    sign = "minus " if exponent.startswith("-") else ""
    number = exponent.lstrip("-")
    return f" to the power of {sign}{cardinal(int(number[:15])) if number.isdigit() else number} "


def _letter(sign: str) -> str:
    """The English name of a Greek letter."""
    name = re.search(r"LETTER (?:FINAL )?([A-Z]+)", unicodedata.name(sign, ""))
    return {"LAMDA": "lambda"}.get(name[1], name[1].lower()) if name else "micro" if sign == "µ" else ""
