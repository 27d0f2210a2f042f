"""Figures of turn-taking and listening, of each system over its dialogues, and the table they stand in."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from livetalk.evaluation.estimates import Estimate
from livetalk.evaluation.turn_taking.listening import listening_tallies
from livetalk.evaluation.turn_taking.recording import RecordedDialogue, face_of, talk_of
from livetalk.evaluation.turn_taking.talk import talk_tallies
from livetalk.evaluation.turn_taking.tally import Tally, estimate

Tell = Callable[[], None]

# Name, and what it is for the reader of the table; arrows say which way is better, where one way is.
FIGURES = {
    "response_latency_s": "response latency, s ↓",
    "unanswered": "turns without an answer, share ↓",
    "spoken_over": "visitor's speech spoken over, share ↓",
    "interrupt_silence_s": "interrupt to silence, s ↓",
    "yielded": "silent before the interrupting visitor ends, share ↑",
    "closed_lips": "lips closed while listening, share ↑",
    "listening_lip_travel": "way of the lips while listening, eye distances a second ↓",
    "speaking_lip_travel": "the same while speaking",
    "reactions": "reactions while listening, a minute",
    "nods": "of them nods",
    "gaze_turns": "of them turns of the eyes",
    "smiles": "of them smiles",
    "idle_reactions": "the same motions while nobody speaks, a minute",
    "still": "seconds of listening in which nothing moves, share ↓",
}


@dataclass(frozen=True)
class DialogueTallies:
    """What was counted in one dialogue, by the names of the figures."""

    system: str
    scenario: str
    tallies: Mapping[str, Tally]

    def document(self) -> dict[str, object]:
        """As JSON holds it: a figure is `null` where there was nothing to count."""
        values = {name: tally.total / tally.weight if tally.weight else None for name, tally in self.tallies.items()}
        return {"system": self.system, "scenario": self.scenario, **values}


def measure(recordings: Sequence[RecordedDialogue], tell: Tell) -> list[DialogueTallies]:
    """Each dialogue by itself; `tell` is called after each. Raises ValueError for files that cannot be read."""
    found: list[DialogueTallies] = []
    for recording in recordings:
        talk = talk_of(recording)
        tallies = talk_tallies(talk) | listening_tallies(talk, face_of(recording))
        found.append(DialogueTallies(recording.record.system, recording.record.scenario, tallies))
        tell()
    return found


def by_system(dialogues: Sequence[DialogueTallies]) -> dict[str, dict[str, Estimate]]:
    """Estimates of each system, by name of the figure."""
    groups: defaultdict[str, list[DialogueTallies]] = defaultdict(list)
    for dialogue in dialogues:
        groups[dialogue.system].append(dialogue)
    return {
        system: {name: estimate([one.tallies[name] for one in groups[system]]) for name in FIGURES}
        for system in sorted(groups)
    }


def table(systems: Mapping[str, Mapping[str, Estimate]]) -> str:
    """Markdown: a row a figure, a column a system."""
    head = ["", *systems]
    rows = [[words, *(_cell(estimates[name]) for estimates in systems.values())] for name, words in FIGURES.items()]
    rule = ["---", *(["---:"] * len(systems))]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in [head, rule, *rows])


def _cell(estimate: Estimate) -> str:
    """An estimate, without what it does not have: one dialogue gives no interval, none gives nothing."""
    if not estimate.n:
        return "–"
    return str(estimate) if estimate.n > 1 else f"{estimate.value:.3g}, n = 1"
