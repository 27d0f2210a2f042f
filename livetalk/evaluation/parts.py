"""Parts of an evaluation beyond single clips: other people, long streams, real recordings, speed, teacher comparison.

Each part is a function of an `EvaluationPlan` to figures by name, and says beforehand how many steps it will
report. Knows which faces and voices each part uses; how each measures is the business of its module.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Float, Float32, UInt8

from livetalk.conditions.prompt import DEFAULT_PROMPT
from livetalk.data.speech import HELD_OUT_VOICES, SpeechDataset
from livetalk.evaluation import clips as tiny
from livetalk.evaluation import endurance, real, speed
from livetalk.evaluation.metrics import held_out, identity
from livetalk.geometry import SAMPLE_RATE
from livetalk.performer.performer import Performer

GALLERY = 50  # held-out portraits among which a clip's own must be the nearest
PEOPLE = 2  # who stream for a minute; one of them for ten
MINUTE, TEN_MINUTES = 60.0, 600.0  # s
AVATARS = 4  # faces that speak with each real voice
RACED = 5.0625  # s of speech that student and teacher denoise: a training clip
VOICES = 8  # recordings of the shelf that a long stream speaks

Picture = UInt8[np.ndarray, "h w 3"]
Sound = Float32[np.ndarray, " n"]
Tell = Callable[[int], None]
Part = Callable[[Tell], dict[str, float]]


@dataclass(frozen=True)
class EvaluationPlan:
    """Parts to be measured besides clips; None and False leave parts out."""

    order: tiny.ClipOrder
    avatars: Mapping[str, Picture]  # bundled faces, framed
    long: bool = False
    real: Path | None = None
    streams: bool = True
    speed: bool = True

    def parts(self) -> Iterator[tuple[str, int, Part]]:
        """(name, steps, work) of each part, in the order in which they are to run: speed alone, before memory fills."""
        if self.speed:
            yield "speed", 2, self._speed
        if self.order.teacher is not None:
            yield "student and teacher race", 1, self._race
        if self.streams:
            yield "a minute", round(PEOPLE * MINUTE), lambda tell: self._stream("minute_drift", PEOPLE, MINUTE, tell)
        if self.long:
            long = round(TEN_MINUTES)
            yield "ten minutes", long, lambda tell: self._stream("ten_minute_drift", 1, TEN_MINUTES, tell)
        if self.real is not None:
            yield "real voices and faces", real.clips(self.real, AVATARS), self._real

    def left_out(self) -> list[str]:
        """One sentence for each part that will not be measured."""
        said = [
            (self.order.teacher is None, "the teacher's rows and distillation: ask for them with --teacher"),
            (not self.long, "ten_minute_drift, which takes minutes: ask for it with --long"),
            (self.real is None, "real_voice_r and real_portrait_identity: give recordings and photographs with --real"),
            (not self.streams, "minute_drift: leave --no-streams out"),
            (not self.speed, "fps, fps_512, fps_avx2, first_frame_s and rss_gb: leave --no-speed out"),
        ]
        return [f"not measured: {words}" for missing, words in said if missing]

    @cached_property
    def performer(self) -> Performer:
        return Performer.load(self.order.preset, folder=self.order.weights)

    @cached_property
    def recordings(self) -> list[Sound]:
        """Held-out voices of the shelf, one each, as many as there are."""
        shelf, found = SpeechDataset(self.order.shelf), {}
        for place, line in enumerate(shelf.lines):
            if line["voice"] in HELD_OUT_VOICES:
                found.setdefault((line["voice"], len(found) // len(HELD_OUT_VOICES)), place)
        if not found:
            raise ValueError(f"{self.order.shelf} has no held-out voices: `livetalk data speech --held-out` makes some")
        return [shelf[place].audio for place in list(found.values())[:VOICES]]

    def _speed(self, tell: Tell) -> dict[str, float]:
        figures = speed.speed(self.order.preset, self.order.weights)
        tell(2)
        return figures

    def _race(self, tell: Tell) -> dict[str, float]:
        from livetalk.evaluation.teacher import Teacher

        assert self.order.teacher is not None
        sound = np.resize(self.recordings[0], round(RACED * SAMPLE_RATE))
        walked = Teacher(self.performer.networks, self.order.teacher).race(self._faces[0], sound, DEFAULT_PROMPT)
        tell(1)
        return {"distill_speedup": walked.speedup}

    def _stream(self, name: str, people: int, seconds: float, tell: Tell) -> dict[str, float]:
        """Mean over people of the worst of each one's drifts."""
        done = [0]

        def heard(frames: int) -> None:
            before, done[0] = done[0], done[0] + frames
            tell(done[0] // 16 - before // 16)

        drifts = [
            endurance.last_against_first(
                self.performer, face, self.recordings[place:] + self.recordings[:place], DEFAULT_PROMPT, seconds, heard
            ).worst
            for place, face in enumerate(self._faces[:people])
        ]
        return {name: float(np.mean(drifts))}

    def _real(self, tell: Tell) -> dict[str, float]:
        assert self.real is not None
        faces = dict(list(self.avatars.items())[:AVATARS])
        return real.measure(self.performer, self.real, faces, lambda: tell(1))

    @cached_property
    def _faces(self) -> list[Picture]:
        return list(self.avatars.values())


def gallery(order: tiny.ClipOrder, clips: int, workers: int, tell: Tell) -> list[Float[np.ndarray, " 128"]]:
    """The held-out people that fill the gallery up to `GALLERY` beside those of so many clips."""
    found = []
    for one in tiny.strangers(order, held_out.seeds(max(GALLERY, clips))[clips:], workers):
        found.append(one)
        tell(1)
    return [one for one in found if np.isfinite(one).all()]


def ready() -> None:
    """Raises ValueError, with what to install, if faces could not be measured."""
    from livetalk.media.landmarker import task_file

    task_file()
    identity.describe(np.zeros((1, 64, 64, 3), np.uint8))
