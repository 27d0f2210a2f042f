"""`livetalk evaluate fidelity` measures a folder against another, and says mistakes in a sentence."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from livetalk.cli.main import app
from tests.evaluation.fidelity.film_files import noisy, write


def _run(*arguments: object) -> str:
    done = CliRunner().invoke(app, ["evaluate", "fidelity", *map(str, arguments)])
    if done.exception is not None:
        raise done.exception
    return done.output


def test_figures_are_shown_and_written(tmp_path: Path) -> None:
    grey = np.full((20, 64, 64, 3), 120, np.uint8)
    for name in ("a", "b"):
        write(tmp_path / "real", name, noisy(grey, 20))
        write(tmp_path / "made", name, grey)
    shown = _run(tmp_path / "real", tmp_path / "made", "--json", tmp_path / "f.json", "--every", 99)
    assert "| `frozen_share` | 1 |" in shown
    assert "show no face" in shown
    written = json.loads((tmp_path / "f.json").read_text())
    assert written["figures"]["frozen_share"]["n"] == 2
    assert written["figures"]["nbc"]["value"] is None
    assert written["options"]["every"] == 99
    assert "csim_self_dlib" in _run(tmp_path / "made", "--every", 99)


def test_mistakes_are_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is not a folder"):
        _run(tmp_path / "none", tmp_path)
    with pytest.raises(ValueError, match="no more"):
        _run(tmp_path, tmp_path, tmp_path)
    with pytest.raises(ValueError, match=r"ends in \.json"):
        _run(tmp_path, "--json", tmp_path / "f.txt")
