"""The table from the command line: estimates first, a table, and a sentence for what cannot be."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from livetalk.cli import main
from livetalk.evaluation.estimates import mean
from tests.helpers.tables import write_film

Run = Callable[..., tuple[int, str, str]]

PROGRAM = """import sys, shutil
portrait, speech, prompt, out = sys.argv[1:5]
with open({log!r}, "a") as file:
    file.write(out + "\\n")
shutil.copy({film!r}, out)
"""


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `livetalk evaluate table ...` in this process, measuring brightness only -> (exit code, output, errors)."""

    def measure(real, generated, options, tell) -> dict:
        return {"fid_bright": mean([float(clip.frames(16).mean()) for clip in generated])}

    monkeypatch.setattr("livetalk.evaluation.fidelity.measure.measure", measure)
    monkeypatch.setattr("livetalk.evaluation.fidelity.measure.steps", lambda generated, options: len(generated))
    monkeypatch.setattr("livetalk.evaluation.sync.measure.measure", lambda *_: {})
    monkeypatch.setattr("signal.signal", lambda *_: None)

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["livetalk", "evaluate", "table", *map(str, words)])
        with pytest.raises(SystemExit) as left:
            main.main()
        captured = capsys.readouterr()
        return left.value.code, captured.out, captured.err

    return run


@pytest.fixture
def films(tmp_path: Path) -> Path:
    for name in ("a", "b", "c"):
        write_film(tmp_path / f"films/{name}.mp4", 1.0)
    return tmp_path / "films"


@pytest.fixture
def command(tmp_path: Path, films: Path) -> str:
    program = PROGRAM.format(film=str(films / "a.mp4"), log=str(tmp_path / "log"))
    (tmp_path / "talk.py").write_text(program)
    return f"command:other={sys.executable} {tmp_path / 'talk.py'} {{portrait}} {{speech}} {{prompt}} {{out}}"


def _calls(tmp_path: Path) -> int:
    return len((tmp_path / "log").read_text().splitlines())


def test_estimates_first_then_a_table_which_goes_on(table: Run, films: Path, command: str, tmp_path: Path) -> None:
    words = ["--systems", command, "--systems", "truth", "--data", f"folder:{films}", "--out", tmp_path / "out"]
    words += ["--clips", 3, "--seconds", 1, "--size", 64, "--workers", 1, "--timed", 1]
    code, said, err = table(*words, "--estimate")
    assert (code, said) == (0, "")
    assert "films: 3 cases, 0 skipped" in err
    assert "other: 2 more clips, about" in err
    assert _calls(tmp_path) == 2  # warm, then one
    code, said, err = table(*words)
    assert code == 0, err
    assert "| `fid_bright` ↓ |" in said
    assert "| clips made | 3 of 3 | 3 of 3 |" in said
    assert _calls(tmp_path) == 4
    assert table(*words)[0] == 0
    assert _calls(tmp_path) == 4
    rows = json.loads((tmp_path / "out/table.json").read_text())["sets"][0]["blocks"][0]["rows"]
    assert rows[0]["speed"]["fps"]["n"] == 1


def test_clips_that_cost_money_are_asked_for_twice(table: Run, films: Path, command: str, tmp_path: Path) -> None:
    words = ["--systems", command, "--data", f"folder:{films}", "--out", tmp_path / "out", "--clips", 2]
    code, _, err = table(*words, "--seconds", 1, "--size", 64, "--price", "other=0.5")
    assert code == 2
    assert "these clips cost about $1.00: give --yes to have them made" in err
    assert not (tmp_path / "log").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--systems", "studnet"], "there is no system 'studnet'"),
        (["--data", "vox"], "there is no data set 'vox'"),
        (["--data", "hdtf:nowhere"], "names no folder"),
        (["--protocol", "mine"], "there is no protocol 'mine'"),
        (["--most", "teacher"], "--most 'teacher' is no number of a system: give NAME=NUMBER"),
        (["--most", "other=3"], "--most 'other=3' names none of the systems truth"),
        (["--price", "truth=-1"], "must be more than nothing"),
        (["--devices", "gpu"], "'gpu' is no device: give cuda:0"),
        (["--data", "renders", "--data", "renders"], "the data set renders is named twice"),
    ],
)
def test_a_mistake_is_one_sentence(table: Run, tmp_path: Path, words: list[str], sentence: str) -> None:
    code, said, err = table("--systems", "truth", "--out", tmp_path / "out", *words)
    assert (code, said) == (2, "")
    assert sentence in err
    assert err.count("\n") == 1


@pytest.mark.slow
def test_student_teacher_and_truth_from_end_to_end(table: Run, films: Path, tmp_path: Path) -> None:
    from tests.evaluation.table.systems.test_models import miniature_weights

    folder = tmp_path / "weights"
    folder.mkdir()
    miniature_weights(folder)
    teacher = f"teacher:preset=miniature,weights={folder / 'teacher.safetensors'},folder={folder}"
    words = ["--systems", f"student:preset=miniature,weights={folder}", "--systems", teacher, "--systems", "truth"]
    words += ["--data", f"folder:{films}", "--clips", 2, "--seconds", 1, "--size", 64, "--most", "teacher=1"]
    code, said, err = table(*words, "--workers", 1, "--timed", 1, "--out", tmp_path / "out")
    assert code == 0, err
    assert "### 2 clips" in said
    assert "### 1 clips" in said
    assert (tmp_path / "out/sheet_folder.webp").stat().st_size > 1000
    assert (tmp_path / "out/clips/teacher/folder").is_dir()
