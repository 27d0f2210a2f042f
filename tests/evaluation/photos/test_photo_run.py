"""A run makes what its log lacks and nothing twice, whatever else the log holds."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from livetalk.evaluation.photos import run as photo_run
from livetalk.evaluation.photos import takes
from livetalk.evaluation.photos.log import MeasurementLog
from livetalk.evaluation.photos.run import Plan, Run
from livetalk.evaluation.photos.takes import SCENES
from tests.evaluation.photos.made_up import seen

CLIP = np.zeros((9, 32, 32, 3), np.uint8)


class Made:
    """A maker that remembers what was asked of it."""

    def __init__(self, name: str, calls: list[tuple[str, str, str]]) -> None:
        self.name, self.calls = name, calls

    def make(self, take: takes.Take) -> tuple[np.ndarray, np.ndarray]:
        self.calls.append((self.name, take.photo.name, take.scene))
        return CLIP[0], CLIP


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, str]]:
    """What makers were asked for; every second photograph shows nobody."""
    made: list[tuple[str, str, str]] = []
    rng = np.random.default_rng(0)

    def person(path: Path) -> np.ndarray:
        made.append(("person", path.name, ""))
        return rng.normal(0, 0.1, (int(path.stem) % 2, 128))

    monkeypatch.setattr(takes, "person", person)
    monkeypatch.setattr(takes, "look", lambda portrait, frames, take: seen(take.scene))
    monkeypatch.setattr(takes, "open_model", lambda preset, weights, threads: Made("model", made))
    monkeypatch.setattr(takes, "open_rendered", lambda: Made("rendered", made))
    monkeypatch.setattr(takes, "open_puppets", lambda pack: Made("puppets", made))
    monkeypatch.setattr(takes, "fingerprint_of_pack", lambda pack: f"puppets {pack}")
    monkeypatch.setattr(takes, "fingerprint", lambda weights: f"model {weights}")
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "photographs"
    folder.mkdir()
    for number in range(12):
        (folder / f"{number}.jpg").touch()
    return folder


def carried_out(plan: Plan, log: MeasurementLog) -> Run:
    run = Run(plan, log)
    for _, steps, work in run.parts():
        told: list[int] = []
        work(told.append)
        assert sum(told) == steps
    return run


def test_a_run_measures_every_scene_of_the_photographs_that_show_a_face(calls: list, folder: Path) -> None:
    outcome = carried_out(Plan(folder, 4, workers=0), MeasurementLog()).outcome()
    photographs = {photo for maker, photo, _ in calls if maker == "model"}
    assert len(photographs) == 4
    assert all(int(Path(photo).stem) % 2 for photo in photographs)
    assert sum(maker == "model" for maker, *_ in calls) == 4 * len(SCENES)
    assert outcome.figures["photo_lip_r"] == outcome.truth["photo_lip_r"] == 0.8
    assert outcome.against is None
    assert np.isfinite(outcome.figures["photo_realness"]) or not outcome.figures["photo_realness"] > 0


def test_a_finished_run_makes_nothing_and_a_larger_one_only_what_is_new(
    calls: list, folder: Path, tmp_path: Path
) -> None:
    path = tmp_path / "log.jsonl"
    carried_out(Plan(folder, 2, workers=0), MeasurementLog(path))
    first = list(calls)
    carried_out(Plan(folder, 2, workers=0), MeasurementLog(path)).outcome()
    assert calls == first
    carried_out(Plan(folder, 3, workers=0), MeasurementLog(path))
    assert {photo for _, photo, _ in calls[len(first) :]}.isdisjoint(
        photo for maker, photo, _ in first if maker == "model"
    )
    assert len(calls) - len(first) == 2 * len(SCENES)


def test_another_model_finds_the_truth_measured(calls: list, folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    carried_out(Plan(folder, 2, workers=0), MeasurementLog(path))
    calls.clear()
    run = carried_out(Plan(folder, 2, weights=Path("new"), against=None, workers=0), MeasurementLog(path))
    assert {maker for maker, *_ in calls} == {"model"}
    assert run.outcome().figures
    calls.clear()
    both = carried_out(
        Plan(folder, 2, weights=Path("new"), against=Path("old"), workers=0), MeasurementLog(path)
    ).outcome()
    assert len(calls) == 2 * len(SCENES), "the other model's clips only"
    assert both.against is not None
    assert both.against["photo_lip_r"] == 0.8


def test_sheets_are_drawn_of_models_only_and_missing_strips_are_made(calls: list, folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    assert carried_out(Plan(folder, 2, workers=0), MeasurementLog(path)).draw() == []
    calls.clear()
    run = carried_out(Plan(folder, 2, sheets=tmp_path / "sheets", workers=0), MeasurementLog(path))
    assert [path.name for path in run.draw()] == [f"{scene}_1.jpg" for scene in SCENES]
    assert [maker for maker, *_ in calls] == ["model"] * 2 * len(SCENES)


def test_puppets_are_the_truth_of_the_photographs_that_their_pack_holds(
    calls: list, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usable = [path.stem for path in takes.photographs(folder) if int(path.stem) % 2]
    pack = SimpleNamespace(names=(usable[1], "somebody else"))
    monkeypatch.setattr(photo_run, "open_portraits", lambda path: pack)
    run = carried_out(Plan(folder, 3, puppets=Path("pack"), workers=0), MeasurementLog())
    assert {photo for maker, photo, _ in calls if maker == "puppets"} == {f"{usable[1]}.jpg"}
    outcome = run.outcome()
    assert outcome.drawn_by == "puppets, 3 clips"
    assert "photo_realness" in outcome.truth
    with pytest.raises(ValueError, match="holds none of the photographs"):
        carried_out(Plan(folder, 1, puppets=Path("pack"), workers=0), MeasurementLog())
