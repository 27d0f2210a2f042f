"""Fitting rendered heads: pose, expression, matte, measures and filters against their truth."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from livetalk.data.arkit import INDEX
from livetalk.data.heads.mesh import Person
from livetalk.data.puppets.correspondence import load_correspondence
from livetalk.data.puppets.filters import REASONS, reasons
from livetalk.data.puppets.fit import Fit, Fitter
from livetalk.data.puppets.fitted import SHOWN
from livetalk.data.puppets.measures import harmonics, measure
from livetalk.data.puppets.plate import background
from livetalk.data.puppets.posed import posed_head, project, unproject
from tests.data.puppets.rendered import SEEDS, Shown, needs_landmarker, render

CASES = [
    ({}, (0.0, 0.0, 0.0)),
    ({"jawOpen": 0.4}, (0.12, 0.0, 0.0)),
    ({"mouthSmileLeft": 0.7, "mouthSmileRight": 0.7}, (-0.1, 0.1, 0.0)),
]


@pytest.fixture(scope="module")
def fitter() -> Iterator[Fitter]:
    needs_landmarker()
    with Fitter() as fitter:
        yield fitter


@pytest.fixture(scope="module")
def fits(fitter: Fitter) -> list[tuple[Shown, Fit]]:
    shown = [render(seed, *case) for seed, case in zip(SEEDS, CASES, strict=True)]
    return [(one, fitter.fit_picture(one.picture, "made up")) for one in shown]


def test_landmarks_lie_where_the_fitted_head_says(fits: list[tuple[Shown, Fit]]):
    for _, fit in fits:
        assert fit.report.rms < 1.4
        assert fit.report.warped < 0.3
        assert fit.portrait.residual == pytest.approx(fit.report.rms)


def test_pose_and_expression_are_those_of_the_render(fits: list[tuple[Shown, Fit]]):
    for shown, fit in fits:
        off = np.rad2deg(np.abs(fit.portrait.angles - shown.angles))
        assert off[0] < 3.5
        assert off[1] < 5
        assert off[2] < 2
    (_, resting), (_, speaking), (_, smiling) = fits
    jaw, smile = INDEX["jawOpen"], INDEX["mouthSmileLeft"]
    assert resting.portrait.weights[jaw] < 0.1 < 0.2 < speaking.portrait.weights[jaw] < 0.6
    assert resting.portrait.weights[smile] < 0.15 < 0.4 < smiling.portrait.weights[smile] < 0.9


def test_a_portrait_is_a_person_whose_posed_head_meets_the_landmarks(fits: list[tuple[Shown, Fit]]):
    _, fit = fits[0]
    portrait = fit.portrait
    head, links = posed_head(portrait), load_correspondence()
    assert np.array_equal(head.person.points, Person(portrait).points)
    miss = np.linalg.norm(links.places(project(head.warped)) - portrait.landmarks, axis=1)[links.used]
    assert np.median(miss) * 256 / SHOWN < 0.15
    assert np.allclose(unproject(project(head.model), head.model[:, 2]), head.model)
    assert np.allclose(head.to_head(head.to_camera(head.person.points)), head.person.points, atol=1e-4)


def test_the_matte_covers_the_head_and_the_plate_does_not_show_it(fits: list[tuple[Shown, Fit]]):
    _, fit = fits[0]
    portrait = fit.portrait
    assert portrait.matted
    column, row = (portrait.landmarks[[1, 10, 152]] * portrait.side).astype(int).T
    assert (portrait.alpha[row, column] == 255).all()
    assert (portrait.alpha[:8] == 0).all()
    behind = background(portrait)
    assert behind.shape == portrait.photograph.shape
    assert np.abs(behind[:8].astype(int) - portrait.photograph[:8]).max() < 40
    gone = np.abs(behind[row, column].astype(int) - portrait.photograph[row, column]).sum(1)
    assert (gone > 60).all()


def test_measures_say_what_is_open(fits: list[tuple[Shown, Fit]]):
    resting, speaking, smiling = (measure(fit.portrait) for _, fit in fits)
    assert resting.lips.gap.max() < 0.02
    assert speaking.lips.gap.max() > 0.05
    for measures in (resting, speaking, smiling):
        for eye in measures.eyes:
            assert eye.lids.gap[4:-4].min() > 0.02
            assert 0.3 <= eye.iris <= 0.62
        assert measures.sclera_colour.mean() > measures.lip_colour.mean()
    assert speaking.gaze[0] == pytest.approx(-fits[1][1].portrait.angles[0], abs=0.03)


def test_light_is_brightest_where_it_comes_from(fits: list[tuple[Shown, Fit]]):
    for _, fit in fits:
        light = measure(fit.portrait).light
        head = posed_head(fit.portrait)
        assert np.isfinite(light).all()
        assert 0.05 < harmonics(np.array([0.0, 0.0, 1.0])) @ light < 1.2
        assert head.warped[:, 2].max() < 0


@pytest.mark.slow
def test_filters_say_why(fits: list[tuple[Shown, Fit]], fitter: Fitter):
    assert reasons(fits[0][1]) == ()
    turned = fitter.fit_picture(render(SEEDS[0], {}, (0.42, 0, 0)).picture, "turned")
    assert "turned" in reasons(turned)
    gaping = fitter.fit_picture(render(SEEDS[2], {"jawOpen": 1.0}).picture, "gaping")
    assert "mouth wide open" in reasons(gaping)
    asleep = fitter.fit_picture(render(SEEDS[0], {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0}).picture, "asleep")
    assert "eyes shut" in reasons(asleep)
    grey = np.repeat(render(SEEDS[0], {}).picture.mean(-1, keepdims=True), 3, -1).astype(np.uint8)
    assert "grey" in reasons(fitter.fit_picture(grey, "grey"))
    tiny = np.asarray(Image.fromarray(render(SEEDS[0], {}).picture).resize((170, 170)).resize((171, 171)))
    assert "small" in reasons(fitter.fit_picture(tiny, "tiny"))
    assert len(REASONS) == 10


def test_a_photograph_that_cannot_be_fitted_gets_one_sentence(fitter: Fitter, tmp_path: Path):
    head = render(SEEDS[0], {}).picture
    for name, picture, why in (
        ("nobody", np.full((300, 300, 3), 90, np.uint8), "no face was found"),
        ("two", np.concatenate([head, head], 1), "several faces were found"),
    ):
        path = tmp_path / f"{name}.png"
        Image.fromarray(picture).save(path)
        with pytest.raises(ValueError, match=rf"^{name}.png: {why}[^\n]*$"):
            fitter.fit_file(path)
    (tmp_path / "words.png").write_text("no picture")
    with pytest.raises(ValueError, match=r"^words.png: cannot be understood as a picture"):
        fitter.fit_file(tmp_path / "words.png")
