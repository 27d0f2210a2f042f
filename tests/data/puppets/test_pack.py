"""Packs: what is chosen, what is refused, and that fits are made once."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from livetalk.cli.data import app
from livetalk.data.puppets import pack as packing
from livetalk.data.puppets.fit import Fit
from livetalk.data.puppets.options import PackOptions
from livetalk.data.puppets.pack import FitCache, listed_names, pack, photographs_of
from livetalk.data.puppets.portraits import open_portraits
from tests.data.puppets import made_up
from tests.data.puppets.rendered import SEEDS, needs_landmarker, render


def photographs(folder: Path, outcomes: list[Fit | str]) -> tuple[list[Path], FitCache]:
    """Picture files, and a cache that holds these outcomes for them."""
    cache = FitCache(folder / "fits")
    paths = []
    for k, outcome in enumerate(outcomes):
        path = folder / f"{k}.png"
        Image.fromarray(np.full((8, 8, 3), k, np.uint8)).save(path)
        cache.keep(path, outcome)
        paths.append(path)
    return paths, cache


def test_a_pack_holds_what_is_usable_and_tells_of_the_rest(tmp_path: Path):
    outcomes = [
        made_up.fit(1),
        made_up.fit(2, lip_gap=0.4),
        "3.png: no face was found",
        made_up.fit(4, eye_distance=20),
    ]
    paths, cache = photographs(tmp_path, [*outcomes, made_up.fit(5)])
    report = pack(paths, cache, tmp_path / "pack", PackOptions())
    assert (report.looked_at, report.usable, report.packed) == (5, 2, 2)
    assert report.refused == {"mouth wide open": 1, "small": 1}
    assert report.unfitted == {"2.png": "3.png: no face was found"}
    assert report.bytes == (tmp_path / "pack").stat().st_size
    assert "2 of 5 portraits packed" in report.lines()[0]
    assert len(open_portraits(tmp_path / "pack")) == 2
    assert not open_portraits(tmp_path / "pack")[0].held_out


def test_limits_of_number_and_size_hold(tmp_path: Path):
    paths, cache = photographs(tmp_path, [made_up.fit(seed) for seed in range(6)])
    assert pack(paths, cache, tmp_path / "few", PackOptions(limit=2)).packed == 2
    one = cache.stored(paths[0]).size(0)
    assert pack(paths, cache, tmp_path / "small", PackOptions(max_mb=2.5 * one / 1e6)).packed == 2
    with pytest.raises(ValueError, match="too few for one portrait"):
        pack(paths, cache, tmp_path / "none", PackOptions(max_mb=10 / 1e6))
    assert not (tmp_path / "none").exists()


def test_nothing_usable_is_one_sentence_that_says_why(tmp_path: Path):
    paths, cache = photographs(tmp_path, [made_up.fit(1, saturation=3), "1.png: no face was found"])
    with pytest.raises(ValueError, match="none of 2 photographs can be used: 1 grey, 1 without one clear face"):
        pack(paths, cache, tmp_path / "pack", PackOptions())


def test_a_changed_photograph_is_fitted_anew(tmp_path: Path):
    (path,), cache = photographs(tmp_path, [made_up.fit(1)])
    assert cache.has(path)
    assert list(packing.fit_all([path], cache, processes=1)) == [path]
    Image.fromarray(np.full((8, 8, 3), 77, np.uint8)).save(path)
    assert not cache.has(path)


@pytest.mark.slow
def test_the_command_packs_a_folder_and_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    needs_landmarker()
    folder, out = tmp_path / "portraits", tmp_path / "pack"
    folder.mkdir()
    Image.fromarray(render(SEEDS[0], {}).picture).save(folder / "head.png")
    Image.fromarray(render(SEEDS[2], {}).picture).save(folder / "other.png")
    Image.fromarray(np.full((200, 200, 3), 90, np.uint8)).save(folder / "wall.png")
    (tmp_path / "list").write_text("other.png\n")
    arguments = ["pack", str(out), "--portraits", str(folder), "--held-out", str(tmp_path / "list")]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert "1 of 2 portraits packed" in done.output
    assert "wall.png: no face was found" in done.output
    assert open_portraits(out).names == ("head",)
    monkeypatch.setattr(packing, "Fitter", lambda: pytest.fail("fits are kept"))
    assert CliRunner().invoke(app, arguments).exit_code == 0


def test_mistakes_of_the_command_are_one_sentence(tmp_path: Path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "nothing").touch()
    with pytest.raises(ValueError, match="is not a folder"):
        photographs_of(tmp_path / "none")
    with pytest.raises(ValueError, match="holds no picture files"):
        photographs_of(tmp_path / "empty")
    with pytest.raises(ValueError, match="is empty"):
        listed_names(tmp_path / "nothing")
    run = CliRunner().invoke(
        app, ["pack", str(tmp_path / "pack"), "--portraits", str(tmp_path / "empty"), "--only-held-out"]
    )
    assert str(run.exception) == "--only-held-out needs a list: give it with --held-out"
