"""Promises of the measurement of input checks: same seeds, same examples; scores count what they say."""

from pathlib import Path

import numpy as np
import pytest

from livetalk.cli.inputs import recordings
from livetalk.conditions.input_checks.face_network import FaceReading
from livetalk.conditions.input_checks.portrait import PortraitLimits, PortraitLook, kinds
from livetalk.data.portrait_parts import PortraitPart, portraits_of
from livetalk.evaluation.inputs import portrait_faults, portraits, report, run, sounds
from livetalk.evaluation.inputs.drawings import drawing
from livetalk.evaluation.inputs.portraits import LEAST, PLANTED, LookedAt
from livetalk.evaluation.inputs.report import InputVerdict
from livetalk.evaluation.inputs.subjects import Subject, typology


def made_up() -> Subject:
    picture = np.random.default_rng(0).integers(60, 200, (200, 160, 3)).astype(np.uint8)
    eyes = np.array([(60.0, 80.0), (100.0, 80.0)])
    return Subject("nobody", picture, eyes, np.array((80.0, 120.0)), 0.0, 0.0, 0.0, 40.0, photographed=False)


@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_fault_is_the_same_for_the_same_seed_and_leaves_its_subject_alone(kind: str):
    subject = made_up()
    before = subject.picture.copy()
    one, other = (PLANTED[kind](subject, np.random.default_rng(3), 0.5) for _ in range(2))
    assert np.array_equal(one, other)
    assert one.dtype == np.uint8
    assert one.shape != before.shape or not np.array_equal(one, before)
    assert np.array_equal(subject.picture, before)


def test_each_cover_and_each_drawing_can_be_made():
    for seed in range(12):
        for strength in (0.0, 1.0):
            rng = np.random.default_rng(seed)
            assert portrait_faults.covered(made_up(), rng, strength).shape == made_up().picture.shape
            assert drawing(made_up(), rng, strength).shape == made_up().picture.shape


def test_speech_is_judged_as_the_page_says():
    found = run.measure_speech(recordings(), count=7, part=PortraitPart.FINAL, tell=lambda _: None)
    assert set(found) == set(sounds.KINDS)
    assert all(score.reached for score in found.values()), found


def test_precision_counts_every_wrong_warning_and_recall_every_missed_fault():
    verdicts = [
        InputVerdict("cut", ("cut",), 50.0),
        InputVerdict("cut", (), 10.0),
        InputVerdict("none", ("cut",), 50.0),
        InputVerdict("dark", ("dark", "cut"), 10.0),
    ]
    found = report.scores(verdicts, {"cut": 2}, {"cut": "a bit", "dark": "a bit"})
    assert (found["cut"].precision, found["cut"].recall, found["cut"].refused) == (1 / 3, 0.5, 2)
    assert found["dark"].precision == found["dark"].recall == 1
    assert report.by_tone(verdicts) == (0.0, 0.5)


def test_light_skin_has_the_larger_angle():
    assert typology(np.array((0.95, 0.82, 0.74))) > 41 > 10 > typology(np.array((0.35, 0.22, 0.16)))


def test_limits_decide_one_by_one():
    fine = {"eyes": np.zeros((2, 2)), "yaw": 0.0, "pitch": 0.0, "lip_gap": 0.0, "blur": 0.0, "darkness": 0.0,
            "covered": -9.0, "drawing": -9.0, "face": 9.0}  # fmt: skip
    bad = {"yaw": 60.0, "lip_gap": 0.9, "blur": 0.5, "darkness": 6.0, "covered": 9.0, "drawing": 9.0}
    names = dict(zip(bad, ("turned", "mouth open", "blurred", "dark", "covered", "drawing"), strict=True))
    limits = PortraitLimits()
    assert kinds(PortraitLook(FaceReading(**fine), 90.0, 0.0), limits) == []
    for key, value in bad.items():
        assert kinds(PortraitLook(FaceReading(**{**fine, key: value}), 90.0, 0.0), limits) == [names[key]]
    assert kinds(PortraitLook(FaceReading(**fine), 20.0, 0.0), limits) == ["small"]
    assert kinds(PortraitLook(FaceReading(**fine), 20.0, 0.5), limits) == ["cut"], "one thing is said once"
    assert kinds(PortraitLook(FaceReading(**{**fine, "face": -9.0, "blur": 0.5}), 20.0, 0.0), limits) == ["unsure"]
    assert set(LEAST) == {*names.values(), "cut", "small"}


def test_what_may_be_no_face_is_refused_and_without_fault_that_is_a_mistake():
    look = PortraitLook(FaceReading(np.zeros((2, 2)), 0, 0, 0, 0, 0, -9, -9, face=-9.0), 90.0, 0.0)
    seen = [LookedAt(kind, 0.0, look, 50.0, False, 0.01, "nobody") for kind in ("dark", "none", "dark")]
    found = run.outcome({}, seen, 0.1)
    assert (found.portraits["dark"].examples, found.portraits["dark"].refused) == (0, 2)
    assert found.refused_clean == 1
    assert found.tones == (0.0, 0.0)


def test_the_parts_of_a_folder_share_no_picture(tmp_path: Path):
    for number in range(20):
        (tmp_path / f"p{number:02}.jpg").touch()
    (tmp_path / "table.csv").touch()
    parts = {part: {path.name for path in portraits_of(tmp_path, part)} for part in PortraitPart}
    assert {part: len(names) for part, names in parts.items()} == {"training": 10, "thresholds": 4, "final": 6}
    assert len(set.union(*parts.values())) == 20
    assert min(parts[PortraitPart.FINAL]) > max(parts[PortraitPart.TRAINING] | parts[PortraitPart.THRESHOLDS])
    with pytest.raises(ValueError, match="give a folder of ten portraits or more"):
        portraits_of(tmp_path / "none", PortraitPart.TRAINING)
    assert portraits.SEEDS[PortraitPart.THRESHOLDS] != portraits.SEEDS[PortraitPart.FINAL]


@pytest.mark.slow
def test_rendered_portraits_are_judged_as_the_page_says():
    try:
        seen = run.look_at_portraits(12, PortraitPart.THRESHOLDS, None, tell=lambda _: None)
    except ValueError as error:
        pytest.skip(f"no EGL here: {error}")
    found = run.outcome({}, seen, speech_seconds=0.0)
    assert found.refused_clean == 0
    assert found.portrait_seconds < 0.3
    assert min(found.tones) >= 0.9
    for kind, score in found.portraits.items():
        assert score.precision >= 0.9, (kind, score)  # one in twelve may be wrong
        assert score.recall >= 0.9, (kind, score)
