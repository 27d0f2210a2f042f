"""Gathering of evidence: the files of a recorded dialogue as pictures of one size, sound and heard words.

All systems are shown in the same size and the same layout, and by what their files hold: names stay behind. Knows
records and scenarios; no judge.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from livetalk.evaluation.dialogue.judging.clips import frame_rate, sound_of
from livetalk.evaluation.dialogue.judging.evidence import Evidence, Expectations, TimedFrame, TurnEvidence
from livetalk.evaluation.dialogue.judging.hearing import Hears
from livetalk.evaluation.dialogue.judging.options import FrameSampling
from livetalk.evaluation.dialogue.records import DialogueRecord, TurnRecord, folder_of
from livetalk.evaluation.dialogue.scenarios import Scenario, Turn
from livetalk.media.video import read_frames
from livetalk.media.wav import wav_bytes

JPEG_QUALITY = 90


@dataclass(frozen=True)
class Gatherer:
    """Reads dialogues below a folder, as they were recorded."""

    sampling: FrameSampling
    hearing: Hears

    def evidence(self, out: Path, record: DialogueRecord, scenario: Scenario) -> Evidence:
        """A dialogue as a judge may see it. Raises ValueError for one whose turns are not the scenario's."""
        if len(record.turns) != len(scenario.turns):
            raise ValueError(
                f"{folder_of(out, record.system, record.scenario)} has {len(record.turns)} turns, its scenario "
                f"{len(scenario.turns)}: hold it again, or give the scenarios it was held with by --scenarios"
            )
        folder = folder_of(out, record.system, record.scenario)
        pairs = zip(record.turns, scenario.turns, strict=True)
        return Evidence(scenario.setting, tuple(self._turn(folder, *pair) for pair in pairs))

    def _turn(self, folder: Path, held: TurnRecord, asked: Turn) -> TurnEvidence:
        expected = Expectations(asked.emotion, asked.must, asked.must_not, asked.remembers)
        broken = asked.interrupts_after is not None
        if held.video is None:  # no answer is the worst one: nothing is seen and nothing heard
            return TurnEvidence(asked.says, expected, heard="", broken_into=broken)
        path = folder / held.video
        sound = sound_of(path)
        heard = self.hearing.words(sound, asked.language)
        return TurnEvidence(asked.says, expected, tuple(self._frames(path)), wav_bytes(sound), heard, broken)

    def _frames(self, path: Path) -> Iterator[TimedFrame]:
        """Pictures at equal distances; the file is read twice, so that none of it is held in memory."""
        count, rate = sum(1 for _ in read_frames(path)), frame_rate(path)
        wanted = set(chosen(count, self.sampling.frames))
        for index, picture in enumerate(read_frames(path)):
            if index in wanted:
                yield TimedFrame(index / rate, jpeg(picture, self.sampling.frame_size))


def chosen(count: int, most: int) -> list[int]:
    """Indices of up to `most` of `count` frames, the first ones of stretches of equal length.

    So the first frame is always there: it shows the face before it acts, from which moods are told.
    """
    shown = min(count, most)
    return [i * count // shown for i in range(shown)]


def jpeg(picture: UInt8[np.ndarray, "h w 3"], side: int) -> bytes:
    """A picture whose longer side is `side`, larger or smaller than it was: its size must not tell who made it."""
    height, width = picture.shape[:2]
    scale = side / max(height, width)
    image = Image.fromarray(picture).resize((round(width * scale), round(height * scale)), Image.Resampling.BICUBIC)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=JPEG_QUALITY)
    return file.getvalue()
