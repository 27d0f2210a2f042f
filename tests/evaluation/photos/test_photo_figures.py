"""Figures of photographs: every fault of a clip moves the figure that is named for it, and nothing is left out."""

import numpy as np
import pytest

from livetalk.evaluation.metrics.motion import FLOORS
from livetalk.evaluation.metrics.realness import DescriptorSet
from livetalk.evaluation.photos.figures import COLUMNS, MOST_SHUT, Faces, Outcome, of_truth, summarise
from livetalk.evaluation.photos.report import FIGURES, missed
from tests.evaluation.photos.made_up import K, scenes, seen


def faces(apart: float = 1.0) -> Faces:
    rng = np.random.default_rng(9)
    names = [f"real {place}" for place in range(60)]
    return Faces(*(DescriptorSet(rng.normal(middle, 0.1, (60, COLUMNS)), names) for middle in (0, apart)))


def judged(made: dict, truth: dict) -> tuple[dict[str, float], list[str]]:
    figures = summarise(made, truth, faces())
    return figures, missed(Outcome(figures, of_truth(truth, faces()), None, "rendered people"))


def test_the_truth_passes_all_bars_and_has_a_meaning_for_every_figure() -> None:
    figures, failed = judged(scenes(), scenes())
    assert failed == []
    assert set(figures) == set(FIGURES)
    assert figures["photo_texture"] == figures["photo_motion_share"] == figures["photo_lip_r_share"] == 1
    assert figures["photo_realness"] < 0.05


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"distances": np.full(K, 0.5)}, {"photo_lost", "photo_identity_median", "photo_identity_p98"}),
        ({"distances": np.r_[np.full(K - 1, 0.25), 0.6]}, {"photo_lost", "photo_identity_p98"}),
        ({"texture": np.tile([0.85, 0.85, 0.5, 0.85], (K, 1))}, {"photo_texture"}),
        ({"ranges": dict.fromkeys(FLOORS, 0.2)}, {"photo_motion_share"}),
        ({"ranges": dict.fromkeys(FLOORS, 0.8)}, {"photo_motion_share"}),
        ({"ranges": {**dict.fromkeys(FLOORS, 0.4), "pitch": 0.1}}, {"photo_motion_share"}),
        ({"lip_r": 0.3}, {"photo_lip_r", "photo_lip_r_share"}),
        ({"rest": np.array([0.2, np.nan])}, {"photo_pause_gap"}),
        ({"expression": {}}, {"photo_prompt_mean"}),
        ({"detail": np.full(K, 0.5)}, {"photo_detail"}),
        ({"detail": np.full(K, 1.6)}, {"photo_detail"}),
        ({"descriptors": np.random.default_rng(0).normal(1, 0.1, (K, 128))}, {"photo_realness"}),
        ({"pictures": np.random.default_rng(0).normal(1, 0.1, (K, 256))}, {"photo_realness_vgg"}),
        ({"pictures": np.zeros((K, 0))}, {"photo_realness_vgg"}),
    ],
)
def test_a_fault_misses_its_own_bars(fault: dict, expected: set[str]) -> None:
    assert set(judged(scenes(**fault), scenes())[1]) == expected


def test_a_frame_without_a_face_is_a_stranger() -> None:
    figures, failed = judged(scenes(distances=np.r_[np.full(K // 2, 0.25), np.full(K // 2, np.nan)]), scenes())
    assert figures["photo_lost"] == pytest.approx(0.5)
    assert figures["photo_identity_p98"] == 1
    assert "photo_lost" in failed


def test_one_bad_scene_is_enough() -> None:
    made = {**scenes(), "smile_nod": [seen("smile_nod", distances=np.full(K, 0.7))] * 3}
    figures, _ = judged(made, scenes())
    assert figures["photo_lost"] == figures["photo_lost_smile_nod"] == 1
    assert figures["photo_lost_calm"] == 0
    assert figures["photo_identity_median"] == pytest.approx(0.7)


def test_what_the_truth_loses_is_not_held_against_the_model() -> None:
    poor = scenes(distances=np.r_[np.full(K - 2, 0.25), 0.6, 0.6])
    assert summarise(poor, poor)["photo_lost"] == 0
    assert of_truth(poor)["photo_lost"] == pytest.approx(0.1)


def test_blinks_are_no_lost_eyes_but_blindness_is() -> None:
    texture = np.full((K, 4), 0.85)
    few, many = np.arange(K) < MOST_SHUT * K - 1, np.arange(K) < K / 2
    blinking = [texture.copy() for _ in range(2)]
    for rows, lids in zip(blinking, (few, many), strict=True):
        rows[lids, :2] = 0.1
    truth = scenes(texture=texture)
    assert summarise(scenes(texture=blinking[0], shut=few), truth)["photo_texture_eyes"] == pytest.approx(1)
    assert summarise(scenes(texture=blinking[1], shut=many), truth)["photo_texture_eyes"] < 0.2
    assert summarise(scenes(texture=blinking[0]), truth)["photo_texture_eyes"] < 0.2, "one eye alone is no blink"
