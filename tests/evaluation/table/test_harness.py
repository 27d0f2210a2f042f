"""Every system is timed by one clock, and what comes out of it is looked at."""

import time
from pathlib import Path

import numpy as np
import pytest

from livetalk.evaluation.table.cases import ClipCase
from livetalk.evaluation.table.harness import made, warm_up
from livetalk.evaluation.table.systems.base import Seen
from livetalk.media import read_speech
from tests.helpers.tables import a_case, write_film


class SlowMaker:
    """Shows its first frame after a while, and its video after another."""

    def __init__(self, tells: bool = True, seconds: float | None = None, sound: bool = True, broken: str = "") -> None:
        self.tells, self.seconds, self.sound, self.broken = tells, seconds, sound, broken
        self.asked: list[float] = []

    def make(self, case: ClipCase, out: Path, seen: Seen) -> None:
        self.asked.append(sum(map(len, read_speech(case.speech))) / 16_000)
        if self.broken:
            raise {"words": ValueError("the GPU\nis too small"), "fault": KeyError("x")}[self.broken]
        time.sleep(0.05)
        if self.tells:
            seen(0)
            seen(9)
        time.sleep(0.1)
        write_film(out, self.seconds or case.seconds, sound=self.sound)


def test_the_first_frame_and_the_whole_video_are_timed(tmp_path: Path) -> None:
    record = made(SlowMaker(), a_case(tmp_path), tmp_path / "out/clip.mp4", "a processor", alone=True)
    assert (record.frames, record.failed, record.alone, record.device) == (25, None, True, "a processor")
    assert record.seconds == pytest.approx(1.0)
    assert 0.05 <= record.first_frame < record.spent - 0.09


def test_of_a_program_that_says_nothing_the_first_frame_comes_with_its_video(tmp_path: Path) -> None:
    record = made(SlowMaker(tells=False), a_case(tmp_path), tmp_path / "clip.mp4", "", alone=True)
    assert record.first_frame == record.spent >= 0.15


@pytest.mark.parametrize(
    ("maker", "sentence"),
    [
        (SlowMaker(sound=False), "its video has no sound: let it write both into one file"),
        (SlowMaker(seconds=0.4), "its video lasts 0.4 s of the 1.0 s that are spoken"),
        (SlowMaker(broken="words"), "the GPU is too small"),
        (SlowMaker(broken="fault"), "KeyError: 'x'"),
    ],
)
def test_failures_are_one_sentence_each(tmp_path: Path, maker: SlowMaker, sentence: str) -> None:
    assert made(maker, a_case(tmp_path), tmp_path / "clip.mp4", "", alone=False).failed == sentence


def test_a_second_is_enough_to_be_warm(tmp_path: Path) -> None:
    maker = SlowMaker()
    warm_up(maker, a_case(tmp_path, seconds=2.0))
    assert np.allclose(maker.asked, [1.0])
    warm_up(SlowMaker(broken="fault"), a_case(tmp_path))  # it will be told where it counts
