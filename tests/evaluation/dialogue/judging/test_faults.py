"""Each fault spoils what it says: its own turns, its own half of a clip; and every dimension has one."""

from pathlib import Path

import numpy as np
import pytest

from livetalk.evaluation.dialogue.judging.clips import AnswerClip, read_clip
from livetalk.evaluation.dialogue.judging.faults import EFFECTS, PlantedFault, Planter, spoken_at
from livetalk.evaluation.dialogue.judging.hearing import TimedWord
from livetalk.evaluation.dialogue.records import DialogueRecord, folder_of
from livetalk.evaluation.dialogue.scenarios import Dimension
from tests.helpers import judged

GREEN, WHITE = (0, 255, 0), (255, 255, 255)


class Stage:
    """Acts in one colour a mood; a stranger is white."""

    def perform(self, portrait: np.ndarray, sound: np.ndarray, mood: str) -> np.ndarray:
        color = WHITE if portrait.mean() == 255 else GREEN
        return np.full((4, 64, 64, 3), color, np.uint8)

    def stranger(self, portrait: np.ndarray) -> np.ndarray:
        return np.full((64, 64, 3), 255, np.uint8)


@pytest.fixture
def held(tmp_path: Path) -> tuple[Planter, list[DialogueRecord]]:
    """Two dialogues, the second with longer answers."""
    from dataclasses import replace

    other = replace(judged.SCENARIO, name="another")
    records = [judged.hold(tmp_path / "good"), judged.hold(tmp_path / "good", "ours", other, (34, 40, 46))]
    hearing = judged.FakeHearing(dict(zip(judged.LENGTHS, judged.ANSWERS, strict=True)))
    return Planter(tmp_path / "good", tmp_path / "bad", Stage(), hearing), records


def _clips(
    planter: Planter, records: list[DialogueRecord], fault: PlantedFault
) -> tuple[list[AnswerClip], list[AnswerClip]]:
    damaged = planter.plant(fault, 0, records, judged.SCENARIO)
    assert damaged is not None
    assert damaged.system == fault.value
    before = folder_of(planter.source, "ours", judged.SCENARIO.name)
    after = folder_of(planter.out, fault.value, judged.SCENARIO.name)
    return ([read_clip(folder / f"answer_{i}.mp4") for i in (1, 2, 3)] for folder in (before, after))  # type: ignore


def _moved(before: AnswerClip, after: AnswerClip) -> float:
    """Mean difference of the pictures, in grey levels."""
    return float(np.abs(before.frames.astype(int) - after.frames).mean())


def test_every_dimension_has_a_fault_and_no_fault_is_of_all() -> None:
    assert frozenset().union(*(effect.must for effect in EFFECTS.values())) == frozenset(Dimension)
    assert set(EFFECTS) == set(PlantedFault)
    assert all(effect.must and effect.untouched for effect in EFFECTS.values())


def test_a_neutral_face_is_planted_on_the_sad_turn_only(held: tuple[Planter, list[DialogueRecord]]) -> None:
    before, after = _clips(*held, PlantedFault.NEUTRAL_FACE)
    assert [_moved(a, b) > 20 for a, b in zip(before, after, strict=True)] == [False, True, False]
    assert np.abs(before[1].sound - after[1].sound[: len(before[1].sound)]).max() < 0.1


def test_a_stranger_comes_in_the_last_turn(held: tuple[Planter, list[DialogueRecord]]) -> None:
    _, after = _clips(*held, PlantedFault.IDENTITY_SWAP)
    assert [clip.frames.mean() > 240 for clip in after] == [False, False, True]


def test_lips_and_blocks(held: tuple[Planter, list[DialogueRecord]]) -> None:
    before, late = _clips(*held, PlantedFault.SHIFTED_LIPS)
    assert np.abs(late[0].frames[6:].astype(int) - before[0].frames[1:-5]).mean() < 6
    _, still = _clips(*held, PlantedFault.FROZEN_BLOCK)
    quiet = np.abs(np.diff(still[2].frames.astype(int), axis=0)).mean((1, 2, 3)) < 1
    assert quiet.sum() >= 9


def test_answers_are_exchanged_cut_and_out_of_order(held: tuple[Planter, list[DialogueRecord]]) -> None:
    for fault, lengths in (
        (PlantedFault.ANOTHER_ANSWER, [16, 40, 28]),
        (PlantedFault.CUT_ANSWER, [6, 8, 10]),
        (PlantedFault.WRONG_ORDER, [28, 16, 22]),
    ):
        _, after = _clips(*held, fault)
        assert [len(clip.frames) for clip in after] == lengths


def test_the_name_is_silenced_where_it_should_be_remembered(held: tuple[Planter, list[DialogueRecord]]) -> None:
    before, after = _clips(*held, PlantedFault.FORGOTTEN_NAME)
    said = slice(round(0.22 * 16_000), round(0.38 * 16_000))
    assert np.abs(before[2].sound[said]).mean() > 0.1
    assert np.abs(after[2].sound[said]).mean() < 0.02
    assert np.abs(after[0].sound[said]).mean() > 0.1, "the first answer need not remember"


def test_a_name_that_was_never_said_cannot_be_forgotten(held: tuple[Planter, list[DialogueRecord]]) -> None:
    planter, records = held
    planter.hearing.timed = lambda sound: [TimedWord("label", 0.2, 0.4)]  # type: ignore[method-assign]
    assert planter.plant(PlantedFault.FORGOTTEN_NAME, 0, records, judged.SCENARIO) is None
    assert spoken_at(frozenset({"peter"}), [TimedWord("Peter's", 0.5, 0.6)]) == [pytest.approx((0.42, 0.68))]
