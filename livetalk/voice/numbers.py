"""Number words of English: cardinals, ordinals, years, decimals, fractions and Roman numerals.

Knows single numbers; which number of a text is a year, a price or a date is the business of `text/`.
"""

import re

ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
TENS = ("zero", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
GREAT = ("million", "billion", "trillion", "quadrillion", "quintillion", "sextillion", "septillion", "octillion",
         "nonillion", "decillion")  # fmt: skip
SCALES = (
    *((1000 ** (i + 2), name) for i, name in reversed(tuple(enumerate(GREAT)))),
    (1000, "thousand"),
    (100, "hundred"),
)
IRREGULAR_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
LONGEST = 15  # digits of a number that is read as one; a longer one without commas is read digit by digit
LARGEST = 10**36  # what has no name here is read digit by digit
NUMBER = r"(?:\d{1,3}(?:,\d{2,3}){0,11},\d{3}(?!\d)|\d+)(?:\.\d+)?|(?<![\d.])\.\d+"  # 1,234,567.89; 12,34,567; .5
ROMAN = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}


def cardinal(number: int) -> str:
    """Words of a whole number: 1204 -> "one thousand two hundred and four". Beyond 10^36: digit by digit."""
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


def amount(text: str) -> str:
    """Words of a number as it is written (`NUMBER`): "1,204.5" -> "one thousand two hundred and four point five"."""
    whole, _, part = text.partition(".")
    plain = whole.replace(",", "") or "0"
    named = len(plain) <= LONGEST or (plain != whole and len(plain) <= len(str(LARGEST)) - 1)
    words = cardinal(int(plain)) if named and (plain == "0" or plain[0] != "0" or part) else digits(plain)
    return f"{words} point {digits(part)}" if part else words


def whole(text: str) -> str:
    """Words of digits that stand alone: "1999" as a year, "007" one by one."""
    if len(text) == 4 and 1100 <= int(text) <= 2099:
        return year(int(text))
    return amount(text)


def decade(number: int) -> str:
    """Words of ten years: 1980 -> "nineteen eighties", 2000 -> "two thousands", 90 -> "nineties"."""
    words = year(number) if number >= 1000 else cardinal(number)
    return words[:-1] + "ies" if words.endswith("y") else words + "s"


def fraction(upper: int, lower: int) -> str:
    """Words of a fraction: 3, 4 -> "three quarters"; one that is none in speech is "over"."""
    if lower < 2 or lower > 100 or upper >= lower or upper > 20:
        return f"{cardinal(upper)} over {cardinal(lower)}"
    part = {2: "half", 4: "quarter"}.get(lower) or ordinal(lower)
    many = "halves" if lower == 2 else part + "s"
    return f"{cardinal(upper)} {part if upper == 1 else many}"


def roman(text: str) -> int | None:
    """The value of a Roman numeral up to a few hundred; None for what is none, as "IIX"."""
    if not re.fullmatch(r"C{0,3}(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})", text) or not text:
        return None
    values = [ROMAN[letter] for letter in text]
    return sum(-one if one < after else one for one, after in zip(values, [*values[1:], 0], strict=True))
