"""The evaluation from the command line: a table to read, JSON to compare, pictures to judge."""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from livetalk.cli import main
from livetalk.evaluation.endurance import StreamDrift
from livetalk.evaluation.last_run import Held
from livetalk.evaluation.photos.figures import Outcome
from livetalk.evaluation.sheets import GAP, MARGIN, SIDE, TILE, TITLE
from tests.helpers.made_up import T, clip, speech


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
            if order.teacher is not None:
                made, shown = replace(made, taught=made.played), shown | {"teacher": frames}
            yield replace(made, shown=shown if place < order.show else None)

    def bench(
        preset: str, weights: Path | None, seconds: float, isa: str | None = None, size: int = 256
    ) -> dict[str, float]:
        speed = 20.0 if isa == "AVX2" else 40.0 if size == 256 else 30.0
        return {"frames_per_second": speed, "first_frame_seconds": 0.3, "peak_rss_bytes": 1.5e9}

    monkeypatch.setattr("livetalk.evaluation.clips.measure", measure)
    monkeypatch.setattr("livetalk.evaluation.parts.ready", lambda: None)
    monkeypatch.setattr("livetalk.evaluation.clips.strangers", lambda order, seeds, workers: iter([np.ones(128)] * 2))
    monkeypatch.setattr("livetalk.evaluation.speed.bench", bench)
    monkeypatch.setattr("livetalk.evaluation.endurance.last_against_first", lambda *_: StreamDrift(0.02, 0.1, 0.05))
    monkeypatch.setattr(
        "livetalk.evaluation.last_run.recall",
        lambda: {"fps": Held(1.0, "0.3", 50), "distill_keeps": Held(0.93, "0.3", 50)},
    )
    monkeypatch.setattr("livetalk.performer.performer.Performer.load", lambda *_, **__: None)

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["livetalk", "evaluate", *map(str, words)])
        monkeypatch.setattr("signal.signal", lambda *_: None)
        with pytest.raises(SystemExit) as left:
            main.main()
        captured = capsys.readouterr()
        return left.value.code, captured.out, captured.err

    return run


def test_figures_go_to_a_table_and_to_json(evaluate, tmp_path: Path) -> None:
    code, said, err = evaluate("tiny", "--clips", 3, "--json", tmp_path / "a.json")
    assert (code, err) == (0, "")
    written = json.loads((tmp_path / "a.json").read_text())
    assert set(written) == {"figures", "bars", "missed"}
    assert written["figures"]["lip_r_share"] == pytest.approx(1)
    assert written["missed"] == ["prompt_mean", "prompt_min"]  # nothing was asked, so nothing can be read back
    assert written["figures"]["minute_drift"] == pytest.approx(0.1)
    assert written["figures"]["identity_gallery"] == 5
    speeds = {name: written["figures"][name] for name in ("fps", "fps_512", "fps_avx2", "first_frame_s", "rss_gb")}
    assert speeds == {"fps": 40.0, "fps_512": 30.0, "fps_avx2": 20.0, "first_frame_s": 0.3, "rss_gb": 1.5}
    for name in written["figures"]:
        assert f"| `{name}` |" in said


def test_what_is_left_out_is_said_and_shown_from_the_last_full_run(evaluate, tmp_path: Path) -> None:
    code, said, _ = evaluate("tiny", "--clips", 1, "--no-streams", "--json", tmp_path / "a.json")
    assert code == 0
    row = next(line for line in said.splitlines() if "`distill_keeps`" in line)
    assert "0.93 (last full run, version 0.3, 50 clips)" in row
    for option in ("--teacher", "--long", "--real", "--no-streams"):
        assert f"{option}" in said
    written = json.loads((tmp_path / "a.json").read_text())["figures"]
    assert not {"distill_keeps", "minute_drift", "real_voice_r"} & set(written)
    assert written["fps"] == 40.0


def test_a_teacher_has_rows_of_its_own(evaluate, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("livetalk.evaluation.parts.EvaluationPlan._race", lambda plan, tell: {"distill_speedup": 25.0})
    (tmp_path / "teacher.safetensors").touch()
    words = ("--clips", 2, "--teacher", "--teacher-weights", tmp_path, "--json", tmp_path / "a.json")
    code, *_ = evaluate("tiny", *words, "--sheets", tmp_path / "sheets")
    assert code == 0
    written = json.loads((tmp_path / "a.json").read_text())
    assert written["figures"]["teacher_lip_r_share"] == pytest.approx(1)
    assert written["bars"]["teacher_lip_r_share"] == 0.85
    assert written["figures"]["distill_speedup"] == 25.0
    with Image.open(tmp_path / "sheets" / "moments.jpg") as picture:
        assert picture.size[1] > 2 * 3 * TILE, "truth, teacher and student, twice"


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
    wide, tall = SIDE + 8 * (TILE + GAP) - GAP + 2 * MARGIN, TITLE + 2 * (TILE + GAP) - GAP
    assert sizes["moments.jpg"] == (wide, 4 * tall + 3 * (MARGIN // 2) + 2 * MARGIN)
    assert sizes["curves.jpg"] == (960, 600)
    assert set(sizes) == {"moments.jpg", "mouths.jpg", "curves.jpg"}


def test_photographs_are_a_table_of_their_own(evaluate, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked = []

    class Run:
        def __init__(self, plan, log) -> None:
            asked.append((plan, log.path))

        def parts(self) -> Iterator:
            yield "model", 3, lambda tell: tell(3)

        def draw(self) -> list[Path]:
            return [tmp_path / "calm_1.jpg"]

        def outcome(self) -> Outcome:
            return Outcome({"photo_lip_r": 0.3, "photo_lost": 0.0}, {"photo_lip_r": 0.8}, None, "puppets")

    monkeypatch.setattr("livetalk.evaluation.photos.run.Run", Run)
    words = ("--photos-only", "--photos", tmp_path, "--photo-clips", 7)
    files = ("--photo-log", tmp_path / "log.jsonl", "--json", tmp_path / "a.json", "--voices", tmp_path)
    code, said, err = evaluate("tiny", *words, *files)
    assert code == 0
    assert said.startswith("| figure | value | truth (puppets) |"), "nothing else was asked for"
    assert "calm_1.jpg" in err
    plan, log = asked[0]
    assert (plan.count, plan.voices, log) == (7, tmp_path, tmp_path / "log.jsonl")
    written = json.loads((tmp_path / "a.json").read_text())
    assert written["missed"] == ["photo_lip_r"]
    assert written["figures"] == {"photo_lip_r": 0.3, "photo_lost": 0.0, "photo_lip_r_truth": 0.8}
    code, said, _ = evaluate("tiny", "--clips", 1, "--no-streams", "--photos", tmp_path)
    assert code == 0
    assert "`lip_r`" in said
    assert "`photo_lip_r`" in said


def test_mistakes_are_one_sentence(evaluate, tmp_path: Path) -> None:
    for words, told in [
        (["--json", tmp_path / "nowhere" / "a.json"], "does not exist"),
        (["--weights", tmp_path / "nowhere", "--no-streams"], "no weights"),
        (["--teacher", "--teacher-weights", tmp_path / "nowhere"], "there is no teacher at"),
        (["--animation", tmp_path / "a.mp4"], "ends in .webp"),
        (["--photos-only"], "needs photographs"),
    ]:
        code, said, err = evaluate("tiny", "--clips", 1, *words)
        assert (code, said) == (2, "")
        assert told in err
        assert err.count("\n") == 1
