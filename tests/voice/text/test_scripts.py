"""Promises about scripts: what the voice cannot read is named, a few foreign words are left out and told."""

import pytest

from livetalk.voice.text.normalise import speakable
from livetalk.voice.text.scripts import UnknownScriptError, left_out, refuse_foreign


@pytest.mark.parametrize(
    ("text", "letters"),
    [
        ("你好,世界", "Chinese characters"),
        ("こんにちは、世界", "Japanese characters"), ("안녕하세요", "Korean letters"),
        ("Привет, мир", "Cyrillic letters (Russian, Ukrainian and others)"), ("مرحبا بالعالم", "Arabic letters"),
        ("नमस्ते दुनिया", "Devanagari letters (Hindi and others)"), ("Γειά σου Κόσμε", "Greek letters"),
        ("שלום עולם", "Hebrew letters"), ("สวัสดีชาวโลก", "Thai letters"), ("வணக்கம்", "Tamil letters"),
        ("Привет Bob", "Cyrillic letters (Russian, Ukrainian and others)"), ("გამარჯობა", "Georgian letters"),
    ],
)  # fmt: skip
def test_a_foreign_text_is_refused_by_its_name(text: str, letters: str) -> None:
    with pytest.raises(UnknownScriptError) as refused:
        refuse_foreign(text)
    assert str(refused.value) == (
        f"the voice speaks English and cannot read {letters}: translate the text, write it in Latin letters, or give a "
        "recording of it instead"
    )


@pytest.mark.parametrize(
    "text", ["", "12 %", "café naïve Zoë", "Ｆｕｌｌ", "𝓗𝓮𝓵𝓵𝓸", "π", "Δt = 5 µs", "straße", "½ ² ①", "😀"]
)
def test_latin_letters_of_every_form_and_signs_are_not_foreign(text: str) -> None:
    refuse_foreign(text)
    assert left_out(text) == ""


def test_a_few_foreign_words_are_left_out_and_told() -> None:
    text = "He said привет to me"
    refuse_foreign(text)
    assert speakable(text) == "He said to me"
    assert left_out(text) == (
        "words in Cyrillic letters (Russian, Ukrainian and others) are left out: the voice speaks English"
    )
