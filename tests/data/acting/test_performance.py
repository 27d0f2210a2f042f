"""A performance follows its utterance, its prompt and its seed."""

from dataclasses import dataclass

import numpy as np
import pytest

from livetalk.data.acting.performance import HELD_OUT_FROM, perform
from livetalk.data.acting.prompts import Acting, vocabulary
from livetalk.data.acting.visemes import lip_gap
from livetalk.data.arkit import ARKIT


@dataclass(frozen=True)
class Words:
    phonemes: tuple[tuple[str, float, float], ...]


def speak(symbols: str, seconds: float = 0.085) -> Words:
    timeline, now = [(" ", 0.0, 0.4)], 0.4
    for symbol in symbols:
        length = 0.0 if symbol in "ˈˌ" else {" ": 0.03, ".": 0.5}.get(symbol, seconds)
        timeline.append((symbol, now, now + length))
        now += length
    return Words(tuple(timeline))


SPEECH = speak("həlˈO mˈI nˈAm ɪz bˈɑb. " * 6)
NOTHING = Words(((" ", 0.0, 9.0),))


def test_shapes_bounds_and_determinism():
    for seed in range(20):
        act, again = perform(seed, SPEECH, 5), perform(seed, SPEECH, 5)
        assert (act.weights.shape, act.pose.shape) == ((81, 52), (81, 6))
        assert act.weights.dtype == act.pose.dtype == np.float32
        assert 0 <= act.weights.min() <= act.weights.max() <= 1
        assert np.array_equal(act.weights, again.weights)
        assert np.array_equal(act.pose, again.pose)
        assert (act.prompt, act.acting) == (again.prompt, again.acting)
    assert perform(1, SPEECH).prompt != perform(2, SPEECH).prompt


@pytest.mark.parametrize("mood", ["neutral", "happy", "sad", "angry", "surprised"])
def test_closures_survive_every_mood(mood):
    for seed in range(6):
        act = perform(seed, SPEECH, 8, acting=Acting(mood=mood))
        gap, times = lip_gap(act.weights), (8 + np.arange(81)) / 16
        for symbol, start, end in SPEECH.phonemes:
            if symbol in "mbp" and times[8] < start and end < times[-1]:
                assert gap[(times > start - 0.035) & (times < end + 0.035)].min() < 0.03


def test_most_clips_start_from_a_resting_face_and_reach_the_mood_soon():
    smile = ARKIT.index("mouthSmileLeft")
    acts = [perform(seed, NOTHING, acting=Acting(mood="happy")) for seed in range(100)]
    rested = [act.weights[0, smile] == 0 for act in acts]
    assert 0.65 < np.mean(rested) < 0.95
    assert all(act.weights[9:, smile].min() > 0.45 for act in acts)
    steps = [np.diff(act.weights[:, smile]).max() for act in acts]
    assert max(steps) < 0.65


def test_the_portrait_has_open_eyes_on_the_camera():
    blink, look = ARKIT.index("eyeBlinkLeft"), ARKIT.index("eyeLookInLeft")
    acts = [perform(seed, NOTHING, acting=Acting(gaze="left")) for seed in range(100)]
    ramped = [act for act in acts if act.weights[0, look] < 0.45]
    assert 60 < len(ramped) < 95
    assert all(act.weights[0, blink] < 0.3 for act in ramped)


def test_silence_closes_the_mouth_and_speech_opens_it():
    quiet, talking = perform(3, NOTHING, acting=Acting()), perform(3, SPEECH, 8, acting=Acting())
    assert lip_gap(quiet.weights).max() < 0.03
    assert lip_gap(talking.weights).std() > 0.035


def test_the_mouth_follows_the_start_frame():
    late, early = perform(4, SPEECH, 20, acting=Acting()), perform(4, SPEECH, 10, acting=Acting())
    jaw = ARKIT.index("jawOpen")
    assert np.allclose(late.weights[10:60, jaw], early.weights[20:70, jaw], atol=1e-4)


def test_held_out_seeds_speak_in_held_out_words():
    fresh = vocabulary(True) - vocabulary(False)

    def share(first: int) -> float:
        prompts = [perform(first + n, NOTHING, frames=2).prompt.lower() for n in range(60)]
        return float(np.mean([bool(fresh & set(p.replace(",", "").replace(".", "").split())) for p in prompts]))

    assert share(0) == 0
    assert share(HELD_OUT_FROM) > 0.7
