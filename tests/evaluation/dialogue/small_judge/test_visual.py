"""Each visual level falls for its own fault, and stays for those of others; without pictures it is the lowest."""

from dataclasses import replace

import numpy as np
import pytest

from livetalk.evaluation.dialogue.judging.evidence import Evidence, Expectations, TimedFrame, TurnEvidence
from livetalk.evaluation.dialogue.judging.gathering import chosen
from livetalk.evaluation.dialogue.small_judge import seeing, visual
from livetalk.evaluation.dialogue.small_judge.seeing import FaceMeter, loudness, readable
from livetalk.evaluation.dialogue.small_judge.visual import Level
from livetalk.evaluation.metrics.landmarks import FaceTrack
from livetalk.media.wav import wav_bytes
from tests.evaluation.photos.made_up import tracked
from tests.helpers import judged

METER = FaceMeter()
GOOD = judged.evidence(frames=[judged.swaying(frames=6)] * 3)
STRANGER = judged.evidence(frames=[*[judged.swaying(frames=6)] * 2, judged.swaying("omar", 6)])
FROZEN = judged.evidence(frames=[judged.swaying(frames=12, frozen=6)] * 3)


def test_a_stranger_moves_coherence_and_leaves_stillness() -> None:
    assert visual.multi_video_coherence(GOOD, METER).value == 5
    assert visual.multi_video_coherence(STRANGER, METER).value < 2
    assert visual.nonverbal_interaction(STRANGER, METER).value > 4.5


def test_a_frozen_block_moves_stillness_and_leaves_coherence() -> None:
    assert visual.nonverbal_interaction(GOOD, METER).value > 4.5
    assert visual.nonverbal_interaction(FROZEN, METER).value < 3
    assert visual.multi_video_coherence(FROZEN, METER).value == 5


def test_without_pictures_or_sound_a_level_is_the_lowest() -> None:
    blind = judged.evidence()
    for level in (
        visual.emotional_appropriateness(blind, METER),
        visual.nonverbal_interaction(blind, METER),
        visual.multi_video_coherence(blind, METER),
        visual.conversational_naturalness(GOOD, METER),
    ):
        assert level.value == 1


class FakeMeter(FaceMeter):
    """Sees lips that open with a known curve."""

    def __init__(self, gap: np.ndarray) -> None:
        super().__init__()
        self.gap = gap

    def face(self, turn: object) -> FaceTrack:
        t = len(self.gap)
        nothing = np.zeros(t)
        return FaceTrack(self.gap, nothing, np.zeros((t, 3)), nothing, np.zeros((t, 2)), np.zeros((t, 2, 2)),
                         np.zeros((t, 52)), ())  # fmt: skip


def shapes(smile: float, frown: float, brow_down: float, inner: float, squint: float) -> dict[str, float]:
    """Blendshapes of a face with both sides alike."""
    pairs = {"mouthSmile": smile, "mouthFrown": frown, "browDown": brow_down, "eyeSquint": squint}
    return {f"{name}{side}": value for name, value in pairs.items() for side in ("Left", "Right")} | {
        "browInnerUp": inner
    }


PORTRAIT = shapes(0.74, 0.0, 0.08, 0.01, 0.44)  # lena, who smiles
ACTED = {"happy": shapes(0.91, 0.0, 0.20, 0.01, 0.51), "sad": shapes(0.03, 0.26, 0.01, 0.29, 0.34)}


class ActingMeter(FaceMeter):
    """Sees a portrait that smiles, and somebody who acts from the frame after it on, some frames later if late."""

    def __init__(self, mood: str, late: int) -> None:
        super().__init__()
        self.mood, self.late = mood, late

    def face(self, turn: TurnEvidence) -> FaceTrack:
        begun = np.array([round(16 * frame.time_s) > self.late for frame in turn.frames])
        before, after = tracked(len(begun), **PORTRAIT), tracked(len(begun), **ACTED[self.mood])
        return replace(after, blendshapes=np.where(begun[:, None], after.blendshapes, before.blendshapes))


@pytest.mark.parametrize("late", [0, 2, 5, 8])
@pytest.mark.parametrize("mood", list(ACTED))
def test_pictures_that_are_late_leave_the_mood(mood: str, late: int) -> None:
    frames = tuple(TimedFrame(i / 16, b"") for i in chosen(72, 32))
    levels = {
        asked: visual.emotional_appropriateness(
            Evidence("", (TurnEvidence("", Expectations(asked), frames),)), ActingMeter(mood, late)
        ).value
        for asked in ("happy", "sad", "neutral", "angry", "surprised")
    }
    assert levels.pop(mood) == 5
    assert max(levels.values()) < 3


@pytest.mark.parametrize(("late", "low", "high"), [(0.0, 4.8, 5), (0.3, 1, 2.5)])
def test_lips_that_are_late_lower_how_natural_it_is(late: float, low: float, high: float) -> None:
    rng = np.random.default_rng(1)
    steps = np.repeat(rng.random(48), 1600) * 0.5  # a syllable each tenth of a second
    smooth = np.convolve(steps, np.ones(1600) / 1600, "same")
    sound = (smooth * rng.standard_normal(len(smooth))).astype(np.float32)
    times = np.arange(0.5, 4.3, 0.06)
    gap = smooth[np.round((times - late) * 16_000).astype(int)]
    turn = replace(GOOD.turns[0], frames=tuple(TimedFrame(float(t), b"") for t in times), sound=wav_bytes(sound))
    level = visual.conversational_naturalness(Evidence("", (turn,)), FakeMeter(gap))
    assert low <= level.value <= high, level.reason


def test_loudness_is_of_the_moment() -> None:
    sound = np.concatenate([np.zeros(16_000), np.full(16_000, 0.5)]).astype(np.float32)
    quiet, loud = loudness(wav_bytes(sound), [0.5, 1.5])
    assert loud - quiet > 5
    assert np.isfinite(loudness(wav_bytes(sound), [-3.0, 99.0])).all()


def test_a_short_track_is_long_enough_to_be_read() -> None:
    face = METER.face(GOOD.turns[0])
    longer = readable(face)
    assert len(longer.gap) >= seeing.READABLE
    assert np.nanmean(longer.blendshapes, 0) == pytest.approx(np.nanmean(face.blendshapes, 0))


def test_levels_stay_between_their_anchors() -> None:
    assert (Level.of(-3, "").value, Level.of(0.5, "").value, Level.of(7, "").value) == (1, 3, 5)
