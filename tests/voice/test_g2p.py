"""Text becomes phonemes that the voice model knows, whatever the words."""

import importlib.util
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livetalk.voice.g2p import Phonemizer, sentences
from livetalk.voice.lexicon import Lexicon

SYMBOLS = frozenset("AIOQWYabdfhijklmnpstuvwzæðŋɑɒɔəɐɛɜɡɪɹɾʃʊʌʒʔʤʧˈˌːθᵊᵻ ;:,.!?—…")
GOLD = {
    "the": "ði", "to": "tu", "a": "A", "an": "æn", "I": "ˈI", "apple": "ˈæpᵊl", "map": "mˈæp", "in": "ɪn",
    "stop": "stˈɑp", "live": {"DEFAULT": "lˈIv", "VERB": "lˈɪv"}, "talk": "tˈɔk", "we": "wi", "show": "ʃˈO",
    "bus": "bˈʌs", "want": "wˈɑnt", "three": "θɹˈi", "make": "mˈAk", "happy": "hˈæpi", "man": "mˈæn",
    "G": "ʤˈi", "P": "pˈi", "U": "jˈu", "rain": "ɹˈAn", "bow": "bˈO",
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for dialect in ("us", "gb"):
        (tmp_path / f"{dialect}_gold.json").write_text(json.dumps(GOLD))
        (tmp_path / f"{dialect}_silver.json").write_text("{}")
    return tmp_path


@pytest.fixture
def phonemes(folder: Path) -> Phonemizer:
    return Phonemizer("us", folder)


def test_small_words_listen_to_the_next_sound(phonemes: Phonemizer) -> None:
    assert phonemes("the apple, the map") == "ði ˈæpᵊl, ðə mˈæp"
    assert phonemes("we want to stop, to apple") == "wi wˈɑnt tə stˈɑp, tʊ ˈæpᵊl"
    assert phonemes("a map in a bus") == "ɐ mˈæp ɪn ɐ bˈʌs"


def test_words_spelled_alike_take_the_sound_of_their_role(phonemes: Phonemizer) -> None:
    assert phonemes("we live") == "wi lˈɪv"
    assert phonemes("a live show") == "ɐ lˈIv ʃˈO"


def test_endings_compounds_and_letters(folder: Path) -> None:
    words = Lexicon("us", folder)
    assert words.word("stopped") == "stˈɑpt"
    assert words.word("maps") == "mˈæps"
    assert words.word("buses") == "bˈʌsᵻz"
    assert words.word("making") == "mˈAkɪŋ"
    assert words.word("man's") == "mˈænz"
    assert words.word("LiveTalk") == "lˈIvtˌɔk"
    assert words.word("rainbow") == "ɹˈAnbˌO"
    assert words.word("GPU") == "ʤˌipˌijˈu"


def test_letters_names_and_capitals(folder: Path, phonemes: Phonemizer) -> None:
    words = Lexicon("us", folder)
    assert words.word("GPUs") == "ʤˌipˌijˈuz"
    assert words.word("gp") == "ʤˌipˈi", "no vowel, so it is spelled"
    assert words.word("Zoe's") == "zˈOiz"
    assert words.word("TO") == "tu", "a small word in capitals is no abbreviation"
    assert phonemes("A map. We want A") == "ɐ mˈæp. wi wˈɑnt A", "the letter within a sentence"


def test_unknown_words_still_sound(folder: Path) -> None:
    words = Lexicon("us", folder)
    assert words.word("zorb") == "zˈɔɹb"
    assert words.word("fline") == "flˈIn"
    assert words.word("Xq")


def test_punctuation_stays_and_quotes_go(phonemes: Phonemizer) -> None:
    assert phonemes('"Stop!" we talk (three maps), happy?') == "stˈɑp! wi tˈɔk, θɹˈi mˈæps, hˈæpi?"


@settings(deadline=None, max_examples=50)
@given(st.text(max_size=60))
def test_only_symbols_of_the_model_come_out(text: str) -> None:
    if importlib.util.find_spec("misaki") is None:
        pytest.skip("misaki's dictionaries are not installed")
    assert set(Phonemizer("us")(text)) <= SYMBOLS


def test_sentences_are_cut_at_their_ends() -> None:
    text = 'Hi Dr. Bob. How are you? "Fine!" Good…\nYes'
    assert sentences(text) == ["Hi Dr. Bob.", "How are you?", '"Fine!', "Good…", "Yes"]
    assert sentences(" ... ") == []


def test_missing_dictionaries_say_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="pip install --no-deps misaki"):
        Lexicon("us", tmp_path)
