"""One function measures clips against their truth, and says what it could not measure."""

from pathlib import Path

import numpy as np
import pytest
import torch

from livetalk.evaluation.fidelity.i3d import KineticsI3d
from livetalk.evaluation.fidelity.inception import FidInception
from livetalk.evaluation.fidelity.measure import measure, steps
from livetalk.evaluation.fidelity.options import FidelityOptions
from livetalk.runtime.process import Notice
from tests.evaluation.fidelity.film_files import film, noisy, write
from tests.evaluation.fidelity.networks import SmallFace, random_state, write_script

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


@pytest.mark.filterwarnings("ignore::livetalk.runtime.process.Notice")
def test_networks_from_files_bring_their_figures(tmp_path: Path) -> None:
    i3d, face = write_script(tmp_path / "i3d.pt"), write_script(tmp_path / "face.pt", SmallFace())
    clip = [write(tmp_path / "real", "a", film(0, 17))]
    networks = FidelityOptions(every=16, i3d=str(i3d), per_pair=True, face=str(face))
    told: list[int] = []
    found = measure(clip, clip, networks, told.append)
    assert sum(told) == steps(clip, networks)
    assert found["csim_mean_arcface"].value > 0.9
    assert found["fvd_per_pair"].value == 0
    assert np.isnan(found["fvd_styleganv"].value)  # one run is no distribution
    with pytest.raises(ValueError, match="no TorchScript file"):
        measure(clip, clip, FidelityOptions(i3d=__file__))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::livetalk.runtime.process.Notice")
def test_published_networks_from_files_bring_their_figures(tmp_path: Path) -> None:
    for name, network in (("inception", FidInception()), ("cdfvd", KineticsI3d())):
        torch.save(random_state(network), tmp_path / f"{name}.pth")
    real = [write(tmp_path / "real", name, film(place, 17)) for place, name in enumerate("ab")]
    made = [write(tmp_path / "made", name, noisy(film(place, 17), 20)) for place, name in enumerate("ab")]
    networks = FidelityOptions(
        every=16, inception=str(tmp_path / "inception.pth"), cdfvd=str(tmp_path / "cdfvd.pth"), per_pair=True
    )
    found = measure(real, made, networks)
    for name in ("fid_torchfidelity", "fid_pytorchfid", "fid_torchmetrics", "fid_per_pair", "fvd_cdfvd"):
        assert found[name].value > 1e-3, name
        assert found[name].n == 2
