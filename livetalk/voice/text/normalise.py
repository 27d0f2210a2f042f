"""Text normalisation: written English becomes words that a voice can say.

`speakable` turns "Dr. Bell paid $3.50 at 7:30" into "doctor Bell paid three dollars and fifty cents at seven thirty".
The order is one and the same for every text, and each step may rely on those before it:

1. characters: entities, Unicode forms, quotes and dashes; emoji and invisible characters go
2. scripts: foreign words go; accents and ligatures are folded
3. markup and addresses: Markdown, HTML, web and mail addresses, #tags and @names
4. abbreviations, initials and safe Roman numerals
5. dates, times, telephone numbers, versions
6. minus and ranges
7. money, fractions, units, percentages
8. ordinals, mathematics, all numbers that are left
9. pauses: brackets, dashes and quotes; whatever else nobody can say goes

Signs come before pauses, since a dash may be a minus. Nothing here knows how words sound; that is `g2p`'s business.
"""

import re

from livetalk.voice.text.abbreviations import counted, expanded
from livetalk.voice.text.characters import fold, plain
from livetalk.voice.text.dates import dated
from livetalk.voice.text.markup import addresses, unmarked
from livetalk.voice.text.money import priced
from livetalk.voice.text.scripts import readable
from livetalk.voice.text.signs import counted_out, paused, signed
from livetalk.voice.text.units import measured

STEPS = (
    plain,
    readable,
    fold,
    unmarked,
    addresses,
    expanded,
    counted,
    dated,
    signed,
    priced,
    measured,
    counted_out,
    paused,
)
PASSES = 4  # at most: where a mark is gone there may be an abbreviation, as in "a.-k.-a."


def speakable(text: str) -> str:
    """The text in words: English letters, apostrophes, sentence punctuation, and line breaks where lines end.

    Given its own result it returns the same. Of a text in a script that the voice does not speak nothing is left: see
    `scripts.refuse_foreign`.
    """
    said = text
    for _ in range(PASSES):
        before, said = said, _once(said)
        if said == before:
            break
    if re.search("[A-Za-z]", said):
        return said
    return " ".join(re.findall("[A-Za-z]+", fold(readable(plain(text)))))  # of marks alone, their letters


def _once(text: str) -> str:
    for step in STEPS:
        text = step(text)
    return text
