"""Written forms to spoken words: numbers, times, money, abbreviations and symbols of English text.

`speakable` turns "Dr. Bell paid $3.50 at 7:30" into "doctor bell paid three dollars and fifty cents at
seven thirty". It knows spelling only: how the words sound is `g2p`'s business.
"""

import re

ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
TENS = ("zero", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
SCALES = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred"))
IRREGULAR_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
COINS = {"$": ("dollar", "dollars", "cents"), "£": ("pound", "pounds", "pence"), "€": ("euro", "euros", "cents")}
ABBREVIATIONS = {
    "mr": "mister",
    "mrs": "missus",
    "ms": "miz",
    "dr": "doctor",
    "prof": "professor",
    "st": "saint",
    "vs": "versus",
    "etc": "et cetera",
    "approx": "approximately",
    "dept": "department",
}
LETTERED = {"e.g.": "for example", "i.e.": "that is", "a.m.": "A M", "p.m.": "P M"}
SYMBOLS = {"%": " percent", "&": " and ", "+": " plus ", "@": " at ", "=": " equals ", "°": " degrees"}
LARGEST = 10**15  # anything longer is read digit by digit


def cardinal(number: int) -> str:
    """Words of a whole number: 1204 -> "one thousand two hundred and four". Beyond 10^15: digit by digit."""
    if number < 0:
        return "minus " + cardinal(-number)
    if number >= LARGEST:
        return digits(str(number))
    if number < 20:
        return ONES[number]
    if number < 100:
        tens, rest = divmod(number, 10)
        return TENS[tens] + (f" {ONES[rest]}" if rest else "")
    size, name = next((size, name) for size, name in SCALES if number >= size)
    count, rest = divmod(number, size)
    words = f"{cardinal(count)} {name}"
    if not rest:
        return words
    return f"{words}{' and' if rest < 100 else ''} {cardinal(rest)}"


def ordinal(number: int) -> str:
    """Words of a place in an order: 22 -> "twenty second"."""
    *front, last = cardinal(number).split()
    if last in IRREGULAR_ORDINALS:
        last = IRREGULAR_ORDINALS[last]
    else:
        last = f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th"
    return " ".join([*front, last])


def year(number: int) -> str:
    """Words of a year from 1100 to 2099: 1999 -> "nineteen ninety nine", 2005 -> "two thousand and five"."""
    century, rest = divmod(number, 100)
    if rest == 0:
        return cardinal(number) if century % 10 == 0 else f"{cardinal(century)} hundred"
    if rest < 10:
        return cardinal(number) if century == 20 else f"{cardinal(century)} oh {cardinal(rest)}"
    return f"{cardinal(century)} {cardinal(rest)}"


def digits(text: str) -> str:
    """Words of a string of digits, one by one."""
    return " ".join(ONES[int(d)] for d in text)


def decimal(text: str) -> str:
    """Words of "3.14": "three point one four"."""
    whole, _, part = text.partition(".")
    return f"{cardinal(int(whole or 0))} point {digits(part)}" if part else cardinal(int(whole))


def speakable(text: str) -> str:
    """The text with everything but words, apostrophes and sentence punctuation written out in words."""
    text = text.translate(str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "—", "\u00a0": " "}))
    for short, words in LETTERED.items():
        text = re.sub(rf"(?i)(?<![\w.]){re.escape(short)}", words, text)
    names = "|".join(ABBREVIATIONS)
    text = re.sub(rf"(?i)\b({names})\.(?=\s|$|,)", lambda m: ABBREVIATIONS[m[1].lower()], text)
    text = re.sub(r"(?i)\bno\.\s*(?=\d)", "number ", text)
    text = re.sub(r"([$£€])(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d\d))?", _money, text)
    text = re.sub(r"\b\d{1,3}(?:,\d{3})+\b(?!\.\d)", lambda m: cardinal(int(m[0].replace(",", ""))), text)
    text = re.sub(r"(?<=\d),(?=\d{3}\b)", "", text)
    text = re.sub(r"\b(\d{1,2}):(\d\d)\b", _clock, text)
    text = re.sub(r"\b(\d+)(?:st|nd|rd|th)\b", lambda m: ordinal(int(m[1])), text)
    text = re.sub(r"\b(\d\d)(\d0)s\b", lambda m: _decade(int(m[1]), int(m[2])), text)
    text = re.sub(r"(?<![\d.])-(?=\d)", "minus ", text)
    text = re.sub(r"\d*\.\d+", lambda m: decimal(m[0]), text)
    text = re.sub(r"(?<=\d)(?=[^\W\d_])|(?<=[^\W\d_])(?=\d)", " ", text)
    text = re.sub(r"\d+", _whole, text)
    for sign, words in SYMBOLS.items():
        text = text.replace(sign, words)
    return re.sub(r"\s+", " ", text).strip()


def _money(match: re.Match[str]) -> str:
    one, many, small = COINS[match[1]]
    units, parts = int(match[2].replace(",", "")), int(match[3] or 0)
    words = f"{cardinal(units)} {one if units == 1 else many}"
    if not parts:
        return words
    coins = f"{cardinal(parts)} {small}"
    return coins if units == 0 else f"{words} and {coins}"


def _clock(match: re.Match[str]) -> str:
    hours, minutes = int(match[1]), int(match[2])
    if minutes == 0:
        return f"{cardinal(hours)} o'clock" if 0 < hours <= 12 else f"{cardinal(hours)} hundred"
    return f"{cardinal(hours)} {'oh ' if minutes < 10 else ''}{cardinal(minutes)}"


def _decade(century: int, tens: int) -> str:
    if tens == 0:
        return f"{cardinal(century)} hundreds"
    words = cardinal(tens)
    return f"{cardinal(century)} {words[:-1] + 'ies' if words.endswith('y') else words + 's'}"


def _whole(match: re.Match[str]) -> str:
    text = match[0]
    if len(text) == 4 and 1100 <= int(text) <= 2099:
        return year(int(text))
    if len(text) > 1 and text[0] == "0":
        return digits(text)
    return cardinal(int(text))
