"""Run of a judging: every dialogue of every system, the controls of the judge, and pairs of systems.

Evidence is gathered dialogue by dialogue while the judge answers about the one before. Knows what is asked for; not
how it is asked, planted or summed up.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from livetalk.evaluation.dialogue.judging import controls, pairs, panel, requests
from livetalk.evaluation.dialogue.judging.evidence import Evidence, Modality, shown
from livetalk.evaluation.dialogue.judging.faults import EFFECTS, PlantedFault, Planter
from livetalk.evaluation.dialogue.judging.gathering import Gatherer
from livetalk.evaluation.dialogue.judging.panel import Missing, Panel
from livetalk.evaluation.dialogue.judging.verdicts import CheckedItem, JudgeVerdict, Preference
from livetalk.evaluation.dialogue.records import DialogueRecord, folder_of, is_finished, read_record
from livetalk.evaluation.dialogue.scenarios import Dimension, Scenario
from livetalk.evaluation.dialogue.scoring.results import (
    AblationEffect,
    CheckedStatement,
    ComparedSystems,
    DimensionScores,
    FaultEffect,
    JudgedDialogue,
    JudgedTurn,
)

Scenarios = Mapping[str, Scenario]
Asked = Mapping[Dimension, Sequence["Future[JudgeVerdict | Missing]"]]


@dataclass(frozen=True)
class HeldDialogue:
    """A recorded dialogue, the folder it lies below, and its scenario."""

    below: Path
    record: DialogueRecord
    scenario: Scenario


@dataclass(frozen=True)
class JudgingRun:
    """A judge with what it is shown, and how often it is asked. sound: whether it hears."""

    panel: Panel
    gatherer: Gatherer
    repeats: int = 5
    sound: bool = False

    def systems(self, held: Sequence[HeldDialogue]) -> Iterator[JudgedDialogue]:
        """All dialogues, nine dimensions and the checklist of each. Raises EndpointError if the judge is lost."""
        waiting: list[_Waiting] = []
        for one in held:
            waiting.append(self._begin(one))
            if len(waiting) > 1:
                yield waiting.pop(0).done()
        yield from (one.done() for one in waiting)

    def _begin(self, held: HeldDialogue) -> "_Waiting":
        evidence = self._evidence(held)
        items = requests.checklist(evidence)
        checked = self.panel.ask(panel.check(items, evidence), 0)
        return _Waiting(held, evidence, self._ask(evidence, Dimension, self.repeats), checked, items)

    def faults(self, good: Sequence[HeldDialogue], planter: Planter) -> list[FaultEffect]:
        """What each planted fault does to the dimensions that it must move, and to those it must not."""
        clean = [self._means(self._evidence(one), Dimension) for one in good]
        found: list[FaultEffect] = []
        for fault in PlantedFault:
            asked = [one for one in Dimension if one not in EFFECTS[fault].may - EFFECTS[fault].must]
            both: dict[Dimension, list[tuple[float, float]]] = defaultdict(list)
            for index, before in enumerate(clean):
                damaged = self._planted(fault, index, good, planter)
                after = {} if damaged is None else self._means(self._evidence(damaged), asked)
                for dimension in asked:
                    if dimension in after and dimension in before:
                        both[dimension].append((before[dimension], after[dimension]))
            found += [controls.fault_effect(fault, dimension, both[dimension]) for dimension in asked]
        return found

    def ablation(self, good: Sequence[HeldDialogue]) -> list[AblationEffect]:
        """What the dimensions score with one kind of evidence only."""
        kinds = [kind for kind in Modality if self.sound or kind is not Modality.SOUND]
        both: dict[tuple[Dimension, Modality], list[tuple[float, float]]] = defaultdict(list)
        for one in good:
            evidence = self._evidence(one)
            full = self._means(evidence, Dimension)
            for kind in kinds:
                alone = {one: self.panel.ask(panel.score(one, evidence.only(frozenset({kind}))), 0) for one in full}
                for dimension, future in alone.items():
                    if isinstance(found := future.result(), JudgeVerdict):
                        both[dimension, kind].append((full[dimension], found.score))
        return [controls.ablation_effect(dimension, kind, rows) for (dimension, kind), rows in both.items()]

    def compare_systems(self, held: Sequence[HeldDialogue]) -> list[ComparedSystems]:
        """All systems against one another, over the scenarios that both have."""
        by_scenario: dict[str, list[HeldDialogue]] = defaultdict(list)
        for one in held:
            by_scenario[one.scenario.name].append(one)
        rows: dict[tuple[Dimension, str, str], list[pairs.PairVerdict | Missing]] = defaultdict(list)
        for same in by_scenario.values():
            ready = sorted(same, key=lambda one: one.record.system)
            evidence = [self._evidence(one) for one in ready] if len(ready) > 1 else []
            for (i, a), (j, b) in combinations(enumerate(ready[: len(evidence)]), 2):
                for dimension, found in self._compared(evidence[i], evidence[j]).items():
                    rows[dimension, a.record.system, b.record.system].append(found)
        return [_compared(*key, found) for key, found in rows.items()]

    def _compared(self, a: Evidence, b: Evidence) -> dict[Dimension, pairs.PairVerdict | Missing]:
        """Both orders, all dimensions."""
        asked: dict[Dimension, list[Future[Preference | Missing]]] = {}
        for dimension in Dimension:
            kinds = shown(dimension, self.sound)
            one, other = a.only(kinds), b.only(kinds)
            orders = panel.compare(dimension, one, other), panel.compare(dimension, other, one)
            asked[dimension] = [self.panel.ask(order, 0) for order in orders]
        found: dict[Dimension, pairs.PairVerdict | Missing] = {}
        for dimension, futures in asked.items():
            forward, backward = (future.result() for future in futures)
            lost = forward if isinstance(forward, Missing) else backward
            if isinstance(forward, Preference) and isinstance(backward, Preference):
                found[dimension] = pairs.both_orders(forward, backward)
            elif isinstance(lost, Missing):
                found[dimension] = lost
        return found

    def _planted(
        self, fault: PlantedFault, index: int, good: Sequence[HeldDialogue], planter: Planter
    ) -> HeldDialogue | None:
        """The damaged copy, made if it is not there; None if the fault has no place in the dialogue."""
        one = good[index]
        if is_finished(planter.out, fault.value, one.record.scenario):
            record = read_record(folder_of(planter.out, fault.value, one.record.scenario) / "record.json")
        else:
            record = planter.plant(fault, index, [each.record for each in good], one.scenario)
        return None if record is None else HeldDialogue(planter.out, record, one.scenario)

    def _evidence(self, held: HeldDialogue) -> Evidence:
        return self.gatherer.evidence(held.below, held.record, held.scenario)

    def _ask(self, evidence: Evidence, dimensions: "type[Dimension] | Sequence[Dimension]", repeats: int) -> Asked:
        return {
            one: self.panel.ask_all(panel.score(one, evidence.only(shown(one, self.sound))), repeats)
            for one in dimensions
        }

    def _means(self, evidence: Evidence, dimensions: "type[Dimension] | Sequence[Dimension]") -> dict[Dimension, float]:
        """One score a dimension, of those that have one."""
        found = {one: futures[0].result() for one, futures in self._ask(evidence, dimensions, 1).items()}
        return {one: verdict.score for one, verdict in found.items() if isinstance(verdict, JudgeVerdict)}


@dataclass(frozen=True)
class _Waiting:
    """A dialogue whose verdicts are on their way."""

    held: HeldDialogue
    evidence: Evidence
    asked: Asked
    checked: "Future[tuple[CheckedItem, ...] | Missing]"
    items: tuple[requests.ChecklistItem, ...]

    def done(self) -> JudgedDialogue:
        record, scenario = self.held.record, self.held.scenario
        folder = folder_of(self.held.below, record.system, record.scenario)
        turns = [
            JudgedTurn(
                turn.says,
                seen.heard or "",
                None if turn.video is None else str(folder / turn.video),
                turn.latency_s,
                turn.failed,
            )
            for turn, seen in zip(record.turns, self.evidence.turns, strict=True)
        ]
        found = self.checked.result()
        return JudgedDialogue(
            record.system,
            scenario.name,
            scenario.setting,
            sum(len(turn.sound) / 32_000 for turn in self.evidence.turns),
            tuple(turns),
            tuple(_scores(dimension, futures) for dimension, futures in self.asked.items()),
            () if isinstance(found, Missing) else _statements(self.items, found),
            found.why if isinstance(found, Missing) else None,
        )


def _scores(dimension: Dimension, futures: "Sequence[Future[JudgeVerdict | Missing]]") -> DimensionScores:
    found = [future.result() for future in futures]
    return DimensionScores(
        dimension.value,
        tuple(one.score if isinstance(one, JudgeVerdict) else None for one in found),
        tuple(one.level if isinstance(one, JudgeVerdict) else None for one in found),
        tuple(one.reason if isinstance(one, JudgeVerdict) else one.why for one in found),
    )


def _statements(items: Sequence[requests.ChecklistItem], found: Sequence[CheckedItem]) -> tuple[CheckedStatement, ...]:
    return tuple(
        CheckedStatement(item.turn, item.kind, item.statement, one.score, one.reason)
        for item, one in zip(items, found, strict=True)
    )


def _compared(dimension: Dimension, a: str, b: str, found: Sequence[pairs.PairVerdict | Missing]) -> ComparedSystems:
    held = [one for one in found if isinstance(one, pairs.PairVerdict)]
    counts = pairs.tally(held)
    lost = len(found) - len(held)
    return ComparedSystems(dimension.value, a, b, counts.wins, counts.losses, counts.ties, counts.inconsistent, lost)
