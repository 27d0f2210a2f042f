"""Planted faults: what each one spoils, which dimensions must see it, and how it is made of a recorded dialogue.

Edits of pictures and sound, exchanged answers, and, where a face itself must differ, the same sound performed again by
the bundled student. A fault's name stays in the folder it is written to. Knows records; no judge.
"""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Protocol

import numpy as np
from jaxtyping import Float32, UInt8

from livetalk.evaluation.dialogue.judging.clips import AnswerClip, read_clip
from livetalk.evaluation.dialogue.judging.hearing import Hears, TimedWord
from livetalk.evaluation.dialogue.judging.words import content, facts
from livetalk.evaluation.dialogue.records import DialogueRecord, TurnRecord, folder_of, write_record
from livetalk.evaluation.dialogue.scenarios import Dimension, Scenario

LATE = 0.3  # seconds by which lips follow their sound
FREEZE = 0.75  # seconds: one block of the student
LEFT = 0.35  # of an answer that is cut
AROUND = 0.08  # seconds silenced beside a word

D = Dimension
VISUAL = frozenset({D.EMOTIONAL_APPROPRIATENESS, D.NONVERBAL_INTERACTION, D.CONVERSATIONAL_NATURALNESS})
CONTENT = frozenset(one for one in D if list(D).index(one) > 3)


class PlantedFault(StrEnum):
    """What is planted: a fault for each dimension, at least."""

    NEUTRAL_FACE = "neutral_face"  # on sad words
    FROZEN_BLOCK = "frozen_block"  # in each answer
    IDENTITY_SWAP = "identity_swap"  # in the last turn
    SHIFTED_LIPS = "shifted_lips"  # in all turns
    ANOTHER_ANSWER = "another_answer"  # to the second question
    CUT_ANSWER = "cut_answer"  # all answers
    WRONG_ORDER = "wrong_order"  # the last answer comes first
    FORGOTTEN_NAME = "forgotten_name"


@dataclass(frozen=True)
class Effect:
    """Dimensions that a fault must move, and those that it may."""

    must: frozenset[Dimension]
    may: frozenset[Dimension]

    @property
    def untouched(self) -> frozenset[Dimension]:
        """Those that it must not move."""
        return frozenset(Dimension) - self.must - self.may


EFFECTS: Mapping[PlantedFault, Effect] = {
    PlantedFault.NEUTRAL_FACE: Effect(frozenset({D.EMOTIONAL_APPROPRIATENESS}), VISUAL),
    PlantedFault.FROZEN_BLOCK: Effect(frozenset({D.NONVERBAL_INTERACTION}), VISUAL),
    PlantedFault.IDENTITY_SWAP: Effect(frozenset({D.MULTI_VIDEO_COHERENCE}), VISUAL),
    PlantedFault.SHIFTED_LIPS: Effect(frozenset({D.CONVERSATIONAL_NATURALNESS}), frozenset({D.NONVERBAL_INTERACTION})),
    PlantedFault.ANOTHER_ANSWER: Effect(frozenset({D.SEMANTIC_RELEVANCE, D.OVERALL_EXPERIENCE}), CONTENT | VISUAL),
    PlantedFault.CUT_ANSWER: Effect(frozenset({D.INFORMATION_COMPLETENESS}), CONTENT | VISUAL),
    PlantedFault.WRONG_ORDER: Effect(frozenset({D.LOGICAL_CONSISTENCY}), CONTENT | VISUAL),
    PlantedFault.FORGOTTEN_NAME: Effect(frozenset({D.CONTEXT_UNDERSTANDING}), CONTENT),
}


class Performs(Protocol):
    """Whoever acts a sound with a face."""

    def perform(
        self, portrait: UInt8[np.ndarray, "h w 3"], sound: Float32[np.ndarray, " n"], mood: str
    ) -> UInt8[np.ndarray, "t h w 3"]:
        """Pictures at the student's frame rate."""
        ...

    def stranger(self, portrait: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "h w 3"]:
        """Somebody else's portrait."""
        ...


@dataclass(frozen=True)
class Planter:
    """Writes damaged copies of the dialogues below a folder into another one, as the system named like the fault."""

    source: Path
    out: Path
    stage: Performs
    hearing: Hears

    def plant(
        self, fault: PlantedFault, index: int, records: Sequence[DialogueRecord], scenario: Scenario
    ) -> DialogueRecord | None:
        """A copy of the dialogue of this index with the fault in it; None if there is no place for it.

        The answer to another question is that of the dialogue beside it, which has the same face.
        """
        clips = [self._clip(records[index], turn) for turn in records[index].turns]
        if any(clip is None for clip in clips):
            return None
        damaged = self._damaged(fault, [clip for clip in clips if clip is not None], scenario, records, index)
        return None if damaged is None else self._written(fault, records[index], damaged)

    def _damaged(
        self,
        fault: PlantedFault,
        clips: list[AnswerClip],
        scenario: Scenario,
        records: Sequence[DialogueRecord],
        index: int,
    ) -> list[AnswerClip] | None:
        match fault:
            case PlantedFault.NEUTRAL_FACE:
                return self._neutral(clips, scenario)
            case PlantedFault.FROZEN_BLOCK:
                return [clip.frozen(0.4 * clip.seconds, FREEZE) for clip in clips]
            case PlantedFault.IDENTITY_SWAP:
                stranger = self.stage.stranger(clips[0].frames[0])
                return [*clips[:-1], self._again(clips[-1], stranger, scenario.turns[-1].emotion)]
            case PlantedFault.SHIFTED_LIPS:
                return [clip.shifted(LATE) for clip in clips]
            case PlantedFault.ANOTHER_ANSWER:
                other = self._other(records, index)
                return None if other is None else [clips[0], other, *clips[2:]]
            case PlantedFault.CUT_ANSWER:
                return [clip.cut(LEFT) for clip in clips]
            case PlantedFault.WRONG_ORDER:
                return [clips[-1], *clips[:-1]]
            case PlantedFault.FORGOTTEN_NAME:
                return self._forgotten(clips, scenario)

    def _neutral(self, clips: list[AnswerClip], scenario: Scenario) -> list[AnswerClip] | None:
        sad = [turn.emotion == "sad" for turn in scenario.turns]
        if not any(sad):
            return None
        face = clips[0].frames[0]
        return [self._again(clip, face, "neutral") if is_sad else clip for clip, is_sad in zip(clips, sad, strict=True)]

    def _again(self, clip: AnswerClip, portrait: UInt8[np.ndarray, "h w 3"], mood: str) -> AnswerClip:
        """The same sound, performed anew."""
        return clip.with_picture(self.stage.perform(portrait, clip.sound, mood))

    def _other(self, records: Sequence[DialogueRecord], index: int) -> AnswerClip | None:
        """Another dialogue's answer to its second question: that of the neighbour, which has the same face."""
        neighbour = index ^ 1 if index ^ 1 < len(records) else index - 1
        if neighbour < 0 or len(records[neighbour].turns) < 2:
            return None
        return self._clip(records[neighbour], records[neighbour].turns[1])

    def _forgotten(self, clips: list[AnswerClip], scenario: Scenario) -> list[AnswerClip] | None:
        """Words of facts that a turn is to remember are silenced in its answer."""
        found, silenced = list(clips), False
        for i, turn in enumerate(scenario.turns):
            if turn.remembers:
                before = [one.says for one in scenario.turns[:i]]
                keys = frozenset[str]().union(*(facts(fact, before, turn.says) for fact in turn.remembers))
                spans = spoken_at(keys, self.hearing.timed(clips[i].sound))
                silenced = silenced or bool(spans)
                found[i] = clips[i].silenced(spans)
        return found if silenced else None

    def _clip(self, record: DialogueRecord, turn: TurnRecord) -> AnswerClip | None:
        folder = folder_of(self.source, record.system, record.scenario)
        return None if turn.video is None else read_clip(folder / turn.video)

    def _written(self, fault: PlantedFault, record: DialogueRecord, clips: Sequence[AnswerClip]) -> DialogueRecord:
        folder = folder_of(self.out, fault.value, record.scenario)
        folder.mkdir(parents=True, exist_ok=True)
        turns: list[TurnRecord] = []
        for i, (turn, clip) in enumerate(zip(record.turns, clips, strict=True), 1):
            name = f"answer_{i}.mp4"
            if clip.origin is None:
                clip.write(folder / name)
            else:  # as it was: encoding it anew would be a fault, too
                shutil.copyfile(clip.origin, folder / name)
            turns.append(replace(turn, visitor=None, video=name))
        damaged = DialogueRecord(record.scenario, fault.value, record.machine, tuple(turns))
        write_record(self.out, damaged)
        return damaged


def spoken_at(keys: frozenset[str], heard: Sequence[TimedWord]) -> list[tuple[float, float]]:
    """Spans in which a word is said whose stem is among the keys."""
    return [(max(0.0, one.begin - AROUND), one.end + AROUND) for one in heard if content(one.word) & keys]
