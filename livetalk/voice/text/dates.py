"""Dates, times of day, telephone numbers and versions as words."""

import re

from livetalk.voice.numbers import amount, cardinal, decade, digits, ordinal, year

MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
          "November", "December")  # fmt: skip
MONTH = "|".join(MONTHS)
YEAR = r"(?:1[1-9]|20)\d\d"
CLOCK = r"([01]?\d|2[0-4]):([0-5]\d)(?::([0-5]\d)(?:\.\d+)?)?"
HALF = r"\s*([AaPp])\.?\s?[Mm]\b"
TIMES = re.compile(rf"(?<![\w:.,]){CLOCK}(?:{HALF}|\s?h\b|Z\b)?(?![\w:]|\.\d)")
HOUR = re.compile(rf"(?<![\w:.,])(1[0-2]|0?[1-9])(?:\s?[–-]\s?(1[0-2]|0?[1-9]))?{HALF}")
TO = re.compile(
    r"(?<=[a-z])\s?–\s?(?=\d)|(?<=[AP] M)\s?[–-]\s?(?=\d)"
    r"|(?<=\d[AaPp][Mm])\s?[–-]\s?(?=\d)|(?<=\d\s[AaPp][Mm])\s?[–-]\s?(?=\d)"
)
SPAN = re.compile(r"(?<=\d)\s?[–-]\s?(?=\d\d?:\d\d)")
ISO = re.compile(rf"(?<![\w-])({YEAR})([-/.])(0?[1-9]|1[0-2])\2(0?[1-9]|[12]\d|3[01])(?:T(?=\d\d:)|(?![\w-]))")
SLASHED = re.compile(r"(?<![\w/.-])(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|\d{2})(?![\w/-]|\.\d)")
DAY_FIRST = re.compile(
    rf"(\bthe\s+)?(?<![\w.,:/])(\d{{1,2}})(?:st|nd|rd|th)?(?:\s+of)?\s+({MONTH})\b(?:,?\s+({YEAR})(?![\d:]))?"
)
MONTH_FIRST = re.compile(
    rf"\b({MONTH})\s+(\d{{1,2}})(?:st|nd|rd|th)?(?![\d:/%°]|[.,]\d|\s?[AaPp]\.?[Mm]\b)(?:(,?)\s+({YEAR})(?![\d:]))?"
)
MONTH_DAYS = re.compile(rf"\b({MONTH})\s+(\d{{1,2}})\s?[–-]\s?(\d{{1,2}})(?!\d)")
DAYS_MONTH = re.compile(rf"(?<![\w.,:/])(\d{{1,2}})\s?[–-]\s?(\d{{1,2}})\s+({MONTH})\b")
DECADE = re.compile(
    r"(?<![\w.,:])(\d\d)(\d0)'?s\b|(?<!\w)'(\d0)'?s\b"
    r"|(?i:(?<=the )|(?<=early )|(?<=mid )|(?<=late )|(?<=mid-))(\d0)'?s\b"
)
TWO_YEARS = re.compile(rf"(?<![\w/.])({YEAR})/(\d\d)(?![\w/])")
DOTTED = re.compile(r"(?<![\w.,])[1-9]\d{0,2}(?:\.\d{3}){2}(?![\w]|\.\d)")  # 1.234.567, as much of Europe writes it
SHORT_YEAR = re.compile(r"(?<!\w)'(\d\d)(?!\w|')")
ERA = re.compile(r"(?<=\d)\s+(B\s?C\s?E?|C\s?E|A\s?D)\b|\b(A\s?D)\s+(?=\d)")
PHONES = re.compile(
    r"(?<![\w.,$-])(?:"
    r"\+\d{1,3}(?:[ .-]?\(?\d{1,4}\)?){2,6}"
    r"|(?:\+?1[ .-])?\(\d{3}\)\s?\d{3}[ .-]\d{4}"
    r"|(?:1[.-])?\d{3}([.-])\d{3}\1\d{4}"
    r"|[2-9]\d[1-9]-\d{4}"
    r"|0\d{2,4}[ -]\d{3,4}(?:[ -]\d{2,4})?"
    r"|\d{4}([ -])\d{4}\2\d{4}\2\d{4}"
    r"|\d{3}-\d{2}-\d{4}"
    r")(?![\w,-]?\d)"
)
EMERGENCY = re.compile(r"(?:(?<=[Cc]all )|(?<=[Dd]ial ))(?:911|999|112|988|311)(?![\w,.-]*\d)")
VERSION = re.compile(
    r"(?<![\w.,])((?:version )?v(?:er)?\.?\s?)?(\d+(?:\.\d+){2,})(?![\w]|\.\d)|\b[vV](\d+(?:\.\d+)?)\b(?!\.\d)",
    re.IGNORECASE,
)


def dated(text: str) -> str:
    """The text with dates, times, decades, telephone numbers and versions in words."""
    text = ISO.sub(_iso, text)
    text = SLASHED.sub(_slashed, text)
    text = MONTH_DAYS.sub(lambda m: f"{m[1]} {_day(m[2])} to {_day(m[3])}" if _days(m[2], m[3]) else m[0], text)
    text = DAYS_MONTH.sub(lambda m: f"{_day(m[1])} to {_day(m[2])} of {m[3]}" if _days(m[1], m[2]) else m[0], text)
    text = DAY_FIRST.sub(_day_first, text)
    text = MONTH_FIRST.sub(_month_first, text)
    text = TWO_YEARS.sub(lambda m: f"{year(int(m[1]))} {digits(m[2]) if m[2][0] == '0' else cardinal(int(m[2]))}", text)
    text = DOTTED.sub(lambda m: m[0].replace(".", ","), text)
    text = VERSION.sub(_version, PHONES.sub(_phone, text))
    text = EMERGENCY.sub(lambda m: digits(m[0]), text)
    text = SPAN.sub(" to ", text)
    text = TIMES.sub(_time, TO.sub(" to ", text))
    text = HOUR.sub(_hour, text)
    text = DECADE.sub(_decade, text)
    text = SHORT_YEAR.sub(lambda m: ("oh " if m[1][0] == "0" else "") + cardinal(int(m[1])), text)
    return ERA.sub(lambda m: " " + " ".join((m[1] or m[2]).replace(" ", "")) + (" " if m[2] else ""), text)


def _hour(match: re.Match[str]) -> str:
    to = f" to {cardinal(int(match[2]))}" if match[2] else ""
    return f"{cardinal(int(match[1]))}{to} {match[3].upper()} M"


def _day(text: str) -> str:
    return ordinal(int(text))


def _days(*texts: str) -> bool:
    return all(1 <= int(text) <= 31 for text in texts)


def _date(month: int, day: int, number: str) -> str:
    if len(number) == 2:
        number = ("20" if int(number) < 70 else "19") + number
    return f"{MONTHS[month - 1]} {ordinal(day)}, {year(int(number))}"


def _iso(match: re.Match[str]) -> str:
    return _date(int(match[3]), int(match[4]), match[1]) + (" at " if match[0].endswith("T") else "")


def _slashed(match: re.Match[str]) -> str:
    """11/30/2026 and 30/11/2026; where both could be the month, it stands first, but behind dots it does not."""
    first, sign, second, number = int(match[1]), match[2], int(match[3]), match[4]
    if len(number) == 4 and not 1100 <= int(number) <= 2099:
        return match[0]
    if len(number) == 2 and sign != "/":
        return match[0]
    month, day = (second, first) if sign == "." else (first, second)
    if month > 12:
        month, day = day, month
    return _date(month, day, number) if 1 <= month <= 12 and 1 <= day <= 31 else match[0]


def _day_first(match: re.Match[str]) -> str:
    if not _days(match[2]):
        return match[0]
    behind = f", {year(int(match[4]))}" if match[4] else ""
    return f"{match[1] or 'the '}{_day(match[2])} of {match[3]}{behind}"


def _month_first(match: re.Match[str]) -> str:
    if not _days(match[2]):
        return match[0]
    return f"{match[1]} {_day(match[2])}" + (f", {year(int(match[4]))}" if match[4] else "")


def _time(match: re.Match[str]) -> str:
    hours, minutes, seconds, half = int(match[1]), int(match[2]), match[3], match[4]
    if minutes == 0 and half:
        words = cardinal(hours)
    elif minutes == 0 and not seconds:
        words = f"{cardinal(hours)} o'clock" if 0 < hours <= 12 else f"{cardinal(hours)} hundred"
    else:
        words = f"{cardinal(hours)} {'oh ' if minutes < 10 else ''}{cardinal(minutes)}"
    if seconds:
        words += f" and {cardinal(int(seconds))} second{'' if int(seconds) == 1 else 's'}"
    return words + (f" {half.upper()} M" if half else "")


def _decade(match: re.Match[str]) -> str:
    return decade(int(match[1] + match[2])) if match[1] else decade(int(match[3] or match[4]))


def _phone(match: re.Match[str]) -> str:
    """Digits one by one, a pause between the groups."""
    groups = re.findall(r"\d+", match[0])
    if sum(map(len, groups)) < 7:
        return match[0]
    return ("plus " if match[0].startswith("+") else "") + ", ".join(digits(group) for group in groups)


def _version(match: re.Match[str]) -> str:
    if match[3]:
        return "version " + " point ".join(cardinal(int(part[:15])) for part in match[3].split("."))
    parts = match[2].split(".")
    between = " dot " if len(parts) == 4 else " point "
    return ("version " if match[1] else "") + between.join(amount(str(int(part[:15]))) for part in parts)
