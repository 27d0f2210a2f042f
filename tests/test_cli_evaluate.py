"""The evaluation from the command line: a table to read, JSON to compare, pictures to judge."""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from livetalk import cli
from tests.evaluation.made_up import T, clip, speech


@pytest.fixture
def evaluate(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Runs `livetalk evaluate ...` in this process on made-up measures -> (exit code, output, errors)."""
    frames = np.random.default_rng(0).integers(0, 255, (T, 256, 256, 3), np.uint8)

    def measure(order, clips: int, workers: int) -> Iterator:
        if order.weights is not None and not order.weights.is_dir():
            raise ValueError(f"no weights in {order.weights}")
        for place in reversed(range(clips)):  # as they are done, not in their order
            made = clip(place, None if order.codec_only else speech(place))
            shown = {"truth": frames, "codec": frames} | ({} if order.codec_only else {"model": frames})
            yield replace(made, shown=shown if place < order.show else None)

    monkeypatch.setattr("livetalk.evaluation.tiny.measure", measure)
    monkeypatch.setattr("livetalk.evaluation.landmarks.task_file", Path)

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["livetalk", "evaluate", *map(str, words)])
        monkeypatch.setattr("signal.signal", lambda *_: None)
        with pytest.raises(SystemExit) as left:
            cli.main()
        captured = capsys.readouterr()
        return left.value.code, captured.out, captured.err

    return run


def test_figures_go_to_a_table_and_to_json(evaluate, tmp_path: Path) -> None:
    code, said, err = evaluate("tiny", "--clips", 3, "--json", tmp_path / "a.json")
    assert (code, err) == (0, "")
    written = json.loads((tmp_path / "a.json").read_text())
    assert set(written) == {"figures", "bars", "missed"}
    assert written["figures"]["lip_r_share"] == pytest.approx(1)
    assert written["missed"] == ["codec_motion_energy"]
    for name in written["figures"]:
        assert f"| `{name}` |" in said


def test_the_codec_is_gated_alone(evaluate, tmp_path: Path) -> None:
    code, *_ = evaluate("tiny", "--codec-only", "--clips", 2, "--json", tmp_path / "a.json")
    assert code == 0
    assert all(name.startswith("codec_") for name in json.loads((tmp_path / "a.json").read_text())["figures"])


@pytest.mark.parametrize("only", [[], ["--codec-only"]])
def test_sheets_are_small_pictures_of_the_first_clips(evaluate, tmp_path: Path, only: list[str]) -> None:
    assert evaluate("tiny", "--clips", 5, "--sheets", tmp_path / "sheets", *only)[0] == 0
    sizes = {}
    for path in (tmp_path / "sheets").iterdir():
        assert path.stat().st_size <= 250_000
        with Image.open(path) as picture:
            sizes[path.name] = picture.size
    rows = 2 if only else 3
    assert sizes == {
        "moments.jpg": (1024, 4 * (14 + rows * 128)),
        "mouths.jpg": (1088, 4 * (7 + rows * 88)),
        "curves.jpg": (960, 600),
    }


def test_mistakes_are_one_sentence(evaluate, tmp_path: Path) -> None:
    for words, told in [
        (["--json", tmp_path / "nowhere" / "a.json"], "does not exist"),
        (["--weights", tmp_path / "nowhere"], "no weights"),
    ]:
        code, said, err = evaluate("tiny", "--clips", 1, *words)
        assert (code, said) == (2, "")
        assert told in err
        assert err.count("\n") == 1
