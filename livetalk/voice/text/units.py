"""Units of measure, fractions and percentages as words, with the number that they belong to."""

import re

from livetalk.voice.numbers import NUMBER, amount, cardinal, fraction

BASES = {
    "m": "meter", "g": "gram", "l": "liter", "L": "liter", "W": "watt", "Wh": "watt hour", "V": "volt", "A": "ampere",
    "Ah": "ampere hour", "Hz": "hertz", "J": "joule", "N": "newton", "Pa": "pascal", "B": "byte", "b": "bit",
    "bit": "bit", "s": "second", "eV": "electron volt", "Ω": "ohm", "cal": "calorie", "mol": "mole",
}  # fmt: skip
PREFIXES = {"k": "kilo", "M": "mega", "G": "giga", "T": "tera", "P": "peta", "m": "milli", "µ": "micro", "μ": "micro",
            "n": "nano", "c": "centi", "d": "deci", "h": "hecto", "K": "kilo"}  # fmt: skip
PREFIXED = {
    "m": "kmµμncd", "g": "kmµμ", "l": "mdcµμh", "L": "mdµμ", "W": "kMGTm", "Wh": "kMGT", "V": "kmM", "A": "mkµμ",
    "Ah": "m", "Hz": "kMGT", "J": "kM", "N": "k", "Pa": "khMG", "B": "kKMGTP", "b": "MGT", "bit": "kMG", "s": "mµμn",
    "eV": "kMG", "Ω": "kM", "cal": "k", "mol": "m",
}  # fmt: skip
UNITS = {
    **{name: long for name, long in BASES.items() if name not in ("B", "b")},
    **{prefix + base: PREFIXES[prefix] + BASES[base] for base, prefixes in PREFIXED.items() for prefix in prefixes},
    "mi": "mile", "yd": "yard", "ft": "foot", "in": "inch", "lb": "pound", "lbs": "pound", "oz": "ounce",
    "gal": "gallon", "tsp": "teaspoon", "tbsp": "tablespoon", "t": "ton", "ha": "hectare", "kn": "knot", "bar": "bar",
    "dB": "decibel",
    "min": "minute", "mins": "minute", "sec": "second", "secs": "second", "hr": "hour", "hrs": "hour", "h": "hour",
    "d": "day", "px": "pixel", "pt": "point", "psi": "P S I", "rpm": "R P M", "dpi": "D P I", "ppm": "part per million",
    "mph": "mile per hour", "kph": "kilometer per hour", "kmh": "kilometer per hour", "mmHg": "millimeter of mercury",
    "kbps": "kilobit per second", "Mbps": "megabit per second", "Gbps": "gigabit per second", "KiB": "kibibyte",
    "MiB": "mebibyte", "GiB": "gibibyte", "TiB": "tebibyte", "°C": "degree Celsius", "°F": "degree Fahrenheit",
    "°K": "kelvin", "°": "degree",
}  # fmt: skip
MANY = {"foot": "feet", "inch": "inches"}
SAME = ("hertz", "P S I", "R P M", "D P I")  # one as many
ATTACHED = frozenset(
    ["A", "N", "J", "t", "d", "in", "pt", "cal"]
)  # behind a space they are words or letters of their own
PER = {
    **{name: UNITS[name] for name in (
        "km", "m", "cm", "l", "L", "ml", "mL", "dL", "kg", "g", "mol", "kWh", "GB", "MB", "ha", "h", "hr", "s", "sec",
        "min", "d", "mi", "lb", "in", "ft", "oz",
    )},
    "day": "day", "week": "week", "month": "month", "year": "year", "hour": "hour", "minute": "minute",
    "second": "second", "night": "night", "person": "person", "user": "user", "mile": "mile",
    "mo": "month", "wk": "week", "yr": "year",
}  # fmt: skip
POWERS = {"2": "square", "3": "cubic"}
NAMES = "|".join(re.escape(name) for name in sorted(UNITS, key=len, reverse=True))
PERS = "|".join(sorted(PER, key=len, reverse=True))
RAISED = r"(?:\^?([23])(?!\d))?"
UNIT = re.compile(
    rf"(?<![A-Za-z\d^])(?<!\^-)({NUMBER})(\s?)(?:-(?=[a-z]))?({NAMES}){RAISED}(?:/({PERS}){RAISED})?(?![A-Za-z\d'])"
)
BEHIND_POWER = re.compile(rf"(?:(?<=\^\d)|(?<=\^\d\d)|(?<=\^-\d)|(?<=\^-\d\d))\s({NAMES})(?![\w'/])")
INCH = re.compile(r"(?<=\d)\s?in\.(?=\s[a-z])")
FUEL = re.compile(r"(?<=\d)\s?([lL])\s?/\s?100\s?km\b")
RATE = re.compile(rf"(?<=[a-z\d])\s?/\s?({PERS})(?![\w/])")
BARE_RATE = re.compile(r"(?<![\w/])(km|m|mi|MB|GB|kB|Mb|L|l|kg|g|mg)/(h|s|min|l|L|kg|m|cm|dL|ml)(?:\^([23]))?(?![\w/])")
FEET = re.compile(r"(?<![\w.,])(\d{1,2})'(?:\s?(\d{1,2}(?:\.\d+)?)(?:\"|'')|(\d{1,2})(?!\w))")
# A quote behind a number may end what is quoted: it is an inch only before what is measured so.
THING = "screen|monitor|tv|TV|display|laptop|pipe|wheel|tablet"
INCHES = re.compile(rf"(?<![\w.,])({NUMBER})\"(?=\s*(?:([x×]|(?:by|wide|long|tall|high|deep|thick)\b)|(?:{THING})))")
ARC = re.compile(r"(?<![\d.])(\d{1,3})°\s?(\d{1,2}(?:\.\d+)?)'(?:\s?(\d{1,2}(?:\.\d+)?)(?:\"|''))?")
LENGTH = re.compile(r"(?<![\w.])(\d{1,9})h\s?(\d{1,2})(?:m|min)?(?:\s?(\d{1,2})s)?\b")
FRACTION = re.compile(
    rf"(?<![\w/.,$])(?:(\d{{1,9}})[ -])?(\d{{1,4}})/(\d{{1,4}})(?![\w/]|\.\d)(?:(\s?)({NAMES})(?![\w'/]))?"
)
PERCENT = re.compile(r"\s?(%|‰)(?=(\w)?)")


def measured(text: str) -> str:
    """The text with fractions, units and percentages in words; a number beside a unit is no year."""
    text = FRACTION.sub(_fraction, text)
    text = ARC.sub(lambda m: f"{_listed(('degree', m[1]), ('minute', m[2]), ('second', m[3]))} ", text)
    text = LENGTH.sub(lambda m: _listed(("hour", m[1]), ("minute", m[2]), ("second", m[3])), text)
    text = FEET.sub(lambda m: f"{amount(m[1])} foot {amount(m[2] or m[3])}", text)
    text = INCHES.sub(lambda m: _of(m[1], "inch") if m[2] else f"{amount(m[1])} inch", text)
    text = UNIT.sub(_unit, FUEL.sub(r" \1 per 100 km", INCH.sub("in", text)))
    text = BEHIND_POWER.sub(lambda m: f" {many(UNITS[m[1]])}", text)
    text = RATE.sub(lambda m: f" per {PER[m[1]]}", BARE_RATE.sub(_bare_rate, text))
    return PERCENT.sub(lambda m: (" percent" if m[1] == "%" else " per mille") + (" " if m[2] else ""), text)


def many(name: str) -> str:
    """The plural of a unit: "mile per hour" -> "miles per hour"."""
    head, joint, rest = re.fullmatch(r"(.+?)( per | of | Celsius| Fahrenheit|$)(.*)", name).groups()  # type: ignore[union-attr]
    return f"{name if head.endswith(SAME) else MANY.get(head, f'{head}s') + joint + rest}"


def _of(number: str, name: str) -> str:
    return f"{amount(number)} {name if number == '1' else many(name)}"


def _listed(*parts: tuple[str, str | None]) -> str:
    return " ".join(_of(number.lstrip("0") or "0", name) for name, number in parts if number)


def _power(name: str, power: str | None) -> str:
    """A meter to the second power is a square meter, a second to it is a second squared."""
    if not power:
        return name
    return f"{name} {'squared' if power == '2' else 'cubed'}" if name == "second" else f"{POWERS[power]} {name}"


def _unit(match: re.Match[str]) -> str:
    number, space, unit, power, per, per_power = match.groups()
    if space and unit in ATTACHED and not per:
        return match[0]
    one = number == "1" and not match.string[: match.start()].endswith(" to ")
    words = f"{amount(number)} {_power(UNITS[unit] if one else many(UNITS[unit]), power)}"
    return f"{words} per {_power(PER[per], per_power)}" if per else words


def _bare_rate(match: re.Match[str]) -> str:
    return f"{many(UNITS[match[1]])} per {_power(UNITS[match[2]], match[3])}"


def _fraction(match: re.Match[str]) -> str:
    """3/4, 1 1/2 and 1/2 km."""
    whole, upper, lower, space, unit = match[1], int(match[2]), int(match[3]), match[4], match[5]
    if (upper, lower) == (9, 11) and not unit:
        words = "nine eleven"
    elif upper == lower and not whole:
        words = "fifty fifty" if upper == 50 else f"{cardinal(upper)} out of {cardinal(lower)}"
    else:
        words = fraction(upper, lower)
    if whole:
        words = f"{amount(whole)} and {'a half' if (upper, lower) == (1, 2) else words}"
    if not unit or (space and unit in ATTACHED):
        return f"{words} {unit or ''}".strip()
    return f"{words} {many(UNITS[unit]) if whole else UNITS[unit]}"
