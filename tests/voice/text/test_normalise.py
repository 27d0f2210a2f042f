"""Promises of text normalisation: forms are said as `spoken_forms.tsv` has them, and any text becomes words."""

import random
import re
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livetalk.conversation.brains.chunking import ClauseChunker
from livetalk.voice.text.normalise import speakable

TABLE = Path(__file__).with_name("spoken_forms.tsv")
ROWS = [tuple(line.split("\t")) for line in TABLE.read_text(encoding="utf-8").splitlines()]
SAYABLE = re.compile(r"[A-Za-z' ;:,.!?—…\n]*")
LATIN = st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Z", "Cc", "Cf", "Mn"])


def test_every_written_form_is_said_as_the_table_says() -> None:
    assert len(ROWS) > 500
    said = [(written, speakable(written.replace("\\n", "\n")).replace("\n", "\\n")) for written, _ in ROWS]
    assert [row for row in said if row not in ROWS] == []


def test_every_written_form_is_said_alike_within_a_sentence() -> None:
    """The table's forms do not lean on standing alone; those that are a line of their own, or end one, are left out."""
    for written, words in ROWS:
        if re.search(r"\\n|\.$|^\W|^(?:a|p)\.?m|Then|\|", written) or written[0].isupper() or words[-1] in ".!?…":
            continue
        assert speakable(f"they say {written}, and more") == f"they say {words}, and more", written


@pytest.mark.parametrize("eager", [False, True])
def test_text_that_comes_in_pieces_is_said_as_a_whole_is(eager: bool) -> None:
    """However a stream of text is cut, and whatever clauses are made of it."""
    chance = random.Random(0)
    for written, _ in ROWS[eager::3]:
        if "\\n" in written:
            continue
        text = f"Well, I mean that, and so it goes: they say {written}, which is fine. And {written} it is."
        whole = speakable(text).split()
        chunker, pieces, rest = ClauseChunker(eager), [], text
        while rest:
            size = chance.randint(1, 9)
            pieces += chunker.add(rest[:size])
            rest = rest[size:]
        said = " ".join(speakable(piece) for piece in [*pieces, *chunker.rest()]).split()
        assert said == whole, (written, pieces)


@settings(deadline=None, max_examples=150)
@given(
    st.text(
        st.one_of(LATIN, st.sampled_from("aB1 .,-$*_#[](){}<>|/:'\"&%@^~=+°€½²–—…\n"), st.characters()), max_size=40
    )
)
def test_any_text_becomes_sayable_words_for_good(text: str) -> None:
    said = speakable(text)
    assert SAYABLE.fullmatch(said)
    assert speakable(said) == said
    if re.search("[A-Za-z]", text):
        assert re.search("[A-Za-z]", said), "no letter is without a sound"


@pytest.mark.parametrize("text", ["", " \n\t", "...", "?!", "😀🎉", "---", "\x00\x1b", "\ud800", "你好", "()[]{}"])
def test_what_has_no_words_has_none(text: str) -> None:
    assert not re.search("[A-Za-z]", speakable(text))


def test_bytes_of_another_encoding_are_read() -> None:
    """A terminal in Latin-1 gives bytes that are no UTF-8; Python hands them on as lone surrogates."""
    assert speakable(b"caf\xe9".decode("utf-8", "surrogateescape")) == "cafe"


def test_no_text_takes_long() -> None:
    """Time grows with the length, not with its square."""
    for unit in re.split(r"\|", "1|a.|[|<a |1-|* |-|a@|1,1|' |$1 | |\n|a/|=|_|²|I|1 "):
        began = time.process_time()
        speakable(unit * (6_000 // len(unit)))
        assert time.process_time() - began < 1.0, unit
