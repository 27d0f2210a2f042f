"""Promises of live sessions: frames on time, one consumer, interrupts, pauses, faults that stay where they belong."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import numpy as np
import pytest

from livetalk.avatar.blocks import Interrupted, TimedBlock, UtteranceFinished
from livetalk.avatar.session import AtCapacity
from livetalk.live import engine as live
from livetalk.live.engine import LivePerformer
from livetalk.live.faults import FaultLimits
from livetalk.live.revision import RunningStages
from livetalk.live.session import LiveSession
from livetalk.performer.performer import Performer

ANYTHING = FaultLimits(largest=1e9, power=1e9, black=-1.0, frozen=-1.0)
TONE = 0.3 * np.sin(np.arange(16_000) * 0.2).astype(np.float32)


@pytest.fixture
def engine(performer: Performer) -> Iterator[LivePerformer]:
    threads = threading.active_count()
    with LivePerformer(performer, sessions=2) as engine:
        yield engine
    assert engine.pool.free == 2
    assert threading.active_count() <= threads


def _open(engine: LivePerformer, light: int = 128, seed: int = 0) -> LiveSession:
    session = engine.open(np.full((64, 64, 3), light, np.uint8), "a person", seed)
    session.fault_detector.limits = ANYTHING
    session.drift.is_outside = lambda drift: False  # type: ignore[method-assign]
    return session


def _take(session: LiveSession, frames: int) -> list[TimedBlock | Interrupted | UtteranceFinished]:
    """Items until so many frames of the session are taken."""
    items: list[TimedBlock | Interrupted | UtteranceFinished] = []
    while session.taken_frames < frames:
        item = session.take(timeout=5)
        assert item is not None
        items.append(item)
    return items


def _blocks(items: list[TimedBlock | Interrupted | UtteranceFinished]) -> list[TimedBlock]:
    return [item for item in items if isinstance(item, TimedBlock)]


def test_frames_follow_each_other_and_carry_their_sound(engine: LivePerformer) -> None:
    session = _open(engine)
    session.push(TONE)
    session.end()
    taken = _blocks(_take(session, 33))
    assert [b.first_frame for b in taken[1:]] == [b.first_frame + len(b.frames) for b in taken[:-1]]
    assert all(len(b.audio) == 1000 * len(b.frames) and b.pts == 1000 * b.first_frame for b in taken)
    heard = np.concatenate([b.audio for b in taken])
    np.testing.assert_array_equal(heard[:16_000], TONE)
    assert not heard[16_000:].any()


def test_an_utterance_is_finished_behind_its_last_sample(engine: LivePerformer) -> None:
    session, said = _open(engine), 0
    for seconds in (1.0, 0.6):
        session.push(np.resize(TONE, round(seconds * 16_000)))
        session.end()
        while isinstance(item := session.take(timeout=5), TimedBlock):
            said += item.speech_samples
        assert isinstance(item, UtteranceFinished)
        assert session.playhead >= item.pts / 16_000 - 1e-6
    assert said == 25_600
    session.end()  # nothing is open: answered at once
    item = session.take(timeout=0.1)
    while isinstance(item, TimedBlock):
        item = session.take(timeout=5)
    assert isinstance(item, UtteranceFinished)


def test_an_interrupt_answers_for_the_end_it_cuts(engine: LivePerformer) -> None:
    session = _open(engine)
    session.push(np.resize(TONE, 80_000))
    session.end()
    _take(session, 21)
    session.interrupt()
    items = _take(session, 60)
    assert isinstance(items[0], Interrupted)
    assert not any(isinstance(item, UtteranceFinished) for item in items)


def test_a_piece_is_not_released_before_its_time(engine: LivePerformer) -> None:
    session = _open(engine)
    _take(session, 1)
    for block in _blocks(_take(session, 25)):
        assert session.playhead >= block.first_frame / 16 - 1e-6


def test_without_speech_the_face_idles_in_silence(engine: LivePerformer) -> None:
    session = _open(engine)
    assert not any(b.speaking or b.audio.any() for b in _blocks(_take(session, 21)))


def test_speech_in_an_idling_session_is_said_at_a_block_and_whole(engine: LivePerformer) -> None:
    session = _open(engine)
    _take(session, 15)
    session.push(TONE)
    session.end()
    taken = _blocks(_take(session, 70))
    heard = np.concatenate([b.audio for b in taken])
    start = int(np.flatnonzero(heard)[0]) - 1
    np.testing.assert_array_equal(heard[start : start + 16_000], TONE)
    assert taken[0].index + 4 >= next(b.index for b in taken if b.speaking)


def test_an_interrupt_cuts_the_sound_at_once_and_the_face_goes_on(engine: LivePerformer) -> None:
    session = _open(engine)
    session.push(np.resize(TONE, 160_000))
    _take(session, 21)
    session.interrupt()
    assert isinstance(session.take(timeout=0.05), Interrupted)
    after = _blocks(_take(session, 60))
    assert after[0].first_frame <= 21
    assert [b.first_frame for b in after[1:]] == [b.first_frame + len(b.frames) for b in after[:-1]]
    assert not any(b.audio.any() for b in after)
    assert session.stats.interrupts == 1


def test_interrupts_at_any_moment_leave_no_gap(engine: LivePerformer) -> None:
    session = _open(engine)
    moment = np.random.default_rng(0)
    _take(session, 1)
    for _ in range(8):
        session.push(np.resize(TONE, 40_000))
        end = session.taken_frames + int(moment.integers(1, 16))
        _take(session, end)
        session.interrupt()
    items = _blocks(_take(session, session.taken_frames + 24))
    assert [b.first_frame for b in items[1:]] == [b.first_frame + len(b.frames) for b in items[:-1]]


def test_an_interrupt_just_before_a_block_waits_for_its_first_piece(
    engine: LivePerformer, monkeypatch: pytest.MonkeyPatch
) -> None:
    denoise = live.denoise

    def slowly(*args, **kwargs):
        time.sleep(0.3)
        return denoise(*args, **kwargs)

    monkeypatch.setattr(live, "denoise", slowly)
    session = _open(engine)
    session.push(np.resize(TONE, 160_000))
    _take(session, 45)
    shown = None
    for _ in range(200):  # until the next block is being made, and what is there soon ends
        with session.lock:
            lacking = session.decoded_frames / 16 - session.playhead < session.latency.earliest_replacement
            if lacking and RunningStages.DENOISING in session.stages and session.epoch == 0:
                session.interrupt()
                shown = session.decoded_frames
                break
        time.sleep(0.005)
        with suppress(TimeoutError):
            session.take(timeout=0)
    assert shown is not None
    assert session.epoch == 0, "the block in the making goes on to its first piece"
    items = _blocks(_take(session, shown + 24))
    assert [b.first_frame for b in items[1:]] == [b.first_frame + len(b.frames) for b in items[:-1]]
    assert session.epoch == 1
    assert not any(b.audio.any() or b.speech_samples for b in items if b.first_frame >= shown)
    assert [b.replaces for b in items if b.first_frame >= shown][:2] == [False, True]


def test_a_paused_session_stands_still(engine: LivePerformer) -> None:
    session = _open(engine)
    _take(session, 5)
    session.pause()
    at = session.playhead
    with pytest.raises(TimeoutError):
        session.take(timeout=0.4)
    assert session.playhead == at
    session.resume()
    assert isinstance(session.take(timeout=2), TimedBlock)


def test_a_consumer_that_stops_stops_the_session_and_nothing_piles_up(engine: LivePerformer) -> None:
    session = _open(engine)
    _take(session, 9)
    time.sleep(2.5)
    assert len(session.items) <= 9
    following = session.take(timeout=1)
    assert isinstance(following, TimedBlock)
    assert following.first_frame == 9


def test_sessions_never_see_each_other(engine: LivePerformer) -> None:
    alone = _open(engine, light=40)
    alone.push(TONE)
    alone.end()
    expected = np.concatenate([b.frames for b in _blocks(_take(alone, 33))])
    alone.close()
    one, other = _open(engine, light=40), _open(engine, light=220, seed=9)
    one.push(TONE)
    one.end()
    other.push(-TONE)
    other.end()
    made = np.concatenate([b.frames for b in _blocks(_take(one, 33))])
    _take(other, 33)
    assert np.abs(made.astype(int) - expected).mean() < 1.0


def test_the_place_of_a_closed_session_can_be_had_at_once(engine: LivePerformer) -> None:
    sessions = [_open(engine), _open(engine)]
    for turn in range(4):
        sessions[turn % 2].push(TONE)
        time.sleep(0.02)  # a block is in the making
        sessions[turn % 2].close()
        sessions[turn % 2] = _open(engine)


def test_one_session_too_many_is_refused_with_the_number(engine: LivePerformer) -> None:
    first, _ = _open(engine), _open(engine)
    with pytest.raises(AtCapacity, match="holds 2 live sessions"):
        _open(engine)
    first.close()
    time.sleep(0.2)
    _open(engine)


def test_bad_speech_harms_nobody(engine: LivePerformer) -> None:
    session = _open(engine)
    for bad in (np.full(100, np.nan, np.float32), np.zeros((10, 2), np.float32), np.zeros(10, np.int16)):
        with pytest.raises(ValueError, match="speech"):
            session.push(bad)
    session.push(TONE, rate=24_000)
    session.push(TONE, rate=48_000)
    session.end()
    assert any(b.speaking for b in _blocks(_take(session, 21)))


def test_a_closed_session_refuses_and_its_consumer_is_told(engine: LivePerformer) -> None:
    session = _open(engine)
    _take(session, 1)
    session.close()
    session.close()
    assert session.take(timeout=1) is None
    with pytest.raises(ValueError, match="closed"):
        session.push(TONE)


def test_a_session_has_one_consumer(engine: LivePerformer) -> None:
    session = _open(engine)
    _take(session, 1)
    session.pause()
    waiting = threading.Thread(target=lambda: session.take(timeout=0.6) if session.closed else None)
    waiting.start()
    session._consumers = 1
    with pytest.raises(ValueError, match="consumer already"):
        session.take(timeout=0.1)
    session._consumers = 0
    waiting.join()


def test_a_stage_that_breaks_ends_the_session_it_was_for(engine, monkeypatch: pytest.MonkeyPatch) -> None:
    real = live.decode

    def breaks(performer, streams, records, tell):
        if any(stream.seed == 13 for stream in streams):
            raise RuntimeError("the decoder broke")
        return real(performer, streams, records, tell)

    monkeypatch.setattr(live, "decode", breaks)
    sound, broken = _open(engine), _open(engine, seed=13)
    _take(sound, 9)
    with pytest.raises(RuntimeError, match="decoder broke"):
        _take(broken, 9)
    with pytest.raises(RuntimeError, match="decoder broke"):
        broken.push(TONE)
    _take(sound, 33)


def test_a_faulty_block_is_made_again_and_then_held(engine: LivePerformer, monkeypatch: pytest.MonkeyPatch) -> None:
    session = _open(engine)
    _take(session, 9)
    session.fault_detector.limits = FaultLimits(largest=0.0)
    blocks = _blocks(_take(session, 45))
    assert session.fault_detector.counts.retried > 0
    assert any(b.repeated for b in blocks)
    held = [b for b in blocks if b.repeated]
    assert all((b.frames == b.frames[0]).all() for b in held)


def test_a_drifting_face_is_re_anchored(engine: LivePerformer) -> None:
    session = _open(engine)
    session.drift.is_outside = lambda drift: True  # type: ignore[method-assign]
    _take(session, 70)
    assert session.stats.re_anchors > 0


def test_a_snapshot_goes_on_in_another_session(engine: LivePerformer) -> None:
    session = _open(engine)
    _take(session, 33)
    kept = session.snapshot()
    other = engine.open(np.full((64, 64, 3), 128, np.uint8), "a person", snapshot=kept)
    other.fault_detector.limits = ANYTHING
    first = other.take(timeout=5)
    assert isinstance(first, TimedBlock)
    assert first.index == kept.index


def test_all_sessions_of_an_engine_have_its_size(performer: Performer) -> None:
    small = np.full((64, 64, 3), 128, np.uint8)
    with LivePerformer(performer, sessions=1, size=128) as engine:
        with pytest.raises(ValueError, match="128 x 128 x 3"):
            engine.open(small, "a person")
        assert engine.pool.free == 1
        session = engine.open(np.full((128, 128, 3), 128, np.uint8), "a person")
        session.fault_detector.limits = ANYTHING
        assert all(block.frames.shape[1:] == (128, 128, 3) for block in _blocks(_take(session, 20)))
        kept = session.snapshot()
    with LivePerformer(performer, sessions=1) as engine:
        with pytest.raises(ValueError, match="of another size"):
            engine.open(small, "a person", snapshot=kept)
        assert engine.pool.free == 1


@pytest.mark.parametrize(("easy", "size"), [((128, 64), 128), ((64,), 64), ((), 64)])
def test_the_largest_size_is_taken_that_leaves_time(
    performer: Performer, monkeypatch: pytest.MonkeyPatch, easy: tuple[int, ...], size: int
) -> None:
    measured: list[int] = []

    def steady_seconds(networks: object, size: int, cores: int) -> tuple[float, float]:
        measured.append(size)
        return 0.1, 0.1 if size in easy else 2.0

    monkeypatch.setattr(live, "steady_seconds", steady_seconds)
    for sessions in (1, None):
        with LivePerformer(performer, sessions=sessions, size="auto") as engine:
            assert engine.size == size
            assert engine.limit == (sessions or engine.latency.places(None))
        assert measured == [128, 64][: len(measured)], "each size once"
        assert measured[-1] == size, "and what is taken last"
        measured.clear()


def test_a_size_that_frames_cannot_have_is_refused(performer: Performer) -> None:
    with pytest.raises(ValueError, match="choose 64 or 128"):
        LivePerformer(performer, sessions=1, size=100)


def test_on_two_devices_a_block_costs_the_larger_stage(engine: LivePerformer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stages of 0.45 and 0.4 s (sleeps) keep up with blocks of 0.75 s, which one after the other they could not."""
    real_denoise, real_decode = live.denoise, live.decode

    def slow_denoise(*args):
        time.sleep(0.45)
        return real_denoise(*args)

    def slow_decode(*args):
        time.sleep(0.4)
        return real_decode(*args)

    monkeypatch.setattr(live, "denoise", slow_denoise)
    monkeypatch.setattr(live, "decode", slow_decode)
    session = _open(engine)
    _take(session, 57)  # the engine learns what a block costs
    before = session.stats.late
    _take(session, 57 + 5 * 12)
    assert session.stats.late == before


def test_asyncio_sees_the_same_session(engine: LivePerformer) -> None:
    """Methods return at once; waiting is done in a thread, as docs/live.md shows."""

    async def talk() -> list[TimedBlock | Interrupted | UtteranceFinished]:
        items: list[TimedBlock | Interrupted | UtteranceFinished] = []
        session = _open(engine)
        session.push(TONE)
        while len(items) < 9 and (item := await asyncio.to_thread(session.take)) is not None:
            items.append(item)
            if len(items) == 4:
                session.interrupt()
        session.close()
        return items

    items = asyncio.run(talk())
    assert any(isinstance(item, Interrupted) for item in items)
    frames = [b.first_frame for b in _blocks(items)]
    assert frames == sorted(frames)


@pytest.mark.slow
def test_speech_begins_in_the_silence_that_was_made_ahead(
    engine: LivePerformer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LivePerformer, "lead", 1.5)  # as a slow machine has it
    for after in range(20, 32, 3):
        session = _open(engine)
        _take(session, after)
        pushed = session.playhead
        session.push(TONE)
        session.end()
        taken = _blocks(_take(session, after + 44))
        assert [b.first_frame for b in taken[1:]] == [b.first_frame + len(b.frames) for b in taken[:-1]]
        first = next(b for b in taken if b.speech_samples)
        assert first.first_frame / 16 - pushed < session.latency.replacement + 0.6, "not behind two blocks of silence"
        heard = np.concatenate([b.audio for b in taken])
        start = (first.first_frame - taken[0].first_frame) * 1000
        np.testing.assert_array_equal(heard[start : start + 16_000], TONE)
        assert not heard[:start].any()
        assert sum(b.speech_samples for b in taken) == 16_000
        assert session.stats.interrupts == 0
        session.close()


@pytest.mark.slow
def test_utterances_that_follow_each_other_are_said_whole(
    engine: LivePerformer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LivePerformer, "lead", 1.5)
    session, taken, said = _open(engine), list[TimedBlock](), 0
    for pause in (13, 5, 17, 9, 26, 3):
        taken += _blocks(_take(session, session.taken_frames + pause))
        session.push(TONE[:6_000])
        session.end()
        said += 6_000
    taken += _blocks(_take(session, session.taken_frames + 60))
    assert [b.first_frame for b in taken[1:]] == [b.first_frame + len(b.frames) for b in taken[:-1]]
    assert sum(b.speech_samples for b in taken) == said
