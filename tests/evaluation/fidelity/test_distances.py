"""Faults that are planted in clips move the measures that should see them, more of them more, and no others.

Blur, noise and flicker have their trials beside their measures, shifts in time and slow faces in `test_expression.py`.
"""

from itertools import pairwise

import numpy as np
import pytest
import torch

from livetalk.evaluation.fidelity.distances import ClipDistances, PairedClipDistances, PictureDistances, run_start
from livetalk.evaluation.fidelity.i3d import ScriptedI3d
from livetalk.evaluation.fidelity.similarity import SimilarityMeasure, dlib_embeddings
from livetalk.evaluation.fidelity.views import ClipView
from tests.evaluation.fidelity.film_files import blurred, film, noisy
from tests.evaluation.fidelity.networks import write_script


class Cells(torch.nn.Module):
    """A small stand-in for Inception: responses to edges in a grid of cells."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        edges = torch.cat([x.diff(dim=2)[..., :-1].abs(), x.diff(dim=3)[:, :, :-1].abs()], 1).mean(1, keepdim=True)
        return torch.nn.functional.adaptive_avg_pool2d(edges, 4).flatten(1)


def _figures(measure, made: list[np.ndarray], real: list[np.ndarray]) -> dict[str, float]:
    for place, (one, other) in enumerate(zip(made, real, strict=True)):
        measure.look(ClipView(f"{place}", one, other, one, 16))
    return {name: one.value for name, one in measure.figures().items()}


def _rises(values: list[float]) -> bool:
    return all(one < other for one, other in pairwise(values))


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> ScriptedI3d:
    return ScriptedI3d(write_script(tmp_path_factory.mktemp("i3d") / "i3d.pt"))


REAL = [film(person, 20, size=96) for person in range(2)]


def test_another_person_is_seen_by_identity() -> None:
    real, other = film(0, 3), film(1, 3)
    rows = {
        frame.tobytes(): row
        for frames in (real, other)
        for frame, row in zip(frames, dlib_embeddings(frames), strict=True)
    }
    found = []
    for swapped in range(4):
        made = np.concatenate([other[:swapped], real[swapped:]])
        measure = SimilarityMeasure("dlib", lambda frames: np.stack([rows[frame.tobytes()] for frame in frames]), 1)
        found.append(_figures(measure, [made], [real]))
    assert _rises([-one["csim_dlib"] for one in found])
    assert _rises([one["fd_dlib"] for one in found])
    assert found[0]["fd_dlib"] == pytest.approx(0, abs=1e-9)
    assert found[0]["csim_dlib"] > 0.99


@pytest.mark.parametrize(("spoil", "strengths"), [(blurred, (1, 2, 4)), (noisy, (5, 15, 45))])
def test_spoilt_pictures_are_seen_by_fid_in_every_way_to_resize(spoil, strengths: tuple[float, ...]) -> None:
    real = [frames[::10] for frames in REAL]
    found = [_figures(PictureDistances(Cells(), per_pair=True), real, real)]
    for strength in strengths:
        found.append(_figures(PictureDistances(Cells(), per_pair=True), [spoil(one, strength) for one in real], real))
    for name in ("fid_torchfidelity", "fid_pytorchfid", "fid_torchmetrics", "kid_pytorchfid", "fid_per_pair"):
        assert _rises([one[name] for one in found]), name
        if name.startswith("fid"):
            assert found[0][name] == pytest.approx(0, abs=1e-6)


def test_slower_films_are_seen_by_fvd_and_not_by_fid(script: ScriptedI3d) -> None:
    found = []
    for speed in (1.0, 0.75, 0.5, 0.25):
        made = [film(person, 20, size=96, speed=speed) for person in range(len(REAL))]
        found.append(_figures(ClipDistances("fvd", script), made, REAL)["fvd"])
    assert _rises(found)
    assert found[0] == pytest.approx(0, abs=1e-6)
    few = [one[::5] for one in REAL]
    slow, blur = (
        _figures(PictureDistances(Cells()), made, few)["fid_pytorchfid"]
        for made in (
            [film(person, 20, size=96, speed=0.5)[::5] for person in range(len(REAL))],
            [blurred(one, 2) for one in few],
        )
    )
    assert slow < 0.2 * blur


def test_the_distance_per_pair_is_zero_of_itself_and_grows_with_blur(script: ScriptedI3d) -> None:
    found = []
    for radius in (0, 1, 2, 4):
        made = [blurred(one[:12], radius) if radius else one[:12] for one in REAL[:1]]
        found.append(_figures(PairedClipDistances(script), made, [one[:12] for one in REAL[:1]])["fvd_per_pair"])
    assert found[0] == 0
    assert _rises(found)


def test_the_distance_per_pair_is_over_all_beginnings(script: ScriptedI3d) -> None:
    real, made = REAL[0][:12], blurred(REAL[0][:12], 2)
    expected = []
    for length in (10, 11, 12):
        rows = [torch.from_numpy(one[:length].copy()).permute(0, 3, 1, 2).float() for one in (real, made)]
        expected.append(float((script(rows[0], crop=True) - script(rows[1], crop=True)).square().sum()))
    found = _figures(PairedClipDistances(script), [made], [real])
    assert found["fvd_per_pair"] == pytest.approx(np.mean(expected), rel=1e-4)


def test_a_film_that_ends_early_stands_still_for_fvd(script: ScriptedI3d) -> None:
    early = _figures(ClipDistances("fvd", script), [one[:6] for one in REAL], REAL)["fvd"]
    held = [np.concatenate([one[:6], np.repeat(one[5:6], 14, axis=0)]) for one in REAL]
    assert early == pytest.approx(_figures(ClipDistances("fvd", script), held, REAL)["fvd"])
    assert early > 0


def test_films_of_too_few_frames_are_left_out_and_said(script: ScriptedI3d) -> None:
    short = REAL[0][:8]
    for measure in (ClipDistances("fvd", script), PairedClipDistances(script)):
        assert _figures(measure, [short], [short]) == {}
        assert "fewer than" in measure.remarks()[0]


def test_what_becomes_of_oblong_films_is_said(script: ScriptedI3d) -> None:
    oblong = REAL[0][:, :, :64]
    for name, said in (("fvd_styleganv", "squeezed"), ("fvd_styleganv_crop", "cropped")):
        measure = ClipDistances(name, script)
        measure.look(ClipView("a", REAL[0], oblong, REAL[0], 16))
        assert f"1 pairs are not square: {name} sees them {said}" in measure.remarks()[0]


def test_runs_are_looked_at_in_the_same_places() -> None:
    assert run_start("a", 81) == run_start("a", 81)
    assert {run_start(f"{name}", 16) for name in range(9)} == {0}
    assert max(run_start(f"{name}", 81) for name in range(999)) == 65


def test_every_measure_sees_nothing_without_a_truth(script: ScriptedI3d) -> None:
    for measure in (PictureDistances(Cells()), ClipDistances("fvd", script), PairedClipDistances(script)):
        measure.look(ClipView("a", REAL[0], None, REAL[0], 16))
        assert measure.figures() == {}
