"""Promises of a stream stepped by hand: equal to offline, alone as in company, and undone to what was seen."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from torch.utils import _pytree as pytree

from livetalk.performer.block_plan import BlockPlan, BlockRecord, StreamSnapshot
from livetalk.performer.kv_pool import StatePool
from livetalk.performer.performer import Performer
from livetalk.performer.pipeline import computing, half_the_cores
from livetalk.performer.stages import decode, denoise
from livetalk.performer.stream import AvatarStream
from livetalk.presets import MINIATURE
from tests.helpers.sounds import hello

GEOMETRY = MINIATURE.geometry
FACES = [np.random.default_rng(seed).integers(0, 256, (64, 64, 3), np.uint8) for seed in range(2)]
BLOCK = 12_000  # samples
FIRST = 9_000


def _speech(samples: int, seed: int = 0) -> np.ndarray:
    return (0.2 * np.random.default_rng(seed).standard_normal(samples)).astype(np.float32)


@pytest.fixture
def pool(performer: Performer) -> StatePool:
    return performer.networks.kv_pool(3)


def _open(performer: Performer, pool: StatePool, face: int = 0, prompt: str = "calm", seed: int = 5) -> AvatarStream:
    return AvatarStream(performer.networks, pool.open(), FACES[face], prompt, seed)


def _make(stream: AvatarStream, job: BlockPlan | None = None) -> tuple[BlockRecord, np.ndarray]:
    job = job or stream.plan()
    # On as many cores as the performer takes: sums are rounded by how they are split.
    with computing(torch.get_num_threads() if job.index == 0 else half_the_cores()):
        record = denoise(stream.networks, [stream], [job])[0]
        return record, decode(stream.networks, [stream], [record])[0]


def _go(stream: AvatarStream, blocks: int) -> list[np.ndarray]:
    return [_make(stream)[1] for _ in range(blocks)]


def _same(a: list[np.ndarray], b: list[np.ndarray]) -> bool:
    return len(a) == len(b) and all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


def _memory(stream: AvatarStream) -> list[torch.Tensor]:
    """All that the blocks to come depend on, pages in their order."""
    kept = stream.slot.snapshot()
    past, carry = torch.from_numpy(stream.speech.history), pytree.tree_leaves(stream.carry)
    return [torch.tensor([stream.index, stream.rollout.latents]), kept.keys, kept.values, past, *carry]


def _equal(a: AvatarStream, b: AvatarStream) -> bool:
    pairs = zip(_memory(a), _memory(b), strict=True)
    return all(torch.equal(x, y) for x, y in pairs)


def _by_hand(performer: Performer, pieces: list[np.ndarray], seed: int = 0, prompt: str = "calm") -> np.ndarray:
    stream = _open(performer, performer.networks.kv_pool(1), prompt=prompt, seed=seed)
    made = []
    for piece in pieces:
        stream.push(piece)
        while stream.ready:
            made.append(_make(stream)[1])
    stream.end()
    while stream.speech.pending:
        made.append(_make(stream)[1])
    stream.close()
    return np.concatenate(made)


def _performed(performer: Performer, pieces: list[np.ndarray]) -> np.ndarray:
    return np.concatenate([block.frames for block in performer.perform(FACES[0], pieces, "calm")])


# Offline and streamed


@pytest.mark.parametrize("samples", [1, 1_000, 9_000, 9_001, 20_999, 21_000, 50_000])
def test_blocks_end_where_the_speech_ends(performer: Performer, samples: int) -> None:
    audio = _speech(samples)
    blocks = list(performer.perform(FACES[0], np.array_split(audio, 3), "calm"))
    frames = -(-samples // 1_000)
    assert sum(len(block.frames) for block in blocks) == frames
    assert all(len(block.frames) for block in blocks)
    assert [block.index for block in blocks] == list(range(len(blocks)))
    for block, following in pairwise(blocks):
        assert following.first_frame == block.first_frame + len(block.frames)
    assert all(len(block.audio) == 1_000 * len(block.frames) for block in blocks)
    assert all(block.speaking for block in blocks)
    assert sum(block.speech_samples for block in blocks) == samples
    heard = np.concatenate([block.audio for block in blocks])
    assert np.array_equal(heard[:samples], audio)
    assert not heard[samples:].any()


def test_stepped_by_hand_equals_performed_however_the_speech_is_cut(performer: Performer) -> None:
    audio = _speech(50_000)
    performed = _performed(performer, [audio])
    assert performed.shape == (50, 64, 64, 3)
    for cuts in ([], [1, 10_799, 10_800, 30_000], list(range(700, 50_000, 700))):
        pieces = np.split(audio, cuts)
        by_hand = _by_hand(performer, pieces)
        assert by_hand.shape == (57, 64, 64, 3)
        assert np.array_equal(by_hand[:50], performed)
        assert np.array_equal(_performed(performer, pieces), performed)


def test_a_stream_begins_with_the_portrait_and_its_counts_are_right(performer: Performer, pool: StatePool) -> None:
    stream = _open(performer, pool)
    record, frames = _make(stream)
    assert torch.equal(record.latents[:, :, :1], stream.reference)
    assert frames.shape == (9, 64, 64, 3)
    assert _go(stream, 2)[1].shape == (12, 64, 64, 3)
    assert (stream.index, stream.rollout.latents) == (3, 9)


def test_frames_come_at_the_portraits_size_and_act_alike(performer: Performer) -> None:
    large, speech = np.kron(FACES[0], np.ones((2, 2, 1), np.uint8)), [_speech(30_000)]
    wide = np.concatenate([block.frames for block in performer.perform(large, speech, "calm")])
    small = _performed(performer, speech)
    assert wide.shape == (len(small), 128, 128, 3)
    assert np.array_equal(wide[0], large)
    # One picture, one latent, one acting: what is seen differs by how finely it is drawn.
    reduced = wide.reshape(len(small), 64, 2, 64, 2, 3).mean((2, 4))
    assert np.abs(reduced - small).mean() < np.abs(small[1:].astype(float) - small[0]).mean()


def test_a_portrait_of_floats_is_the_same_portrait_and_other_numbers_are_one_sentence(performer: Performer) -> None:
    audio = [_speech(9_000)]
    frames, floats = (
        np.concatenate([block.frames for block in performer.perform(portrait, audio, "calm")])
        for portrait in (FACES[0], (FACES[0] / 255).astype(np.float32))
    )
    assert np.array_equal(frames, floats)
    for wrong in (FACES[0].astype(np.float32), FACES[0][..., 0], FACES[0][:32], FACES[0].astype(np.int64)):
        playing = performer.perform(wrong, audio, "calm")
        with pytest.raises(ValueError, match=r"^the portrait"):
            next(playing)


def test_the_same_seed_gives_the_same_frames_and_another_seed_others(performer: Performer) -> None:
    audio = [_speech(30_000)]
    first = _by_hand(performer, audio, seed=1)
    assert np.array_equal(_by_hand(performer, audio, seed=1), first)
    assert not np.array_equal(_by_hand(performer, audio, seed=2), first)


@pytest.mark.parametrize("seed", [2**40, 2**63 - 1, 10**30, -7])
def test_any_whole_number_is_a_seed(performer: Performer, seed: int) -> None:
    assert len(_by_hand(performer, [_speech(9_000)], seed=seed)) == 9


def test_speech_and_prompt_are_heard(performer: Performer) -> None:
    first = _by_hand(performer, [_speech(20_000)])
    assert not np.array_equal(_by_hand(performer, [_speech(20_000, seed=1)]), first)
    assert not np.array_equal(_by_hand(performer, [_speech(20_000)], prompt="angry"), first)


def test_mute_plans_silence_and_keeps_what_waits(performer: Performer, pool: StatePool) -> None:
    stream, silent = _open(performer, pool), _open(performer, pool)
    stream.push(_speech(5_000))
    job = stream.plan(mute=True)
    assert not job.heard.speaking
    assert not job.heard.audio.any()
    assert stream.speech.pending == 5_000
    assert _same([_make(stream, job)[1]], _go(silent, 1))
    assert _equal(stream, silent)
    stream.end()
    assert np.array_equal(stream.plan().heard.audio[:5_000], _speech(5_000))


def test_a_prompt_acts_from_the_next_planned_block_on(performer: Performer, pool: StatePool) -> None:
    plain, changed = _open(performer, pool), _open(performer, pool)
    assert _same(_go(plain, 1), _go(changed, 1))
    job = changed.plan()
    changed.set_prompt("angry, shaking the head")
    assert _same(_go(plain, 1), [_make(changed, job)[1]])
    assert not _same(_go(plain, 1), _go(changed, 1))


def test_a_very_long_prompt_is_cut_with_a_warning(performer: Performer, pool: StatePool) -> None:
    stream = _open(performer, pool)
    with pytest.warns(UserWarning, match="5000 characters is cut"):
        stream.set_prompt("happy " + "x" * 4_994)


def test_positions_of_hours_change_nothing(performer: Performer, pool: StatePool) -> None:
    near, far = _open(performer, pool), _open(performer, pool)
    _go(near, 5)
    _go(far, 5)
    for latents in (1_022, 1_023, 10_000_000):
        far.rollout = replace(far.rollout, latents=latents)
        assert _same(_go(near, 1), _go(far, 1))
        assert far.rollout.latents == latents + 3


# Alone and in a batch


def _pair(performer: Performer, pool: StatePool, blocks: int, second: int = 1) -> list[list[np.ndarray]]:
    """Two streams in one batch; `second` is the face and the voice of the other one."""
    streams = [_open(performer, pool, 0), _open(performer, pool, second)]
    made: list[list[np.ndarray]] = [[], []]
    for stream, voice in zip(streams, (0, second), strict=True):
        stream.push(_speech(blocks * BLOCK, seed=10 + voice))
    for _ in range(blocks):
        records = denoise(performer.networks, streams, [stream.plan() for stream in streams])
        for place, frames in enumerate(decode(performer.networks, streams, records)):
            made[place].append(frames)
    latents = [stream.records[-1].latents for stream in streams]
    for place, stream in enumerate(streams):
        made[place].append(latents[place].numpy())
        stream.close()
    return made


def test_two_in_a_batch_are_as_good_as_alone(performer: Performer, pool: StatePool) -> None:
    together = _pair(performer, pool, 10)
    for place, face in enumerate((0, 1)):
        stream = _open(performer, pool, face)
        stream.push(_speech(10 * BLOCK, seed=10 + face))
        alone = [*_go(stream, 10), stream.records[-1].latents.numpy()]
        for ours, theirs in zip(together[place], alone, strict=True):
            difference = ours.astype(np.float64) - theirs
            assert np.linalg.norm(difference) <= 1e-2 * np.linalg.norm(theirs.astype(np.float64))
        stream.close()


def test_a_stream_never_depends_on_its_neighbours_face_or_voice(performer: Performer, pool: StatePool) -> None:
    beside_another, beside_itself = _pair(performer, pool, 4, second=1), _pair(performer, pool, 4, second=0)
    assert _same(beside_another[0], beside_itself[0])
    assert not _same(beside_another[0], beside_another[1])
    # Rows of one product may be rounded differently.
    for ours, theirs in zip(*beside_itself, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4 if ours.dtype.kind == "f" else 1)


# Interrupts


@pytest.fixture
def begun(performer: Performer, pool: StatePool) -> tuple[AvatarStream, StreamSnapshot]:
    """A stream of two spoken blocks, and a copy of it as it is."""
    stream = _open(performer, pool)
    stream.push(_speech(FIRST + BLOCK, seed=3))
    stream.end()
    _go(stream, 2)
    return stream, stream.snapshot()


@pytest.mark.parametrize("shown", range(22, 33))
@pytest.mark.parametrize("ahead", [0, 1])
def test_an_interrupt_at_any_frame_makes_the_rest_again_as_if_no_more_had_been_said(
    performer: Performer, pool: StatePool, begun: tuple[AvatarStream, StreamSnapshot], shown: int, ahead: int
) -> None:
    stream, before = begun
    speech = _speech(3 * BLOCK, seed=4)
    stream.push(speech)
    record, seen = _make(stream)
    _go(stream, ahead)
    stream.speech.clear()
    job = stream.interrupt(shown)
    if job is None:  # a whole number of latent frames: the block is seen to its end
        assert shown > 29
        return
    assert job.known is not None
    first = GEOMETRY.frames_of(6 + job.known.shape[2])
    assert shown <= first < shown + 4
    remade, frames = _make(stream, job)
    assert torch.equal(remade.latents[:, :, : job.known.shape[2]], record.latents[:, :, : job.known.shape[2]])
    assert len(frames) == 33 - first
    assert not np.array_equal(frames, seen[first - 21 :])

    other = AvatarStream(performer.networks, pool.open(), FACES[0], "calm", 5)  # one that never heard the rest
    other.restore(before)
    other.push(speech[: (shown - 21) * 1_000])
    other.end()
    told = other.plan()
    assert np.array_equal(told.heard.audio, job.heard.audio)
    assert torch.equal(told.heard.rows, job.heard.rows)
    other.carry, other.attempt = record.carries[job.known.shape[2]], stream.attempt
    given = replace(told, known=job.known, carries=job.carries, attempt=job.attempt, quick=True)
    assert np.array_equal(_make(other, given)[1], frames)
    assert _equal(stream, other)
    assert _same(_go(stream, 2), _go(other, 2))


def test_an_interrupt_at_a_blocks_end_leaves_the_state_of_one_that_never_heard_the_rest(
    performer: Performer, pool: StatePool, begun: tuple[AvatarStream, StreamSnapshot]
) -> None:
    stream, before = begun
    speech = _speech(4 * BLOCK, seed=4)
    speech[BLOCK : BLOCK + performer.networks.windows.lookahead_samples] = 0  # what is seen was made without the rest
    stream.push(speech)
    _go(stream, 2)
    stream.speech.clear()
    assert stream.interrupt(33) is None
    other = AvatarStream(performer.networks, pool.open(), FACES[0], "calm", 5)
    other.restore(before)
    other.push(speech[:BLOCK])
    other.end()
    _go(other, 1)
    assert _equal(stream, other)
    other.attempt, other.quick = stream.attempt, stream.quick
    assert _same(_go(stream, 4), _go(other, 4))


def test_memory_of_a_block_seen_to_its_end_does_not_hear_what_was_never_said(
    performer: Performer, pool: StatePool, begun: tuple[AvatarStream, StreamSnapshot]
) -> None:
    stream, before = begun
    stream.push(_speech(4 * BLOCK, seed=4))
    record, _ = _make(stream)
    _make(stream)
    stream.speech.clear()
    assert stream.interrupt(33) is None
    other = AvatarStream(performer.networks, pool.open(), FACES[0], "calm", 5)
    other.restore(before)
    other.push(_speech(4 * BLOCK, seed=4)[:BLOCK])
    other.end()
    _make(other, replace(other.plan(), known=record.latents[:, :, :2], carries=tuple(record.carries[:2])))
    other.slot.restore(before.slot)  # the same latents, remembered with what was heard
    job = replace(other.records[-1].job, before=replace(other.records[-1].job.before, cache=other.slot.cache()))
    whole = replace(job, known=record.latents, carries=tuple(record.carries[:3]))
    denoise(performer.networks, [other], [whole])
    other.carry = stream.carry
    assert _equal(stream, other)


def test_an_interrupt_before_anything_was_shown_begins_anew(performer: Performer, pool: StatePool) -> None:
    stream, fresh = _open(performer, pool), _open(performer, pool)
    stream.push(_speech(2 * BLOCK))
    _go(stream, 2)
    stream.speech.clear()
    assert stream.interrupt(0) is None
    assert _equal(stream, fresh)
    assert stream.plan().frames == range(9)
    assert fresh.interrupt(0) is None, "nothing was made at all"


def test_the_first_block_can_be_cut_too(performer: Performer, pool: StatePool) -> None:
    for shown, first in ((1, 1), (2, 5), (5, 5), (6, 9), (9, 9)):
        stream = _open(performer, pool)
        stream.push(_speech(2 * BLOCK))
        _make(stream)
        stream.speech.clear()
        job = stream.interrupt(shown)
        if first == 9:
            assert job is None
        else:
            assert job is not None
            record, frames = _make(stream, job)
            assert len(frames) == 9 - first
            assert torch.equal(record.latents[:, :, :1], stream.reference)
        assert stream.plan().frames.start == 9
        stream.close()


@pytest.mark.parametrize("decoded", [False, True])
@pytest.mark.parametrize(("one", "two"), [(23, 23), (23, 28), (28, 28), (28, 23), (22, 33), (28, 21), (28, 16)])
def test_a_second_interrupt_finds_what_the_first_left(
    performer: Performer,
    begun: tuple[AvatarStream, StreamSnapshot],
    one: int,
    two: int,
    decoded: bool,
) -> None:
    """The second comes after the block was made again, decoded or not (then no more of it can have been seen)."""
    stream, _ = begun
    stream.push(_speech(2 * BLOCK, seed=4))
    record, _ = _make(stream)
    carries = [*record.carries]
    stream.speech.clear()
    job = stream.interrupt(one)
    assert job is not None
    assert job.known is not None
    given = job.known.shape[2]
    if decoded:
        _make(stream, job)
        carries = [*carries[:given], *stream.records[-1].carries[given:]]
        assert stream.records[-1].carries == carries
    else:
        denoise(performer.networks, [stream], [job])
        two = min(two, GEOMETRY.frames_of(6 + given))
    again = stream.interrupt(two)
    if two <= 21:
        assert stream.index == (2 if two == 21 else 1)
    elif two == 33:
        assert again is None
    else:
        assert again is not None
        assert again.known is not None
        assert GEOMETRY.frames_of(6 + again.known.shape[2]) >= two
        assert torch.equal(again.known[:, :, :given], job.known[:, :, : again.known.shape[2]])
        assert stream.carry == carries[again.known.shape[2]]
        assert len(_make(stream, again)[1]) == 33 - GEOMETRY.frames_of(6 + again.known.shape[2])
    start = stream.plan().frames.start
    assert start == (21 if two == 21 else 33 if two > 21 else 9 if again is not None and again.index == 1 else 21)


@pytest.mark.parametrize("steps", [0, 1])
def test_an_interrupt_while_the_block_is_made_again_loses_nothing_seen(
    performer: Performer, begun: tuple[AvatarStream, StreamSnapshot], steps: int
) -> None:
    stream, _ = begun
    stream.push(_speech(2 * BLOCK, seed=4))
    record, _ = _make(stream)
    stream.speech.clear()
    job = stream.interrupt(23)
    assert job is not None

    def leave_off() -> None:
        raise InterruptedError

    if steps:
        with pytest.raises(InterruptedError):
            denoise(performer.networks, [stream], [job], leave_off)
    stream.cancel(job)
    again = stream.interrupt(23)
    assert again is not None
    assert again.known is not None
    assert torch.equal(again.known, record.latents[:, :, :1])
    assert (again.index, again.frames) == (2, range(21, 33))
    assert len(_make(stream, again)[1]) == 8
    assert stream.plan().frames.start == 33


def test_speech_pushed_after_the_interrupt_is_the_next_utterance(
    begun: tuple[AvatarStream, StreamSnapshot],
) -> None:
    stream, _ = begun
    stream.push(_speech(3 * BLOCK, seed=4))
    _make(stream)
    stream.speech.clear()
    answer = _speech(BLOCK, seed=6)
    stream.push(answer)
    job = stream.interrupt(25)
    assert job is not None
    assert not job.heard.audio[4_000:].any()
    _make(stream, job)
    assert np.array_equal(stream.plan().heard.audio, answer)


def test_the_next_block_after_an_interrupt_is_quick_and_only_that_one(
    begun: tuple[AvatarStream, StreamSnapshot],
) -> None:
    stream, _ = begun
    assert stream.interrupt(21) is None
    stream.push(_speech(2 * BLOCK, seed=4))
    assert [stream.plan().quick, stream.plan().quick] == [True, False]


def test_a_face_that_idles_is_quick_once_its_anchors_are_made(begun: tuple[AvatarStream, StreamSnapshot]) -> None:
    stream, _ = begun
    stream.speech.clear()
    quick = [_make(stream)[0].job.quick for _ in range(5)]
    assert quick[-1]
    assert not any(q for q, index in zip(quick, range(stream.index - 5, stream.index), strict=True) if index < 3)
    stream.push(_speech(BLOCK, seed=4))
    stream.end()
    assert not stream.plan().quick


def test_a_block_can_be_made_again_with_fresh_noise(begun: tuple[AvatarStream, StreamSnapshot]) -> None:
    stream, _ = begun
    stream.push(_speech(2 * BLOCK, seed=4))
    past = stream.speech.history
    record, frames = _make(stream)
    other, others = _make(stream, stream.retry(record))
    assert not np.array_equal(frames, others)
    assert other.job.frames == record.job.frames
    assert np.array_equal(stream.speech.history, stream.speech.following(past, record.job.heard.audio))
    assert stream.plan().frames.start == 33


# Copies and ends


def test_a_snapshot_goes_on_to_the_bit_in_another_place(performer: Performer, pool: StatePool) -> None:
    stream = _open(performer, pool, face=0, prompt="happy", seed=9)
    other = _open(performer, pool, face=1, prompt="sad", seed=8)
    other.push(_speech(30_000))
    _go(other, 3)
    for cut in (False, True):  # also right after an interrupt, whose traces are part of the state
        stream.push(_speech(4 * BLOCK, seed=7))
        _go(stream, 3)
        stream.speech.clear()
        if cut:
            stream.interrupt(GEOMETRY.frames_of(stream.rollout.latents))
        other.restore(stream.snapshot())
        assert other.speech.pending == 0
        for one in (stream, other):
            one.push(_speech(3 * BLOCK, seed=11))
        assert _same(_go(stream, 3), _go(other, 3))
        assert _equal(stream, other)
        stream.speech.clear()


def test_a_snapshot_does_not_change_when_the_stream_goes_on(
    performer: Performer, begun: tuple[AvatarStream, StreamSnapshot]
) -> None:
    stream, kept = begun
    first = _go(stream, 6)
    stream.restore(kept)
    assert _same(_go(stream, 6), first)


def test_a_closed_stream_says_so(performer: Performer, pool: StatePool) -> None:
    stream = _open(performer, pool)
    kept = stream.snapshot()
    stream.push(_speech(9_000))
    stream.close()
    stream.close()
    calls = [
        lambda: stream.push(_speech(10)),
        stream.end,
        stream.plan,
        stream.snapshot,
        lambda: stream.restore(kept),
        lambda: stream.interrupt(0),
        lambda: stream.set_prompt("x"),
    ]
    for call in calls:
        with pytest.raises(ValueError, match=r"^the session is closed: open a new one$"):
            call()
    assert pool.free == 3


def test_a_stream_that_is_re_anchored_keeps_its_anchors_and_goes_on(performer: Performer, pool: StatePool) -> None:
    stream = _open(performer, pool)
    _go(stream, 7)
    anchors = stream.slot.snapshot().keys[:2]
    stream.reset_rolling_window()
    assert torch.equal(stream.slot.snapshot().keys, anchors)
    assert stream.phase == (2, False)
    assert stream.plan().frames.start == GEOMETRY.frames_of(21)
    assert [len(frames) for frames in _go(stream, 3)] == [12, 12, 12]


@pytest.mark.parametrize("ahead", [0, 1, 2])
def test_a_re_anchored_stream_can_be_interrupted_without_a_gap(
    performer: Performer, pool: StatePool, ahead: int
) -> None:
    stream = _open(performer, pool)
    stream.push(_speech(12 * BLOCK))
    _go(stream, 6)
    stream.reset_rolling_window()
    _go(stream, ahead)
    start = GEOMETRY.frames_of_block(stream.records[0].job.index).start
    job = stream.interrupt(start + 2)
    assert job is not None
    assert job.frames.start == start
    assert len(_make(stream, job)[1]) == 8
    assert stream.plan().frames.start == start + 12


@pytest.mark.parametrize("shown", [21, 22])
def test_a_snapshot_after_an_interrupt_holds_nothing_of_what_is_undone(
    performer: Performer, pool: StatePool, begun: tuple[AvatarStream, StreamSnapshot], shown: int
) -> None:
    stream, before = begun
    stream.push(_speech(2 * BLOCK, seed=4))
    _go(stream, 2)
    job = stream.interrupt(shown)
    kept = stream.snapshot()
    assert (job is None, kept.index) == (shown == 21, 2)
    assert kept.slot.keys.shape == before.slot.keys.shape
    assert torch.equal(kept.slot.keys[:1], before.slot.keys[:1])
    stream.reset_rolling_window()
    assert stream.phase == (2, False)


# Any walk


class Walk(RuleBasedStateMachine):
    """Pushes, steps, interrupts, copies: clocks line up at every turn and no page is lost."""

    performer: Performer

    @initialize(seed=st.integers(0, 3))
    def begin(self, seed: int) -> None:
        self.pool = self.performer.networks.kv_pool(2)
        self.stream = _open(self.performer, self.pool, seed=seed)
        self.next = self.shown = 0  # the first frame to come, and how many are seen for certain
        self.copy: tuple[StreamSnapshot, int] | None = None

    @rule(samples=st.integers(0, 30_000), rate=st.sampled_from([16_000, 24_000]))
    def push(self, samples: int, rate: int) -> None:
        self.stream.push(_speech(samples), rate)

    @rule()
    def end(self) -> None:
        self.stream.end()

    @rule(mute=st.booleans())
    def step(self, mute: bool) -> None:
        waiting, job = self.stream.speech.pending, self.stream.plan(mute)
        taken = 0 if mute else min(waiting, len(job.heard.audio))
        assert self.stream.speech.pending == waiting - taken
        assert job.heard.speaking == (taken > 0)
        self._make(job)

    @rule(back=st.integers(0, 24))
    def interrupt(self, back: int) -> None:
        oldest = self.stream.records[0].job.frames.start if self.stream.records else self.next
        self.shown = max(self.shown, oldest, self.next - back)
        self.stream.speech.clear()
        job = self.stream.interrupt(self.shown)
        if job is None:
            begins = GEOMETRY.frames_of_block(self.stream.index).start
            assert self.shown <= begins < self.shown + 12 or begins == self.shown
            self.next = begins
        else:
            assert job.known is not None
            self.next = GEOMETRY.frames_of(3 * job.index + job.known.shape[2])
            assert self.shown <= self.next < self.shown + 4
            self._make(job)

    @precondition(lambda self: self.stream.index > 2)
    @rule()
    def re_anchor(self) -> None:
        self.stream.reset_rolling_window()

    @rule()
    def snapshot(self) -> None:
        self.copy = (self.stream.snapshot(), self.next)

    @precondition(lambda self: self.copy is not None)
    @rule()
    def restore(self) -> None:
        assert self.copy is not None
        other = _open(self.performer, self.pool, face=1)
        other.restore(self.copy[0])
        self.stream.close()
        self.stream, self.next = other, self.copy[1]
        self.shown = self.next

    @invariant()
    def everything_lines_up(self) -> None:
        stream = self.stream
        assert GEOMETRY.frames_of_block(stream.index).start == self.next
        assert stream.rollout.latents == 3 * stream.index
        assert len(stream.speech.history) == stream.speech.windows.past_samples + BLOCK
        table = stream.slot.kept[-1]
        assert len(set(table)) == len(table) <= min(stream.index, self.pool.shape.past_blocks)
        assert len(table) >= min(stream.index, self.pool.shape.anchors)
        assert table == stream.rollout.cache.tables[0]  # type: ignore[attr-defined]
        assert set(table) <= set(stream.slot.pages)
        assert self.pool.free == 1

    def teardown(self) -> None:
        if hasattr(self, "stream"):
            self.stream.close()
            assert self.pool.free == 2
            assert not self.pool.keys.any()

    def _make(self, job: BlockPlan) -> None:
        frames = _make(self.stream, job)[1]
        assert len(job.heard.audio) == 1_000 * len(job.frames)
        assert len(job.heard.rows) == len(job.frames)
        assert job.frames.stop - len(frames) == self.next
        self.next += len(frames)


def test_any_walk_lines_up_and_loses_no_page(performer: Performer) -> None:
    Walk.performer = performer
    run_state_machine_as_test(Walk, settings=settings(max_examples=25, stateful_step_count=20, deadline=None))


def test_quiet_speech_that_is_interrupted_was_heard_at_the_level_of_training(
    performer: Performer, pool: StatePool
) -> None:
    quiet, stream = hello()[6_000:] * np.float32(10 ** (-48 / 20)), _open(performer, pool)
    stream.push(quiet)
    records = [_make(stream)[0] for _ in range(2)]
    heard = records[1].job.heard
    stream.speech.clear()
    again = stream.interrupt(9 + 6)
    assert again is not None
    kept = again.heard.audio.any() and np.flatnonzero(again.heard.audio)[-1] + 1
    assert 4_000 < kept <= 6_000
    assert np.array_equal(again.heard.audio[:kept], heard.audio[:kept])
    assert np.array_equal(again.heard.modelled[:kept], heard.modelled[:kept])
    assert not again.heard.modelled[kept:].any()
    assert np.array_equal(stream.speech.history[-12_000:], again.heard.modelled)
