"""One function measures clips against their truth, and says what it could not measure."""

from pathlib import Path

import numpy as np
import pytest

from livetalk.evaluation.fidelity.measure import measure, steps
from livetalk.evaluation.fidelity.options import FidelityOptions
from livetalk.runtime.process import Notice
from tests.evaluation.fidelity.film_files import film, write

OPTIONS = FidelityOptions(every=16)


@pytest.mark.filterwarnings("ignore::livetalk.runtime.process.Notice")
def test_clips_that_are_their_truth_are_without_fault(tmp_path: Path) -> None:
    real = [write(tmp_path / "real", f"{person}", film(person, 5)) for person in range(2)]
    told: list[int] = []
    found = measure(real, real, OPTIONS, told.append)
    assert sum(told) == steps(real, OPTIONS)
    assert found["fd_dlib"].value == pytest.approx(0, abs=1e-9)
    assert found["csim_mean_dlib"].n == 2
    assert {found[name].value for name in ("faceless_dlib", "black_share", "lacking_share")} == {0.0}
    assert found["flicker_ratio"].value == pytest.approx(1)


def test_what_is_not_alike_is_said(tmp_path: Path) -> None:
    real = [write(tmp_path / "real", "a", film(0, 26), rate=25)]
    made = [write(tmp_path / "made", "a", film(0, 10)[:, ::2, ::2])]
    with pytest.warns(Notice) as said:
        found = measure(real, made, OPTIONS)
    sentences = " ".join(str(one.message) for one in said)
    assert "16, 25" in sentences
    assert "1 of 1 generated clips are resized" in sentences
    assert "no NBC" in sentences
    assert found["lacking_share"].value == pytest.approx(7 / 17)
    assert np.isnan(found["nbc"].value)


@pytest.mark.filterwarnings("ignore::livetalk.runtime.process.Notice")
def test_clips_without_a_truth_are_held_to_themselves(tmp_path: Path) -> None:
    found = measure(None, [write(tmp_path, "a", film(0))], OPTIONS)
    assert found["csim_self_dlib"].value > 0.95
    assert not [name for name in found if name.startswith(("fd_", "csim_dlib"))]


def test_half_a_set_is_refused(tmp_path: Path) -> None:
    clips = [write(tmp_path, name, film(0, 3)) for name in ("a", "b")]
    with pytest.raises(ValueError, match="1 of 2 clips were not generated"):
        measure(clips, clips[:1], OPTIONS)
    with pytest.raises(ValueError, match="have no real one of their name, b"):
        measure(clips[:1], clips, OPTIONS)
    with pytest.raises(ValueError, match="no generated clips"):
        measure(clips, [], OPTIONS)
