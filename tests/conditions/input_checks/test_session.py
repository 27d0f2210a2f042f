"""Promises of a live session's checks: what was found stays, each kind once."""

from pathlib import Path

import numpy as np

from livetalk.conditions.input_checks.session import SessionChecks
from livetalk.geometry import SAMPLE_RATE
from livetalk.media.pictures import open_picture

ADA = Path(__file__).parents[3] / "livetalk/assets/avatars/ada.jpg"


def test_portrait_and_speech_are_looked_at():
    checks = SessionChecks(open_picture(ADA))
    assert checks.warnings == ()
    for _ in range(2):
        checks.push(np.zeros(SAMPLE_RATE), SAMPLE_RATE)
        checks.end()
    assert [warning.kind for warning in checks.warnings] == ["no speech"]


def test_a_dark_portrait_is_told_at_once():
    assert [w.kind for w in SessionChecks((open_picture(ADA) * 0.1).astype(np.uint8)).warnings] == ["dark"]


def test_where_somebody_else_looks_nothing_is_looked_at():
    checks = SessionChecks(None)
    checks.push(np.zeros(SAMPLE_RATE), SAMPLE_RATE)
    checks.end()
    checks.interrupt()
    assert checks.warnings == ()
