"""The lips follow the phonemes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livetalk.data.acting.sounds import BILABIALS, DIPHTHONGS, STRESS, VOWELS
from livetalk.data.acting.visemes import (
    ROW,
    Articulation,
    articulate,
    lip_gap,
    seal_lips,
    segment,
    stressed,
)
from livetalk.data.arkit import ARKIT

PLAIN = Articulation()
KOKORO = "ʣʥʦʨᵝAIOQSTWYᵊabcdefhijklmnopqrstuvwxyzɑɐɒæβɔɕçɖðʤəɚɛɜɟɡɥɨɪʝɯɰŋɳɲɴøɸθœɹɾɻʁɽʂʃʈʧʊʋʌɣɤχʎʒʔᵻ"
ENGLISH = "AIOQWYbdfhijklmnpstuvwzæðŋɑɔəɛɜɡɪɹʃʊʌʒʤʧθᵊᵻɐɒɾ"


def say(symbols: str, seconds: float = 0.09, start: float = 0.3) -> list[tuple[str, float, float]]:
    """Symbols of equal length; marks last no time, spaces 0.03 s, full stops 0.6 s."""
    timeline, now = [], start
    for symbol in symbols:
        length = 0.0 if symbol in "ˈˌː" else {" ": 0.03, ".": 0.6}.get(symbol, seconds)
        timeline.append((symbol, now, now + length))
        now += length
    return timeline


def gap_of(phonemes, times, style=PLAIN):
    mouth = articulate(phonemes, times, style)
    return lip_gap(seal_lips(mouth.weights, mouth.seal))


def frames_of(phonemes, offset=0.0):
    return np.arange(0, phonemes[-1][2] + 0.5, 1 / 16) + offset


@pytest.mark.parametrize("phase", [0.0, 0.02, 0.04, 0.06])
def test_every_bilabial_is_seen_shut_whatever_the_phase_of_the_frames(phase):
    phonemes = say("həlˈO mˈI bˈɑbi pˈæm, wˈʌm bˈOpɪŋ", seconds=0.07)
    times = frames_of(phonemes, phase)
    gap = gap_of(phonemes, times)
    for symbol, start, end in phonemes:
        if symbol in BILABIALS:
            assert gap[(times > start - 0.035) & (times < end + 0.035)].min() < 0.02


def test_every_vowel_is_seen_open():
    phonemes = say("bˈɑbˌibˈæbˈʌ", seconds=0.1)
    times = np.arange(0, 2, 1 / 64)
    gap = gap_of(phonemes, times)
    for symbol, start, end in phonemes:
        if symbol in VOWELS:
            assert gap[(times > start) & (times < end)].max() > 0.06


def test_open_vowels_open_more_than_close_ones_and_all_more_than_consonants():
    def middle(symbol: str) -> float:
        return float(gap_of(say(symbol, 0.2), np.array([0.4]))[0])

    assert middle("ɑ") > middle("ɛ") > middle("i") > middle("f") > middle("m")
    vowels = np.mean([middle(symbol) for symbol in "ɑæʌɛɪiɔʊəA"])
    consonants = np.mean([middle(symbol) for symbol in "tdnszklfvmbpθjh"])
    assert vowels > 1.5 * consonants


def test_rounded_sounds_round_and_begin_before_they_are_heard():
    phonemes = say("sss" + "uu", 0.1)
    heard = phonemes[3][1]
    early, before, during = articulate(phonemes, np.array([heard - 0.25, heard - 0.06, heard + 0.1]), PLAIN).rounding
    assert early < 0.15 < before < 0.6 < during


def test_silence_rests():
    phonemes = say("hˈI.bˈI")
    pause = phonemes[3]
    weights = articulate(phonemes, np.array([0.0, 0.5 * (pause[1] + pause[2]), 5.0]), PLAIN).weights
    assert weights.max() < 0.03
    assert articulate([], np.arange(5) / 16, PLAIN).weights.max() == 0


def test_a_short_space_between_words_is_no_pause():
    together, apart = say("nˈɑ nˈɑ"), say("nˈɑ.nˈɑ")
    assert gap_of(together, np.array([0.495]))[0] > 0.06
    assert gap_of(apart, np.array([0.8]))[0] < 0.03


def test_stress_and_strength_open_the_mouth():
    assert gap_of(say("ˈɑ"), np.array([0.35]))[0] > gap_of(say("ɑ"), np.array([0.35]))[0]
    weak, strong = (gap_of(say("ɑ"), np.array([0.35]), Articulation(strength=s))[0] for s in (0.85, 1.2))
    assert strong > 1.2 * weak


def test_a_diphthong_moves():
    spread = ARKIT.index("mouthStretchLeft")
    weights = articulate(say("I", 0.3), np.array([0.36, 0.57]), PLAIN).weights
    assert weights[0, ARKIT.index("jawOpen")] > 1.5 * weights[1, ARKIT.index("jawOpen")]
    assert weights[1, spread] > weights[0, spread]


def test_a_smile_cannot_open_sealed_lips():
    weights = np.random.default_rng(0).uniform(0, 0.5, (50, 52)).astype(np.float32)
    assert lip_gap(seal_lips(weights, np.ones(50))).max() < 0.02


def test_every_english_symbol_is_known():
    assert all(symbol in ROW or symbol in DIPHTHONGS for symbol in ENGLISH)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(KOKORO + "ˈˌː .,"), st.floats(0.0, 0.3)), max_size=40),
    st.floats(-1, 4),
    st.integers(0, 1000),
)
def test_weights_stay_in_bounds_for_any_phonemes(sounds, offset, seed):
    edges = np.cumsum([0.0] + [length for _, length in sounds])
    phonemes = [(symbol, edges[i], edges[i + 1]) for i, (symbol, _) in enumerate(sounds)]
    mouth = articulate(phonemes, offset + np.arange(20) / 16, Articulation.sample(np.random.default_rng(seed)))
    weights = seal_lips(mouth.weights, mouth.seal)
    assert np.isfinite(weights).all()
    assert weights.min() >= 0
    assert weights.max() <= 1
    assert 0 <= mouth.seal.min() <= mouth.seal.max() <= 1


def test_the_mouth_now_depends_on_nearby_sounds_only():
    phonemes = say("hˈI ðˈɛɹ, hˌW ˌɑɹ jˈu. " * 4)
    times = np.arange(10) / 16 + 2
    near = [p for p in phonemes if p[2] > 1.0 and p[1] < 3.6]
    assert np.allclose(articulate(phonemes, times, PLAIN).weights, articulate(near, times, PLAIN).weights, atol=1e-3)


def test_marks_belong_to_their_sounds():
    segments = segment([("ˈ", 0.0, 0.05), ("ɑ", 0.05, 0.1), ("ː", 0.1, 0.2)])
    assert (segments.start.tolist(), segments.end.tolist(), segments.stress.tolist()) == ([0.0], [0.2], [1.0])
    assert stressed(say("bˈɑtə tˌu", 0.1)) == [(pytest.approx(0.45), STRESS["ˈ"]), (pytest.approx(0.88), STRESS["ˌ"])]
