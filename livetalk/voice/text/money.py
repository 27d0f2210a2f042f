"""Money and other great numbers as words: the currency behind or before, its hundredth parts, millions."""

import re

from livetalk.voice.numbers import NUMBER, amount, cardinal

# One, many, and one and many of its hundredth part.
DOLLARS = ("dollar", "dollars", "cent", "cents")
COINS: dict[str, tuple[str, str, str, str]] = {
    "$": DOLLARS, "£": ("pound", "pounds", "penny", "pence"), "€": ("euro", "euros", "cent", "cents"),
    "¥": ("yen", "yen", "", ""), "₹": ("rupee", "rupees", "paisa", "paise"), "₩": ("won", "won", "", ""),
    "₽": ("ruble", "rubles", "kopek", "kopeks"), "₺": ("lira", "lira", "", ""), "₿": ("bitcoin", "bitcoins", "", ""),
    "₫": ("dong", "dong", "", ""), "₪": ("shekel", "shekels", "", ""), "₴": ("hryvnia", "hryvnias", "", ""),
    "฿": ("baht", "baht", "", ""), "₦": ("naira", "naira", "", ""), "₱": ("peso", "pesos", "", ""),
    "₡": ("colon", "colons", "", ""), "₵": ("cedi", "cedis", "", ""), "₸": ("tenge", "tenge", "", ""),
    "¢": ("cent", "cents", "", ""), "﷼": ("rial", "rials", "", ""),
    "zl": ("zloty", "zlotys", "", ""), "Kc": ("Czech crown", "Czech crowns", "", ""),
    "kr": ("crown", "crowns", "", ""),
}  # fmt: skip
LANDS = {"US": "US", "A": "Australian", "AU": "Australian", "C": "Canadian", "CA": "Canadian", "NZ": "New Zealand",
         "HK": "Hong Kong", "S": "Singapore", "SG": "Singapore", "NT": "Taiwan", "MX": "Mexican",
         "R": "real"}  # fmt: skip
CODES = {
    "USD": ("US dollar", "US dollars", "cent", "cents"), "EUR": COINS["€"], "GBP": COINS["£"], "JPY": COINS["¥"],
    "CNY": ("yuan", "yuan", "", ""), "RMB": ("yuan", "yuan", "", ""), "INR": COINS["₹"], "KRW": COINS["₩"],
    "CHF": ("Swiss franc", "Swiss francs", "", ""), "SEK": ("Swedish crown", "Swedish crowns", "", ""),
    "NOK": ("Norwegian crown", "Norwegian crowns", "", ""), "DKK": ("Danish crown", "Danish crowns", "", ""),
    "PLN": COINS["zl"], "CZK": COINS["Kc"], "HUF": ("forint", "forints", "", ""), "RUB": COINS["₽"],
    "TRY": ("Turkish lira", "Turkish lira", "", ""), "BRL": ("real", "reals", "", ""), "ZAR": ("rand", "rand", "", ""),
    "AUD": ("Australian dollar", "Australian dollars", "cent", "cents"),
    "CAD": ("Canadian dollar", "Canadian dollars", "cent", "cents"),
    "NZD": ("New Zealand dollar", "New Zealand dollars", "cent", "cents"),
    "HKD": ("Hong Kong dollar", "Hong Kong dollars", "cent", "cents"),
    "SGD": ("Singapore dollar", "Singapore dollars", "cent", "cents"), "MXN": ("Mexican peso", "Mexican pesos", "", ""),
    "ILS": COINS["₪"], "THB": COINS["฿"], "BTC": COINS["₿"], "ETH": ("ether", "ether", "", ""),
    "AED": ("dirham", "dirhams", "", ""), "SAR": ("riyal", "riyals", "", ""), "UAH": COINS["₴"], "VND": COINS["₫"],
}  # fmt: skip
GREAT = {"k": "thousand", "m": "million", "mn": "million", "mln": "million", "mio": "million", "b": "billion",
         "bn": "billion", "bln": "billion", "t": "trillion", "tn": "trillion", "trn": "trillion"}  # fmt: skip
GREATS = r"\s?(thousand|million|billion|trillion|mln|mio|mn|bln|bn|trn|tn|[kKmMbBtT])(?![A-Za-z])"
EUROPEAN = re.compile(r"(?<![\d.,])\d{1,3}(?:\.\d{3})+,\d{1,2}(?![\d,])")  # 1.234,56
COMMA = re.compile(r"(?<![\d.,])(\d+),(\d{1,2})(?=\s?(?:[€£$%‰°]|(?:EUR|zl|Kc|kr|CHF|km|kg|cm|mm|kWh|GB|MB)\b))")
MARKS = "$£€¥₹₩₽₺₿₫₪₴฿₦₱₡₵₸"
BEFORE = re.compile(
    rf"(?:(?:\b({'|'.join(LANDS)})\s?)?([{MARKS}])|\b({'|'.join(CODES)}))\s?({NUMBER})"
    rf"(?: to [{MARKS}]?({NUMBER}))?(?:{GREATS})?(?!\d)"
)
BEHIND = re.compile(
    rf"(?<![\w.])({NUMBER})(?: to ({NUMBER}))?(?:{GREATS})?\s?"
    rf"(?:([{MARKS}¢﷼])(?!\w)|(zl|Kc|kr|{'|'.join(CODES)})\b)"
)
# 10k, 5M, 3bn, but neither 4K nor 8K, which are sizes of pictures.
SCALED = re.compile(
    rf"(?<![\w.,$])({NUMBER})(?:([kM]|bn|mn|mln)|(?<=\d\d\d)(K)|(?<=\.\d)(K)|(?<=[1-35-79]0)(K)|(B)(?=\s))(?![\w'-])"
)


def priced(text: str) -> str:
    """The text with money and numbers like 10k in words."""
    text = EUROPEAN.sub(lambda m: m[0].replace(".", "").replace(",", "."), text)
    text = COMMA.sub(r"\1.\2", text)
    text = BEFORE.sub(lambda m: _money(_coins(m[1], m[2], m[3]), m[4], m[5], m[6]), text)
    text = BEHIND.sub(lambda m: _money((CODES | COINS)[m[4] or m[5]], m[1], m[2], m[3]), text)
    return SCALED.sub(_scaled, text)


def _coins(land: str | None, sign: str | None, code: str | None) -> tuple[str, str, str, str]:
    coins = CODES[code] if code else COINS[sign or "$"]
    if land == "R":
        return CODES["BRL"]
    if land and sign == "$":
        return (f"{LANDS[land]} dollar", f"{LANDS[land]} dollars", *coins[2:])
    return coins


def _money(coins: tuple[str, str, str, str], number: str, to: str | None, great: str | None) -> str:
    """`great`: million and its like; `to`: the end of a range."""
    one, many, cent, cents = coins
    if to or great:
        size = f" {GREAT.get(great.lower(), great)}" if great else ""
        return f"{amount(number)}{f' to {amount(to)}' if to else ''}{size} {many}"
    units, _, part = number.replace(",", "").partition(".")
    part = part + "0" if len(part) == 1 else part
    if not part or not cents or len(part) != 2:
        return f"{amount(number)} {one if number == '1' else many}"
    small = f"{cardinal(int(part))} {cent if int(part) == 1 else cents}"
    if not units.strip("0") and int(part):
        return small
    words = f"{amount(units)} {one if units == '1' else many}"
    return f"{words} and {small}" if int(part) else words


def _scaled(match: re.Match[str]) -> str:
    size = next(filter(None, match.groups()[1:])).lower()
    return f"{amount(match[1])} {GREAT[size]}"
