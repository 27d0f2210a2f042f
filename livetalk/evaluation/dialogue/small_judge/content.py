"""Content levels of the small judge: which words of visitor and expectations the heard answers take up.

Recognised words only: a baseline that knows no meaning, and is beaten by any language model that does. Knows one
dialogue at a time.
"""

from collections.abc import Sequence

import numpy as np

from livetalk.evaluation.dialogue.judging.evidence import Evidence, TurnEvidence
from livetalk.evaluation.dialogue.judging.requests import ChecklistItem
from livetalk.evaluation.dialogue.judging.verdicts import ItemVerdict
from livetalk.evaluation.dialogue.judging.words import content, facts
from livetalk.evaluation.dialogue.small_judge.visual import Level

UNTOLD = "no words of an answer were sent"
ENOUGH = 3  # words in common that make an answer one to the question
SPOILED = 0.9  # share of the words of what it must avoid, above which an answer says it
SAYING = ("says", "asks", "names", "tells")
FACE = frozenset({"fac", "smil", "nod", "gaz", "eye"})  # stems
ALL, SOME = 0.6, 0.25  # share of a statement's words that an answer takes up: it is said, or hinted at


def semantic_relevance(evidence: Evidence) -> Level:
    """Words that an answer shares with the visitor's turn and with what is expected of it."""
    return _mean(evidence, [_relevance(turn) for turn in evidence.turns], "shares few words with its question")


def information_completeness(evidence: Evidence) -> Level:
    """Statements of what a good answer does whose words are said."""
    return _mean(evidence, [_completeness(turn) for turn in evidence.turns], "lacks the most of what it must contain")


def logical_consistency(evidence: Evidence) -> Level:
    """Answers that belong to their own turn rather than to another, and avoid what they must not contain."""
    shares: list[float] = []
    for turn in evidence.turns:
        own = _fit(turn, turn)
        other = max((_fit(one, turn) for one in evidence.turns if one is not turn), default=0.0)
        spoiled = any(_share(one, turn.heard) > SPOILED for one in turn.expected.must_not)
        share = 0.0 if spoiled or not turn.heard else own / max(own, other, 1e-9)
        shares.append(1.0 if _is_quiet(turn) else share)
    return _mean(evidence, shares, "fits another turn better, or says what it must not")


def context_understanding(evidence: Evidence) -> Level:
    """Words of facts from earlier turns that are said again."""
    shares: list[float] = []
    for i, turn in enumerate(evidence.turns):
        before = [one.says for one in evidence.turns[:i]]
        keys = [facts(fact, before, turn.says) for fact in turn.expected.remembers]
        said = content(turn.heard or "")
        shares += [len(key & said) / len(key) for key in keys if key]
    if not shares:  # nothing is to be remembered: the subject of what was said before
        shares = [min(1.0, len(_topic(evidence.turns[:i]) & content(turn.heard or "")) / ENOUGH)
                  for i, turn in enumerate(evidence.turns) if i]  # fmt: skip
    return _told(evidence) or Level.of(float(np.mean(shares)), f"{np.mean(shares):.0%} of what was said before is used")


def overall_experience(evidence: Evidence) -> Level:
    """How relevant and complete answers are, the worst one counting as much as all: it may spoil a conversation."""
    shares = [(_relevance(turn) + _completeness(turn)) / 2 for turn in evidence.turns]
    row = int(np.argmin(shares))
    share = (float(np.mean(shares)) + shares[row]) / 2
    return _told(evidence) or Level.of(
        share, f"{np.mean(shares):.0%} of the answers' worth, {shares[row]:.0%} in turn {row + 1}"
    )


def check(item: ChecklistItem, evidence: Evidence) -> tuple[ItemVerdict | None, str]:
    """Whether a statement is true of an answer, by its words."""
    turn = evidence.turns[item.turn]
    if is_seen(item.statement) or (item.kind == "must" and turn.broken_into):
        return None, "words do not tell"
    if item.kind == "remembers":
        keys = facts(item.statement, [one.says for one in evidence.turns[: item.turn]], turn.says)
        share = len(keys & content(turn.heard or "")) / len(keys) if keys else _share(item.statement, turn.heard)
    else:
        share = _share(item.statement, turn.heard)
    reason = f"{share:.0%} of the statement's words are said"
    if item.kind == "must_not":
        return "no" if share > SPOILED else "yes", reason
    return "yes" if share >= ALL else "partial" if share >= SOME else "no", reason


def _asked_for(turn: TurnEvidence) -> list[str]:
    """Statements that the words of an answer can fulfil; one that is broken into need not, nor a shared silence."""
    return [] if turn.broken_into or _is_quiet(turn) else [one for one in turn.expected.must if not is_seen(one)]


def _is_quiet(turn: TurnEvidence) -> bool:
    """Nobody says anything, which is no bad answer to a silence."""
    return not turn.says and turn.heard == ""


def is_seen(statement: str) -> bool:
    """Whether a statement is about a face rather than about what is said."""
    return not statement.startswith(SAYING) and bool(content(statement) & FACE)


def _completeness(turn: TurnEvidence) -> float:
    return float(np.mean([min(1.0, _share(one, turn.heard) / ALL) for one in _asked_for(turn)] or [1.0]))


def _relevance(turn: TurnEvidence) -> float:
    if _is_quiet(turn):
        return 1.0
    said = content(turn.heard or "")
    return min(1.0, len(said & _wanted(turn)) / min(ENOUGH, max(1, len(_wanted(turn)))))


def _wanted(turn: TurnEvidence) -> frozenset[str]:
    return content(" ".join([turn.says, *turn.expected.must]))


def _fit(asked: TurnEvidence, answered: TurnEvidence) -> float:
    """Words that an answer shares with a turn."""
    return float(len(content(answered.heard or "") & _wanted(asked)))


def _topic(turns: Sequence[TurnEvidence]) -> frozenset[str]:
    return content(" ".join(turn.says for turn in turns))


def _share(statement: str, heard: str | None) -> float:
    words = content(statement)
    return len(words & content(heard or "")) / len(words) if words else 0.0


def _told(evidence: Evidence) -> Level | None:
    return None if any(turn.heard for turn in evidence.turns) else Level(1.0, UNTOLD)


def _mean(evidence: Evidence, shares: Sequence[float], worst: str) -> Level:
    row = int(np.argmin(shares))
    reason = f"turn {row + 1} {worst}" if shares[row] < 1 else "nothing is amiss in any turn"
    return _told(evidence) or Level.of(float(np.mean(shares)), reason)
