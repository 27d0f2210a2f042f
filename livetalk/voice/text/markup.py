"""Markup and addresses: Markdown and HTML as language models write them, web and mail addresses, #tags and @names.

`unmarked` leaves the text as a caption shows it; it looks at single lines and marks only, so that a text may be given
to it in pieces. `addresses` puts addresses into words.
"""

import re

BLANKS = re.compile(r"[ \t]{2,}")
FENCE = re.compile(r"^[ \t]*(?:```|~~~).*$", re.MULTILINE)
RULE = re.compile(r"^[ \t]*(?:[-*_=][ \t]*){3,}$|^[ \t]*\|?[ \t]*:?-{2,}[-:| \t]*$", re.MULTILINE)
LEADING = re.compile(r"^[ \t]*(?:(?:>|[-*+•]|#{1,6})[ \t]+|>(?=\S))+(?:\[[ xX]\][ \t]+)?", re.MULTILINE)
HEADING_END = re.compile(r"(?<=\S)[ \t]+#+[ \t]*$", re.MULTILINE)
BREAK = re.compile(r"<br\s*/?>|</(?:p|li|h\d|div|tr)>", re.IGNORECASE)
AUTOLINK = re.compile(r"<((?:https?://|mailto:)[^<>\s]+)>", re.IGNORECASE)
TAG = re.compile(r"</?[A-Za-z][A-Za-z0-9]*(?:\s+[\w:-]+(?:=(?:\"[^\"<>]*\"|'[^'<>]*'|[^\s<>\"']+))?)*\s*/?>|<!--.*?-->")
TARGET = re.compile(r"\]\((?:[^()\s]|\([^()\s]*\))*(?:\s+\"[^\"]*\")?\)|\]\[[^\[\]\s]*\]")  # behind a link's words
FOOTNOTE = re.compile(r"(?<=\S)[ \t]?\[\^?\d{1,3}\](?!\()")
ESCAPE = re.compile(r"\\([\\`*_{}\[\]()#+.!~|>$-])")
BOLD = re.compile(r"(?<![\w*])\*+(?=\S)|(?<=\S)\*+(?![\w*])|(?<=\w)\*\*(?=\w)|\*{3,}|(?<!\d)(?<!\d )\*|\*(?! ?\d)")
UNDERLINE = re.compile(r"(?<![^\W_])_+|_+(?![^\W_])")
STRUCK = re.compile(r"~~+|~(?![\d$£€¥])(?<!/~)")
CELL = re.compile(r"^[ \t]*\|[ \t]*|[ \t]*\|[ \t]*$", re.MULTILINE)
EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\u2b50\u2b55\ufe0f\u20e3\u200d]")
SMILEY = re.compile(r"(?<![\w/])(?:[:;=8][-'^]?[()DPpOo|/\\*3]+|<3+|[xX]D+|\^_*\^|:[a-z][a-z_]+:)(?![\w/])")

MAIL = re.compile(r"(?:mailto:)?\b([\w.+-]{1,64})@((?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24})\b", re.IGNORECASE)
ENDINGS = (
    "com|org|net|edu|gov|mil|int|io|ai|co|app|dev|info|biz|me|tv|eu|uk|de|fr|es|it|nl|be|ch|at|se|no|dk|fi|pl|pt|ie|"
    "us|ca|au|nz|in|jp|cn|kr|br|mx|ru|za|xyz|tech|online|site|cloud|blog"
)
WEB = re.compile(
    r"\b(?:(?:https?|ftp)://(?:www\.)?|www\.)([\w.-]+\w)(?::\d+)?((?:/[^\s<>\"')\]?#]*)?)(?:[?#][^\s<>\"')\]]*)?"
    rf"|(?<![\w.@/-])((?:[A-Za-z0-9-]{{1,63}}\.){{1,8}}(?:{ENDINGS}))\b(?!\.\w|@)((?:/[^\s<>\"')\]?#]*)?)(?:[?#][^\s<>\"')\]]*)?",
    re.IGNORECASE,
)
TAIL = re.compile(r"[.,;:!?]+$")
DOTTED = re.compile(r"(?<=[A-Za-z\d]{2})\.(?=[a-z]{2})|(?<![\w.])\.(?=[A-Za-z]{2})")
SPELLED_PARTS = {
    ".": " dot ", "-": " dash ", "_": " underscore ", "/": " slash ", "+": " plus ", "~": " tilde ", "@": " at ",
    ":": " colon ", "=": " equals ", "%": " percent ", "&": " and ", "#": " ",
}  # fmt: skip
LONGEST_PATH = 40  # characters of a path that is read; of a longer one only the site is
WORDS_OF_TWO = frozenset(["me", "at", "be", "in", "is", "it", "no", "so", "to", "us", "go", "my", "we"])


def unmarked(text: str) -> str:
    """The text without marks of Markdown and HTML, emoji and smileys; what is said of it stays as it is written."""
    text = FENCE.sub("", BLANKS.sub(" ", text))
    text = AUTOLINK.sub(r"\1", BREAK.sub("\n", text))
    text = FOOTNOTE.sub("", TARGET.sub("", TAG.sub("", text)))
    text = RULE.sub("", text)
    text = SMILEY.sub("", EMOJI.sub("", text))
    text = HEADING_END.sub("", LEADING.sub("", text))
    text = ESCAPE.sub(r"\1", text).replace("![", "")
    text = text.replace("[", "").replace("]", "").replace("{", "").replace("}", "").replace("`", "")
    text = STRUCK.sub("", UNDERLINE.sub("", BOLD.sub("", text)))
    text = CELL.sub("", text).replace("|", ", ")
    return re.sub(r" (?=[.,;:!?…](?:\s|$))", "", BLANKS.sub(" ", text))


def addresses(text: str) -> str:
    """Web and mail addresses, file names, #tags and @names as one says them; scheme, query and long paths go."""
    text = MAIL.sub(lambda mail: f"{_parts(mail[1])} at {_site(mail[2])}", text)
    text = WEB.sub(_web, text)
    text = re.sub(r"(?<![\w&])#(?=\d)", "number ", text)
    text = re.sub(r"\b([A-G])#(?!\w)", r"\1 sharp ", text)
    text = re.sub(r"(?<![\w&])#(?=[A-Za-z])(\w+)", lambda tag: f"hashtag {tag[1].replace('_', ' ')}", text)
    text = re.sub(r"(?<!\w)@(?=\w)(\w+)", lambda name: f"at {name[1].replace('_', ' ')}", text)
    return DOTTED.sub(" dot ", text)


def _web(match: re.Match[str]) -> str:
    site, path = (match[1], match[2]) if match[1] else (match[3], match[4])
    path, tail = TAIL.sub("", path), (TAIL.search(match[0]) or [""])[0]
    path = path.strip("/") if len(path) <= LONGEST_PATH else ""
    return _site(site) + (f" slash {_parts(path)}" if path else "") + tail


def _site(name: str) -> str:
    """A host: its last part is spelled where it has two letters and is no word."""
    *front, last = name.split(".")
    if len(last) == 2 and last.lower() not in WORDS_OF_TWO:
        last = " ".join(last.upper())
    return " dot ".join([*(_parts(part) for part in front), last])


def _parts(text: str) -> str:
    for sign, words in SPELLED_PARTS.items():
        text = text.replace(sign, words)
    return re.sub(r"\s+", " ", re.sub(r"[^\w\s]", " ", text)).strip()
