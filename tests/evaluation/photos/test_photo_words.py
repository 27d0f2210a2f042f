"""A photograph is read by what it does, whether or not it smiled when it was taken."""

import pytest

from livetalk.evaluation.photos.words import PHOTOGRAPHED, read
from tests.evaluation.photos.made_up import expressing


@pytest.mark.parametrize("own_smile", [0.0, 0.9])
@pytest.mark.parametrize("mood", list(PHOTOGRAPHED["mood"].means))
def test_moods_are_read_from_rest_on(mood: str, own_smile: float) -> None:
    assert read(expressing({"mood": mood}, own_smile))["mood"] == mood


def test_a_smile_that_stays_is_happy_though_it_does_not_grow() -> None:
    seen = expressing({"mood": "happy"}, own_smile=0.9)
    assert seen["smile grown"] < 0
    assert read(seen)["mood"] == "happy"


def test_heads_and_gazes_are_read() -> None:
    assert read(expressing({"head": "nod", "gaze": "left"})) == {"mood": "neutral", "head": "nod", "gaze": "left"}
    assert set(PHOTOGRAPHED["gaze"].means) == {"camera", "left", "right"}, "down cannot be told"


def test_a_face_that_is_not_found_acts_nothing() -> None:
    assert read({}) == {}
