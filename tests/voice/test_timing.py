"""Phoneme times cover the sound without gaps, and pauses lie where it is silent."""

import numpy as np

from livetalk.voice.timing import LEAD, PAUSES, Phoneme, join, place, silences, trim

RATE = 24_000


def tone(seconds: float) -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * 220 * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


def hush(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * RATE), np.float32)


def covers(phonemes: tuple[Phoneme, ...], end: float) -> bool:
    edges = [p.start_s for p in phonemes] + [end]
    return edges[0] == 0 and all(
        abs(p.end_s - later) < 1e-9 and p.end_s >= p.start_s for p, later in zip(phonemes, edges[1:], strict=True)
    )


def test_times_cover_the_sound_and_marks_take_none() -> None:
    audio = np.concatenate([hush(0.3), tone(0.6), hush(0.3)])
    symbols = (" ", "m", "ˈ", "A", "ː", " ", "b", "i", ".", " ")
    edges = np.array([0, 0.36, 0.46, 0.5, 0.6, 0.65, 0.7, 0.8, 0.9, 1.0, 1.2])
    found = place(symbols, edges, audio, RATE)
    assert covers(found, 1.2)
    assert [p.symbol for p in found] == list(symbols)
    assert all(p.end_s == p.start_s for p in found if p.symbol in "ˈː")
    assert found[5].end_s == found[5].start_s  # a space inside running speech is no pause
    assert abs(found[3].start_s - (0.46 - LEAD)) < 1e-9  # the vowel has the time of its stress mark
    assert abs(found[4].end_s - found[6].start_s) < 1e-9


def test_a_pause_is_where_it_is_silent() -> None:
    audio = np.concatenate([hush(0.2), tone(0.5), hush(0.3), tone(0.5), hush(0.2)])
    edges = np.array([0, 0.3, 0.5, 0.9, 0.95, 1.15, 1.5, 1.7])  # durations that run late and soak up silence
    found = place((" ", "m", "A", ",", "m", "i", " "), edges, audio, RATE)
    pause = found[3]
    assert abs(pause.start_s - 0.7) < 0.02
    assert abs(pause.end_s - 1.0) < 0.02
    assert abs(found[0].end_s - 0.2) < 0.02
    assert abs(found[-1].start_s - 1.5) < 0.02
    assert covers(found, 1.7)


def test_a_stop_is_shut_before_it_sounds() -> None:
    audio = np.concatenate([hush(0.3), tone(0.5), hush(0.1)])
    found = place((" ", "b", "A", " "), np.array([0, 0.36, 0.5, 0.85, 0.9]), audio, RATE)
    assert 0.2 < found[1].start_s < 0.27


def test_joined_parts_keep_their_order_and_pauses() -> None:
    audio = np.concatenate([hush(0.3), tone(0.5), hush(0.4)])
    part = audio, place((" ", "m", "A", " "), np.array([0, 0.36, 0.5, 0.85, 1.2]), audio, RATE)
    sound, phonemes = join([part, part], [0.5], RATE)
    assert covers(phonemes, len(sound) / RATE)
    gap = next(p for p in phonemes if abs(p.end_s - p.start_s - 0.5) < 1e-6)
    assert not sound[round(gap.start_s * RATE) : round(gap.end_s * RATE)].any()
    assert len(sound) / RATE < 2 * (0.5 + 0.13) + 0.5 + 0.05  # the silent ends were trimmed


def test_trimming_pure_silence_changes_nothing() -> None:
    audio = hush(0.5)
    phonemes = (Phoneme(" ", 0.0, 0.5),)
    assert trim(audio, phonemes, RATE) == (audio, phonemes)
    assert all(p.symbol in PAUSES for p in phonemes)
    assert len(silences(audio, RATE)) == 1
