"""A turn is measured once, and a picture without a face is told."""

import pytest
from PIL import Image

from livetalk.evaluation.dialogue.judging.evidence import TimedFrame
from livetalk.evaluation.dialogue.small_judge import seeing
from livetalk.evaluation.dialogue.small_judge.seeing import FaceMeter
from tests.helpers import judged


def test_what_was_measured_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    meter, turn = FaceMeter(), judged.evidence(frames=[judged.swaying(frames=3)] * 3).turns[0]
    first = meter.face(turn)
    monkeypatch.setattr(seeing, "track", None)
    assert meter.face(turn) is first
    assert meter.looks(turn).faceless == 0


def test_no_face() -> None:
    grey = judged.jpeg(Image.new("RGB", (160, 160), (90, 90, 90)))
    turn = judged.evidence(frames=[(TimedFrame(0.0, grey), TimedFrame(0.4, grey))] * 3).turns[0]
    meter = FaceMeter()
    assert meter.looks(turn).faceless == 1
    assert meter.longest_still(turn) == pytest.approx(0.4)
    assert not meter.face(turn).found.any()


def test_large_pictures_are_made_small() -> None:
    frame = TimedFrame(0.0, judged.jpeg(judged.face(side=800)))
    assert seeing.pictures([frame]).shape == (1, seeing.SIDE, seeing.SIDE, 3)
