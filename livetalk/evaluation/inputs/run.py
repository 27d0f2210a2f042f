"""A measurement of the input checks: examples, verdicts, scores, and how long a look takes."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from livetalk.conditions.input_checks.portrait import PortraitLimits, kinds
from livetalk.conditions.input_checks.speech import check_speech
from livetalk.data.portrait_parts import PortraitPart
from livetalk.evaluation.inputs import portraits, sounds
from livetalk.evaluation.inputs.report import CLEAN, InputFigures, InputVerdict, Score, by_tone, scores
from livetalk.geometry import SAMPLE_RATE

Tell = Callable[[int], None]
HALF_A_MINUTE = 30 * SAMPLE_RATE
SPEECH_KINDS = len(sounds.KINDS) + 2  # of none there are twice as many
PORTRAIT_KINDS = len(portraits.LEAST) + 2


def measure_speech(recordings: Sequence[np.ndarray], count: int, part: PortraitPart, tell: Tell) -> dict[str, Score]:
    verdicts: list[InputVerdict] = []
    for example in sounds.examples(recordings, count, portraits.SEEDS[part]):
        told = tuple(warning.kind for warning in check_speech([example.sound]))
        verdicts.append(InputVerdict(example.kind, told))
        tell(1)
    return scores(verdicts, {}, sounds.LEAST)


def look_at_portraits(count: int, part: PortraitPart, folder: Path | None, tell: Tell) -> list[portraits.LookedAt]:
    seen: list[portraits.LookedAt] = []
    for example in portraits.examples(count, part, folder):
        seen.append(portraits.look(example))
        tell(1)
    return seen


def judge(seen: Sequence[portraits.LookedAt], limits: PortraitLimits) -> list[InputVerdict]:
    """What the limits make of what was seen; nothing where no face was found."""
    return [InputVerdict(one.kind, tuple(kinds(one.look, limits)), one.tone) for one in seen if one.look is not None]


def outcome(speech: dict[str, Score], seen: Sequence[portraits.LookedAt], speech_seconds: float) -> InputFigures:
    """All figures of one run, with the limits that everybody gets."""
    judged = judge(seen, PortraitLimits())
    refused = Counter(one.kind for one in seen if one.look is None) + Counter(v.planted for v in judged if v.refused)
    verdicts = [verdict for verdict in judged if not verdict.refused or verdict.planted == CLEAN]
    found = scores(verdicts, refused, portraits.LEAST)
    seconds = float(np.median([one.seconds for one in seen if one.look is not None]))
    return InputFigures(speech, found, by_tone(verdicts), seconds, speech_seconds, refused[CLEAN])


def time_speech(recordings: Sequence[np.ndarray]) -> float:
    """Seconds that half a minute of speech takes: the median of five."""
    whole = np.concatenate(list(recordings))
    sound = np.resize(whole, HALF_A_MINUTE).astype(np.float32)
    taken: list[float] = []
    for _ in range(6):
        began = time.perf_counter()
        check_speech([sound])
        taken.append(time.perf_counter() - began)
    return float(np.median(taken[1:]))
