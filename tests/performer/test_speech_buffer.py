"""Promises of a session's sound: rows of what was laid down, however the speech came."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from livetalk.performer.performer import Performer
from livetalk.performer.speech_buffer import LONGEST_WAIT, SpeechBuffer
from tests.helpers.sounds import hello


@pytest.fixture
def track(performer: Performer) -> SpeechBuffer:
    return SpeechBuffer(performer.networks.windows, performer.networks.speech)


def _speech(samples: int, seed: int = 0) -> np.ndarray:
    return (0.1 * np.random.default_rng(seed).standard_normal(samples)).astype(np.float32)


def _frames(track: SpeechBuffer, block: int) -> int:
    return len(track.windows.geometry.frames_of_block(block))


def _said(track: SpeechBuffer, pieces: list[np.ndarray], rate: int = 16_000) -> tuple[torch.Tensor, np.ndarray]:
    """Rows and sound of an utterance, each block taken as soon as it can be."""
    heard = []
    for piece in pieces:
        track.push(piece, rate)
        while track.ready(_frames(track, len(heard))):
            heard.append(track.next(_frames(track, len(heard))))
    track.end()
    while track.pending:
        heard.append(track.next(_frames(track, len(heard))))
    return torch.cat([h.rows for h in heard]), np.concatenate([h.audio for h in heard])


def _state(track: SpeechBuffer) -> tuple[int, bool, bytes, bytes]:
    return track.pending, track.ended, track.history.tobytes(), track._peek(track.pending).tobytes()


@settings(deadline=None, max_examples=25)
@given(samples=st.integers(1, 60_000), cuts=st.lists(st.integers(0, 60_000), max_size=12), seed=st.integers(0, 99))
def test_rows_are_those_of_the_whole_utterance_however_it_is_cut(
    performer: Performer, samples: int, cuts: list[int], seed: int
) -> None:
    audio = _speech(samples, seed)
    edges = sorted({0, samples, *(min(cut, samples) for cut in cuts)})
    track = SpeechBuffer(performer.networks.windows, performer.networks.speech)
    rows, laid = _said(track, [audio[a:z] for a, z in pairwise(edges)])
    assert torch.equal(rows, performer.networks.windows.features(performer.networks.speech, torch.from_numpy(audio)))
    assert np.array_equal(laid[:samples], audio)
    assert not laid[samples:].any()


@settings(deadline=None, max_examples=15)
@given(
    rate=st.sampled_from([8_000, 11_025, 24_000, 44_100, 48_000, 192_000]),
    cuts=st.lists(st.integers(0, 40_000), max_size=8),
)
def test_resampled_speech_does_not_depend_on_cuts_either(performer: Performer, rate: int, cuts: list[int]) -> None:
    audio = _speech(40_000)
    made = []
    for edges in ([0, 40_000], sorted({0, 40_000, *cuts})):
        track = SpeechBuffer(performer.networks.windows, performer.networks.speech)
        made.append(_said(track, [audio[a:z] for a, z in pairwise(edges)], rate))
    assert torch.equal(made[0][0], made[1][0])
    assert np.array_equal(made[0][1], made[1][1])


@settings(deadline=None, max_examples=25)
@given(parts=st.lists(st.tuples(st.integers(8_000, 96_000), st.integers(200, 30_000)), min_size=1, max_size=6))
def test_rates_may_change_in_mid_stream_and_no_time_is_lost(performer: Performer, parts: list[tuple[int, int]]) -> None:
    track = SpeechBuffer(performer.networks.windows, performer.networks.speech)
    for rate, samples in parts:
        track.push(_speech(samples), rate)
    track.end()
    assert abs(track.pending - sum(16_000 * samples / rate for rate, samples in parts)) <= 4 * len(parts)


def test_a_tone_goes_on_through_a_change_of_rate(track: SpeechBuffer, tone) -> None:
    for rate in (24_000, 44_100, 16_000, 8_000):
        track.push(tone(0.5, rate), rate)
    track.end()
    laid = np.concatenate([track.next(12).audio for _ in range(3)])[:32_000].reshape(4, 8_000)
    spectra = np.abs(np.fft.rfft(laid[:, 500:7_500] * np.hanning(7_000), axis=1))
    assert (np.abs(spectra.argmax(axis=1) * 16_000 / 7_000 - 220) < 4).all()
    assert np.allclose(laid[:, 500:7_500].std(axis=1), 0.5 / 2**0.5, rtol=0.03)


@pytest.mark.parametrize(
    ("samples", "rate", "match"),
    [
        (np.array([0.0, np.nan], np.float32), 16_000, "NaN"),
        (np.array([0.0, -np.inf]), 24_000, "NaN"),
        (np.zeros((2, 100), np.float32), 16_000, "one axis"),
        (np.float32(0.5), 16_000, "one axis"),
        (np.zeros(100, np.int16), 16_000, "int16"),
        (np.zeros(100, bool), 16_000, "bool"),
        (np.zeros(100, np.complex64), 16_000, "complex"),
        (np.full(100, 20_000.0, np.float32), 16_000, "32768"),
        (np.full(100, 1e300), 16_000, "32768"),
        (np.zeros(100, np.float32), 7_999, "7999 Hz"),
        (np.zeros(100, np.float32), 200_000, "200000 Hz"),
        (np.zeros(100, np.float32), 0, "0 Hz"),
        (np.zeros(100, np.float32), -16_000, "-16000 Hz"),
        (np.zeros(100, np.float32), 22_050.5, "22050.5 Hz"),
        (np.zeros(100, np.float32), float("nan"), "nan Hz"),
        (np.zeros(int(LONGEST_WAIT * 8_000), np.float32), 8_000, "push it later"),
    ],
)
@pytest.mark.parametrize("ended", [False, True])
def test_unfit_speech_is_refused_and_changes_nothing(
    track: SpeechBuffer, samples: np.ndarray, rate: int, match: str, ended: bool
) -> None:
    track.push(_speech(20_000), 16_000)
    if ended:
        track.end()
    track.next(9)
    before = _state(track)
    with pytest.raises(ValueError, match=match):
        track.push(samples, rate)
    assert _state(track) == before


def test_a_piece_belongs_to_the_track_once_it_is_pushed(track: SpeechBuffer) -> None:
    piece = _speech(9_000)
    track.push(piece, 16_000)
    kept = piece.copy()
    piece[:] = 0
    assert np.array_equal(track.next(9).audio, kept)


def test_the_past_is_what_was_laid_down_silence_included(track: SpeechBuffer) -> None:
    size, line = len(track.history), [np.zeros(len(track.history), np.float32)]
    for block, samples in enumerate([0, 5_000, 12_000, 100, 0]):
        if samples:
            track.push(_speech(samples, block), 16_000)
            track.end()
        heard = track.next(_frames(track, block))
        assert heard.speaking == (samples > 0)
        filled = np.pad(_speech(samples, block), (0, len(heard.audio) - samples))
        assert np.array_equal(heard.audio, filled)
        line.append(filled)
        assert np.array_equal(track.history, np.concatenate(line)[-size:])


def test_rows_after_a_pause_hear_the_pause(track: SpeechBuffer, performer: Performer) -> None:
    first, second = _speech(7_000, 1), _speech(12_000, 2)
    track.push(first, 16_000)
    track.end()
    track.next(9)
    track.next(12)
    track.push(second, 16_000)
    track.end()
    line = torch.from_numpy(np.concatenate([first, np.zeros(14_000, np.float32), second]))
    assert torch.equal(track.next(12).rows, performer.networks.windows.features(performer.networks.speech, line)[21:])


def test_speech_that_joins_a_block_under_way_is_heard_as_if_it_had_come_there(
    track: SpeechBuffer, performer: Performer
) -> None:
    speech = _speech(20_000, 3)
    track.next(9)
    past = track.history
    track.next(12)
    track.push(speech, 16_000)
    track.end()
    heard = track.joining(past, np.zeros(4_000, np.float32), 12)
    assert (heard.begins, heard.taken, heard.speaking) == (4_000, 8_000, True)
    line = torch.from_numpy(np.concatenate([np.zeros(13_000, np.float32), speech]))
    assert torch.equal(heard.rows, performer.networks.windows.features(performer.networks.speech, line)[9:21])
    assert np.array_equal(track.next(12).audio, speech[8_000:])
    track.give_back(heard)
    assert np.array_equal(track._peek(8_000), speech[:8_000])


def test_a_block_is_ready_when_its_look_ahead_has_come_or_the_utterance_is_over(track: SpeechBuffer) -> None:
    assert not track.ready(9)
    track.push(_speech(9_000 + track.windows.lookahead_samples - 1), 16_000)
    assert not track.ready(9)
    track.push(_speech(1), 16_000)
    assert track.ready(9)
    track.next(9)
    assert not track.ready(12)
    track.end()
    assert track.ready(12)


def test_what_waits_can_be_dropped_and_the_past_stays(track: SpeechBuffer) -> None:
    track.push(_speech(15_000), 24_000)
    track.next(9)
    past = track.history
    track.push(_speech(30_000), 24_000)
    track.clear()
    assert (track.pending, track.ended) == (0, True)
    track.end()
    assert track.pending == 0, "the resampler held something back"
    assert np.array_equal(track.history, past)
    assert not track.next(12).speaking


# The level of training

QUIET = np.float32(10 ** (-48 / 20))


@settings(max_examples=10)
@given(
    decibels=st.sampled_from([-60, -48, -25, 0, 20]),
    rate=st.sampled_from([16_000, 24_000, 44_100]),
    cuts=st.lists(st.integers(0, 40_000), max_size=8),
)
def test_levelled_speech_does_not_depend_on_cuts(
    performer: Performer, decibels: int, rate: int, cuts: list[int]
) -> None:
    audio, made = hello() * np.float32(10 ** (decibels / 20)), []
    for edges in ([0, 40_000], sorted({0, 40_000, *cuts}), [*range(0, 40_000, 777), 40_000]):
        track = SpeechBuffer(performer.networks.windows, performer.networks.speech)
        made.append(_said(track, [audio[a:z] for a, z in pairwise(edges)], rate))
    for rows, laid in made[1:]:
        assert torch.equal(made[0][0], rows)
        assert np.array_equal(made[0][1], laid)


def test_quiet_speech_is_heard_like_speech_and_sounds_as_quiet_as_it_is(track: SpeechBuffer) -> None:
    track.push(hello() * QUIET, 16_000)
    blocks = [track.next(_frames(track, block)) for block in range(3)]
    audio, modelled = (np.concatenate([getattr(b, name) for b in blocks]) for name in ("audio", "modelled"))
    assert np.array_equal(audio, hello()[: len(audio)] * QUIET)
    assert 0.05 < np.abs(modelled).max() < 0.6
    assert np.array_equal(track.history, modelled[-len(track.history) :])
    loud = SpeechBuffer(track.windows, track.encoder)
    loud.push(modelled, 16_000)
    assert torch.equal(loud.next(9).rows[:-3], blocks[0].rows[:-3])  # the last ones look ahead


def test_ordinary_speech_is_what_is_heard(track: SpeechBuffer) -> None:
    track.push(hello(), 16_000)
    heard = track.next(9)
    assert heard.levelled is None
    assert heard.modelled is heard.audio


def test_silence_and_noise_stay_what_they_are(track: SpeechBuffer) -> None:
    for sound in (np.zeros(40_000, np.float32), 1e-3 * _speech(40_000)):
        track.push(sound, 16_000)
        assert track.next(9).levelled is None
        track.clear()


def test_speech_given_back_or_joined_is_heard_at_the_same_level(track: SpeechBuffer) -> None:
    track.push(hello() * QUIET, 16_000)
    track.end()
    past = track.history
    heard = track.next(12)
    track.history = past
    track.give_back(heard)
    again = track.next(12)
    assert np.array_equal(again.modelled, heard.modelled)
    assert torch.equal(again.rows, heard.rows)
    track.give_back(again)
    joined = track.joining(past, heard.audio[:4_000], 12, heard.modelled[:4_000])
    assert np.array_equal(joined.audio[:4_000], heard.audio[:4_000])
    assert np.array_equal(joined.modelled[:4_000], heard.modelled[:4_000])


def test_a_new_utterance_in_the_same_block_has_its_own_level(track: SpeechBuffer) -> None:
    for sound in (hello()[5_000:10_000], hello()[:30_000] * QUIET):
        track.push(sound, 16_000)
        track.end()
    heard = track.next(12)
    assert np.array_equal(heard.modelled[:5_000], heard.audio[:5_000])
    last = track.next(12)
    assert np.abs(last.modelled).max() > 20 * np.abs(last.audio).max()


def test_a_past_of_another_length_is_filled_up_with_silence(track: SpeechBuffer) -> None:
    """Snapshots of a version whose encoder heard less, or more."""
    reach = len(track.history)
    said = _speech(reach + 500)
    short = said[: reach // 2]
    found = track.reaching(short)
    assert np.array_equal(found[-len(short) :], short)
    assert len(found) == reach
    assert not found[: -len(short)].any()
    assert np.array_equal(track.reaching(said), said[-reach:])
