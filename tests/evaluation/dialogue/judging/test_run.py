"""A judging goes the whole way over HTTP to the small judge: systems, faults, ablation, pairs; again from the log."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from livetalk.evaluation.dialogue.judging.answer_log import AnswerLog
from livetalk.evaluation.dialogue.judging.calibration import StudentStage, calibration_scenarios, hold
from livetalk.evaluation.dialogue.judging.controls import FEWEST
from livetalk.evaluation.dialogue.judging.endpoint import Endpoint, EndpointClient
from livetalk.evaluation.dialogue.judging.faults import EFFECTS, PlantedFault, Planter
from livetalk.evaluation.dialogue.judging.gathering import Gatherer
from livetalk.evaluation.dialogue.judging.hearing import AnswerHearing
from livetalk.evaluation.dialogue.judging.options import FrameSampling
from livetalk.evaluation.dialogue.judging.panel import Panel
from livetalk.evaluation.dialogue.judging.run import HeldDialogue, JudgingRun
from livetalk.evaluation.dialogue.records import DialogueRecord
from livetalk.evaluation.dialogue.scenarios import Dimension
from livetalk.evaluation.dialogue.small_judge.server import NAME, small_judge
from tests.helpers import judged

ANOTHER = replace(judged.SCENARIO, name="another")
GOOD = dict(zip(judged.LENGTHS, judged.ANSWERS, strict=True))
WORSE = {34: "Trains leave at noon.", 40: "Ships sail.", 46: ""}


class Stage:
    def perform(self, portrait: np.ndarray, sound: np.ndarray, mood: str) -> np.ndarray:
        return np.zeros((4, *portrait.shape), np.uint8)

    def stranger(self, portrait: np.ndarray) -> np.ndarray:
        return portrait


@contextmanager
def _run(log: Path) -> Generator[JudgingRun]:
    gatherer = Gatherer(FrameSampling(2, 64), judged.FakeHearing(GOOD | WORSE))
    with (
        small_judge() as url,
        EndpointClient(Endpoint(url, NAME)) as client,
        Panel(client, AnswerLog(log), NAME) as panel,
    ):
        yield JudgingRun(panel, gatherer, repeats=2, sound=True)


def _held(folder: Path, record: DialogueRecord) -> HeldDialogue:
    return HeldDialogue(folder, record, judged.SCENARIO if record.scenario == judged.SCENARIO.name else ANOTHER)


@pytest.fixture
def two(tmp_path: Path) -> list[HeldDialogue]:
    """One scenario with two systems."""
    good, bad = judged.hold(tmp_path, "ours"), judged.hold(tmp_path, "theirs", lengths=(34, 40, 46))
    return [_held(tmp_path, good), _held(tmp_path, bad)]


def test_systems_are_judged_in_all_dimensions_and_found_again(two: list[HeldDialogue], tmp_path: Path) -> None:
    log = tmp_path / "log"
    with _run(log) as run:
        ours, theirs = run.systems(two)
        before = len(log.read_text().splitlines())
        assert before == 2 * (9 * 2 + 1)
        assert list(run.systems(two)) == [ours, theirs]
        assert len(log.read_text().splitlines()) == before
    assert [row.dimension for row in ours.scores] == [one.value for one in Dimension]
    assert all(len(row.scores) == 2 and None not in row.scores for row in ours.scores)
    scores = {one.dimension: (one.mean, other.mean) for one, other in zip(ours.scores, theirs.scores, strict=True)}
    for dimension in (Dimension.SEMANTIC_RELEVANCE, Dimension.CONTEXT_UNDERSTANDING, Dimension.OVERALL_EXPERIENCE):
        better, worse = scores[dimension.value]
        assert better > worse + 1  # type: ignore[operator]
    assert [turn.heard for turn in ours.turns] == list(judged.ANSWERS)
    assert Path(ours.turns[0].video or "").is_file()
    assert [one.score for one in ours.checklist if one.kind == "remembers"] == [1.0]
    assert [one.score for one in theirs.checklist if one.kind == "remembers"] == [0.0]


@pytest.mark.slow
def test_faults_are_planted_and_move_their_dimensions(tmp_path: Path) -> None:
    records = [judged.hold(tmp_path / "good"), judged.hold(tmp_path / "good", scenario=ANOTHER)]
    held = [_held(tmp_path / "good", record) for record in records]
    with _run(tmp_path / "log") as run:
        planter = Planter(tmp_path / "good", tmp_path / "bad", Stage(), run.gatherer.hearing)
        rows = run.faults(held, planter)
        again = run.faults(held, planter)
    assert rows == again, "what was planted is read, not made again"
    assert {row.fault for row in rows} == {fault.value for fault in PlantedFault}
    for row in rows:
        assert row.drop.n == 2
        assert (Dimension(row.dimension) in EFFECTS[PlantedFault(row.fault)].must) == (row.role == "must")
    drops = {(row.fault, row.dimension): row.drop.value for row in rows}
    assert drops["cut_answer", "information_completeness"] > 1
    assert drops["shifted_lips", "semantic_relevance"] == 0


def test_without_its_evidence_a_content_score_falls(two: list[HeldDialogue], tmp_path: Path) -> None:
    with _run(tmp_path / "log") as run:
        rows = run.ablation(two[:1])
    alone = {(row.dimension, row.shown): row for row in rows}
    assert len(alone) == 27
    assert alone["semantic_relevance", "frames"].drop.value > 1
    assert alone["semantic_relevance", "transcript"].drop.value == 0
    assert alone["semantic_relevance", "frames"].decides


def test_pairs_of_systems(two: list[HeldDialogue], tmp_path: Path) -> None:
    with _run(tmp_path / "log") as run:
        rows = {row.dimension: row for row in run.compare_systems(two)}
    assert len(rows) == 9
    row = rows["semantic_relevance"]
    assert (row.a, row.b, row.wins, row.losses, row.ties, row.missing) == ("ours", "theirs", 1, 0, 0, 0)


@pytest.mark.slow
def test_each_fault_of_generated_clips_moves_its_dimensions_only(tmp_path: Path) -> None:
    """Four calibration dialogues, spoken, acted and heard as a judge is tried before it is believed."""
    stage = StudentStage()
    known = {one.name: one for one in calibration_scenarios()}
    records = list(islice(hold(tmp_path, stage), FEWEST))
    held = [HeldDialogue(tmp_path, record, known[record.scenario]) for record in records]
    hearing = AnswerHearing(tmp_path / "heard.jsonl")
    gatherer = Gatherer(FrameSampling(32, 320), hearing)
    log = AnswerLog(tmp_path / "log")
    with small_judge() as url, EndpointClient(Endpoint(url, NAME)) as client, Panel(client, log, NAME) as panel:
        run = JudgingRun(panel, gatherer, repeats=1, sound=True)
        rows = run.faults(held, Planter(tmp_path, tmp_path, stage, hearing))
    assert not [row for row in rows if row.role == "must" and not row.moved]
    assert not [row for row in rows if row.role == "untouched" and row.moved]
