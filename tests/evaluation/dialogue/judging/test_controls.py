"""A dimension is believed only if its faults lower it, clearly and in enough dialogues, and guesses do not keep it."""

from livetalk.evaluation.dialogue.judging.controls import ablation_effect, fault_effect, stranger_to, unmeasured
from livetalk.evaluation.dialogue.judging.evidence import Modality
from livetalk.evaluation.dialogue.judging.faults import EFFECTS, PlantedFault
from livetalk.evaluation.dialogue.scenarios import Dimension

SEEN = [(5.0, 3.0), (4.0, 3.0), (5.0, 4.0), (4.5, 2.0)]
UNSEEN = [(5.0, 5.0), (4.0, 4.0), (5.0, 4.8), (4.5, 4.4)]


def _all(pairs_of: dict[PlantedFault, list[tuple[float, float]]]):
    return [fault_effect(fault, dimension, pairs_of.get(fault, SEEN))
            for fault, effect in EFFECTS.items() for dimension in effect.must]  # fmt: skip


def test_a_judge_that_sees_everything_is_believed() -> None:
    assert unmeasured(_all({}), []) == {}


def test_a_fault_that_goes_unseen_takes_its_dimension_only() -> None:
    found = unmeasured(_all({PlantedFault.SHIFTED_LIPS: UNSEEN}), [])
    assert list(found) == ["conversational_naturalness"]
    assert found["conversational_naturalness"] == "shifted lips lowers it by 0.07 only"


def test_a_deaf_judge_is_told_why() -> None:
    found = unmeasured(_all({PlantedFault.SHIFTED_LIPS: UNSEEN}), [], hears=False)
    assert "was sent no sound" in found["conversational_naturalness"]
    assert unmeasured(_all({}), [], hears=False) == {}


def test_one_lucky_dialogue_is_not_enough() -> None:
    assert not fault_effect(
        PlantedFault.IDENTITY_SWAP, Dimension.MULTI_VIDEO_COHERENCE, [(5, 1), (4, 4), (4, 4), (4, 4)]
    ).moved
    few = fault_effect(PlantedFault.IDENTITY_SWAP, Dimension.MULTI_VIDEO_COHERENCE, SEEN[:3])
    assert not few.moved
    assert "in 3 dialogues only" in unmeasured([few], [])["multi_video_coherence"]


def test_a_dimension_whose_fault_was_not_tried_is_not_believed() -> None:
    rows = [row for row in _all({}) if row.dimension != Dimension.LOGICAL_CONSISTENCY]
    assert unmeasured(rows, []) == {"logical_consistency": "its fault was not tried"}


def test_a_score_that_had_to_stay_is_marked_in_both_directions() -> None:
    fallen = fault_effect(PlantedFault.SHIFTED_LIPS, Dimension.SEMANTIC_RELEVANCE, SEEN)
    risen = fault_effect(PlantedFault.SHIFTED_LIPS, Dimension.SEMANTIC_RELEVANCE, [(b, a) for a, b in SEEN])
    assert (fallen.role, fallen.moved, risen.moved) == ("untouched", True, True)
    assert not fault_effect(PlantedFault.SHIFTED_LIPS, Dimension.SEMANTIC_RELEVANCE, UNSEEN).moved


def test_a_visual_score_that_stays_without_pictures_is_void() -> None:
    guessed = ablation_effect(Dimension.NONVERBAL_INTERACTION, Modality.TRANSCRIPT, UNSEEN)
    other = ablation_effect(Dimension.NONVERBAL_INTERACTION, Modality.FRAMES, UNSEEN)
    assert (guessed.decides, other.decides) == (True, False)
    found = unmeasured(_all({}), [guessed, other])
    assert found == {"nonverbal_interaction": "its score stays when only transcript is shown"}
    assert stranger_to(Dimension.CONTEXT_UNDERSTANDING) is Modality.FRAMES
