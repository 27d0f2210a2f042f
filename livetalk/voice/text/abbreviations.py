"""Abbreviations with and without full stops, initials, and Roman numerals where a word before them makes them safe.

Also says which full stops end no sentence, for whoever cuts a text.
"""

import re

from livetalk.voice.numbers import cardinal, ordinal, roman

TITLES = {
    "mr": "mister", "mrs": "missus", "ms": "miz", "dr": "doctor", "prof": "professor", "st": "saint",
    "gen": "general", "col": "colonel", "sgt": "sergeant", "capt": "captain", "lt": "lieutenant", "cmdr": "commander",
    "gov": "governor", "sen": "senator", "rep": "representative", "rev": "reverend", "hon": "honorable",
    "mt": "mount", "ft": "fort",
}  # fmt: skip
# Before a number.
NUMBERED = {
    "no": "number", "nos": "numbers", "fig": "figure", "figs": "figures", "eq": "equation", "sec": "section",
    "ch": "chapter", "vol": "volume", "p": "page", "pp": "pages", "art": "article", "ed": "edition", "ver": "version",
    "tel": "telephone", "ext": "extension", "apt": "apartment", "rm": "room", "pt": "part",
}  # fmt: skip
# Anywhere, their full stop never ends a sentence.
WITHIN = {"vs": "versus", "approx": "approximately", "dept": "department", "est": "established", "cf": "compare",
          "incl": "including", "excl": "excluding", "viz": "namely", "resp": "respectively", "temp": "temperature",
          "avg": "average", "esp": "especially", "govt": "government", "univ": "university", "assn": "association",
          "intl": "international"}  # fmt: skip
# Anywhere; their full stop may end a sentence, too.
ENDING = {"etc": "et cetera", "inc": "incorporated", "ltd": "limited", "corp": "corporation", "co": "company",
          "jr": "junior", "sr": "senior", "bros": "brothers", "esq": "esquire"}  # fmt: skip
STREETS = {"st": "street", "dr": "drive", "ave": "avenue", "blvd": "boulevard", "rd": "road", "ln": "lane",
           "hwy": "highway", "pkwy": "parkway", "sq": "square"}  # fmt: skip
DAYS = {"mon": "Monday", "tue": "Tuesday", "tues": "Tuesday", "wed": "Wednesday", "thu": "Thursday",
        "thurs": "Thursday", "fri": "Friday", "sat": "Saturday", "sun": "Sunday"}  # fmt: skip
MONTHS = {"jan": "January", "feb": "February", "mar": "March", "apr": "April", "jun": "June", "jul": "July",
          "aug": "August", "sep": "September", "sept": "September", "oct": "October", "nov": "November",
          "dec": "December"}  # fmt: skip
LATIN = (
    (r"\be\.\s?g\.(?=,?)", "for example"), (r"\bi\.\s?e\.(?=,?)", "that is"), (r"\beg\b(?=[,:]?\s)", "for example"),
    (r"\ba\.?k\.?a\b\.?", "also known as"), (r"\bet al\b\.?", "and others"), (r"\bn\.?\s?b\.:?(?=\s)", "note"),
    (r"\bp\.\s?s\.(?=\s|$)", "P S"), (r"(?<!\w)w/o(?!\w)", "without"), (r"(?<!\w)w/(?=\s?\w)\s?", "with "),
    (r"\bb/c\b", "because"), (r"\bc/o\b", "care of"), (r"\bn/a\b", "not applicable"),
    (r"\b24/7\b", "twenty four seven"), (r"\bvs\b\.?", "versus"), (r"\bca?\.\s?(?=\d)", "circa "),
)  # fmt: skip
TITLE = re.compile(rf"\b({'|'.join(TITLES)})\.(?=\s|$|,)", re.IGNORECASE)
OPEN_TITLE = re.compile(r"\b(Ms|St|Prof)(?= [A-Z][a-z])")  # as the British write it
NUMBER_OF = re.compile(rf"\b({'|'.join(NUMBERED)})\.\s*(?=\(?\d|[IVX]+\b)", re.IGNORECASE)
INNER = re.compile(rf"\b({'|'.join(WITHIN)})\.(?=\s|$|[,;:)])", re.IGNORECASE)
OUTER = re.compile(rf"\b({'|'.join(ENDING)})\.(?=\s|$|[,;:)!?])", re.IGNORECASE)
STREET_AT = r"(?:(?<=[a-z] )|(?<=\dst )|(?<=\dnd )|(?<=\drd )|(?<=\dth ))"
STREET = re.compile(rf"{STREET_AT}(St|{'|'.join(STREETS).title()})\.(?=,|\s*$|\s+(?:[a-z]|\d)|\s*\n)")
NAMED_STREET = re.compile(r"(?:\b[A-Z]\w*|\d(?:st|nd|rd|th))\s$")
NUMBERED_STREET = re.compile(r"\d\w*\s(?:[A-Z]\w*\s)?$")
ANY_MONTH = "|".join([*MONTHS, *MONTHS.values()]).title()
DAY = re.compile(
    rf"\b({'|'.join(DAYS).title()})\.?(?=,?\s+(?:\d|(?:the|at|from)\b|(?:{ANY_MONTH})\b))|\b(Mon|Tue|Tues|Wed|Thu|Thurs|Fri)(?=,)"
)
SHORT_MONTH = "|".join(MONTHS).title()
MONTH = re.compile(rf"\b({SHORT_MONTH})(?:\.(?=\s|$|,)|(?=\s+\d)|(?=\.?\s?[–-]\s?(?:{ANY_MONTH})\b))")
DAY_MONTH = re.compile(rf"((?<=\d )|(?<=\dst |\dnd |\drd |\dth ))({SHORT_MONTH})\b\.?(?=[\s,.;!?]|$)")
MONTH_SPAN = re.compile(rf"\b({'|'.join(MONTHS.values()).title()})\.?\s?[–-]\s?({ANY_MONTH})\b")
INITIALISM = re.compile(r"\b(?:[A-Za-z]\.){2,}(?![a-z])|\b(?:[A-Z]\.\s){2,}(?=[A-Z][a-z])")
INITIAL = re.compile(r"(?<=[a-z] )([A-Z])\.(?= [A-Z][a-z])")
# Behind these one capital is a letter, not an initial.
LETTERED = frozenset(re.findall(r"\w+", """
    plan vitamin option type class grade group part section hepatitis figure table appendix exhibit level team question
    and or is was be i to
"""))  # fmt: skip
MONARCHS = (
    "Henry|Louis|Elizabeth|George|Charles|Edward|James|William|Richard|Philip|Paul|Benedict|Leo|Pius|Napoleon|Peter|"
    "Catherine|Alexander|Nicholas|Frederick|Ivan|Mary|Ramesses|Mehmed|Gustav|Carl|Christian|Harald|Olaf|Carlos|Felipe|"
    "Ptolemy|Innocent|Gregory|Clement|Urban|Julius|Sixtus|Francis|Ferdinand|Wilhelm|Otto|Leopold|Albert|Victoria|"
    "Margaret|Xerxes|Darius|Malcolm|Robert|Stephen|Cleopatra|Selim|Joseph|Franz|Emmanuel|Alfonso|Pedro|Umberto|Edmund"
)
COUNTED = (
    "Chapter|Part|Volume|Act|Scene|Book|Section|Article|Appendix|Phase|Type|Class|Grade|Level|Stage|Title|Figure|Table|"
    "Lecture|Episode|Round|War|Bowl|Mark|Category|Factor|Schedule|Division|Group|Unit|Lesson|Canto|Year|Tier|Step"
)
REIGN = re.compile(rf"\b({MONARCHS}) (?:([IVX]{{2,}}|[VX])\b|(I)(?=[.,;:!?)]|'s\b|$|\n| of ))")
COUNT = re.compile(rf"\b({COUNTED}|{COUNTED.lower()})s? ([IVX]+)\b(?=(\s*[.,;:!?)–—-]|\s*$|\n)?)")
CENTURY = re.compile(r"\b([IVX]{1,5})(?:th)?(?= (?:century|centuries|Century)\b)")
SEQUEL = re.compile(r"(?<=[a-z] )(II|III|VII|VIII|XI|XII|XIII|XIV|XVI|XVII|XVIII)\b(?!')")

# For whoever cuts text into sentences: a full stop that belongs to what is before it. It may end a sentence as well.
ENDS_NOTHING = re.compile(
    rf"(?i:\b(?:{'|'.join([*TITLES, *WITHIN, *ENDING, *NUMBERED, *STREETS])}|ca?|e\.g|i\.e|(?:[a-z]\.)+[a-z]))\.$"
    rf"|\b(?:{SHORT_MONTH}|{'|'.join(DAYS).title()}|[A-HJ-Z])\.$|\d in\.$"
)


def expanded(text: str) -> str:
    """The text with abbreviations as words: "Dr. Bell vs. the U.S." -> "doctor Bell versus the U S"."""
    text = re.sub(r"\bPh\.?\s?D(?:\.(?=\s+[a-z]|,)|\b)", "P H D", text)
    for short, words in LATIN:
        text = re.sub(f"(?i){short}", words, text)
    text = re.sub(r"(?i)(?<![\w.])([ap])\.\s?m\b(\.?)", lambda m: f"{m[1].upper()} M{_end(m, 2)}", text)
    text = STREET.sub(_street, text)
    text = NUMBER_OF.sub(lambda m: NUMBERED[m[1].lower()] + " ", text)
    text = MONTH.sub(lambda m: MONTHS[m[1].lower()] + _end(m), text)
    text = DAY_MONTH.sub(lambda m: MONTHS[m[2].lower()] + _end(m), text)
    text = MONTH_SPAN.sub(lambda m: f"{m[1]} to {MONTHS.get(m[2].lower(), m[2])}", text)
    text = DAY.sub(lambda m: DAYS[(m[1] or m[2]).lower()], text)
    text = TITLE.sub(lambda m: TITLES[m[1].lower()], text)
    text = OPEN_TITLE.sub(lambda m: TITLES[m[1].lower()], text)
    text = INNER.sub(lambda m: WITHIN[m[1].lower()], text)
    text = OUTER.sub(lambda m: ENDING[m[1].lower()] + _end(m), text)
    text = INITIALISM.sub(_initials, text)
    text = INITIAL.sub(_initial, text)
    # The dictionary has words of the same letters.
    return re.sub(r"(?<![A-Z] )\b(US|IT)\b(?!'| [A-Z]{2}|\s?[$£€])", lambda m: " ".join(m[1]), text)


def counted(text: str) -> str:
    """The text with safe Roman numerals as words: "Henry VIII" -> "Henry the eighth", "Part IV" -> "Part four"."""
    text = REIGN.sub(lambda m: f"{m[1]} the {ordinal(roman(m[2] or m[3]) or 1)}" if roman(m[2] or m[3]) else m[0], text)
    text = COUNT.sub(_count, text)
    text = CENTURY.sub(lambda m: ordinal(value) if (value := roman(m[1])) else m[0], text)
    return SEQUEL.sub(lambda m: cardinal(roman(m[1]) or 0), text)


def _count(match: re.Match[str]) -> str:
    value = roman(match[2])
    unsure = match[2] == "I" and match[3] is None  # "Part I think"
    if value is None or unsure:
        return match[0]
    return f"{match[0][: -len(match[2])]}{cardinal(value)}"


def _end(match: re.Match[str], group: int = 0) -> str:
    """The full stop of an abbreviation, where it ends the sentence as well."""
    if not match[group].endswith("."):
        return ""
    after = match.string[match.end() :]
    return "." if re.match(r"[\"')\]]*(?:\s*$|\s*\n|\s+[\"'(]*[A-Z])", after) else ""


def _street(match: re.Match[str]) -> str:
    """A street behind a name; a drive only where a number says that it is no doctor."""
    before = match.string[max(0, match.start() - 40) : match.start()]
    if not (NUMBERED_STREET if match[1] == "Dr" else NAMED_STREET).search(before):
        return match[0]
    return STREETS[match[1].lower()] + ("." if re.match(r"\s*(?:$|\n)", match.string[match.end() :]) else "")


def _initials(match: re.Match[str]) -> str:
    letters = re.sub(r"[^A-Za-z]", "", match[0]).upper()
    words = " ".join(letters) if len(letters) == 2 or " " in match[0] else letters
    if match[0][-1].isspace():
        return words + " "
    return words + ("." if re.match(r"\s*(?:$|\n)", match.string[match.end() :]) else "")


def _initial(match: re.Match[str]) -> str:
    before = match.string[: match.start()].split()
    return match[0] if not before or before[-1].lower() in LETTERED or not before[-1][0].isupper() else match[1]
