"""`livetalk evaluate dialogue judge`: mistakes are one sentence, and a lost judge keeps what was judged."""

from collections.abc import Callable
from pathlib import Path

import pytest

from livetalk.evaluation.dialogue.judging import hearing
from livetalk.evaluation.dialogue.scoring.results import read_judging
from tests.helpers import judged

SCENARIO = Path(__file__).parents[2] / "livetalk" / "assets" / "judge_calibration" / "scenarios.toml"
QUICK = ("--no-faults", "--no-ablation", "--repeats", "1", "--frames", "2", "--frame-size", "64")


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def judge(livetalk: Run) -> Run:
    return lambda *words: livetalk("evaluate", "dialogue", "judge", *words)


@pytest.fixture
def records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    from livetalk.evaluation.dialogue.scenarios import load_scenarios

    fake = judged.FakeHearing(dict(zip(judged.LENGTHS, judged.ANSWERS, strict=True)))
    monkeypatch.setattr(hearing, "AnswerHearing", lambda path: fake)
    judged.hold(tmp_path / "records", scenario=load_scenarios(SCENARIO)[0])
    return tmp_path / "records"


def test_a_folder_is_judged_by_the_small_judge(judge: Run, records: Path, tmp_path: Path) -> None:
    code, out, told = judge(records, "--out", tmp_path / "out", "--scenarios", SCENARIO, *QUICK)
    assert (code, "1 dialogues judged" in out) == (0, True), told
    assert "10 answers at most" in told
    assert "fewer than 5 repeats tell little" in told
    judging = read_judging(tmp_path / "out")
    assert [one.system for one in judging.dialogues] == ["ours"]
    assert judging.unmeasured is None, "a judge that was not tried says nothing of what it measures"
    assert (judging.judge.model, judging.judge.sound, judging.judge.repeats) == ("small-judge", True, 1)


def test_an_unreachable_judge_is_one_sentence(judge: Run, records: Path, tmp_path: Path) -> None:
    there = ("--judge", "http://127.0.0.1:9/v1", "--model", "m")
    code, _, told = judge(records, "--out", tmp_path / "out", "--scenarios", SCENARIO, *QUICK, *there)
    assert code == 2
    assert "cannot be reached: check the address and that a server runs there; 0 answers are kept" in told


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--judge", "gpt"), "neither `small` nor an address"),
        (("--judge", "http://host/v1"), "say with --model"),
        ((), "holds calibration_garden, which is no known scenario"),
        (("--scenarios", SCENARIO, "--half", "test"), "holds no dialogue of the half test"),
    ],
)
def test_mistakes(judge: Run, records: Path, tmp_path: Path, words: tuple[object, ...], sentence: str) -> None:
    code, _, told = judge(records, "--out", tmp_path / "out", *words)
    assert code == 2
    assert sentence in told


def test_no_records(judge: Run, tmp_path: Path) -> None:
    code, _, told = judge(tmp_path, "--out", tmp_path / "out")
    assert (code, "holds no dialogue" in told) == (2, True)


def test_a_judge_of_the_brains_family_is_warned_about(judge: Run, records: Path, tmp_path: Path) -> None:
    there = ("--judge", "http://127.0.0.1:9/v1", "--model", "Qwen3-VL-30B", "--brain", "Qwen3-Omni")
    _, _, told = judge(records, "--out", tmp_path / "out", "--scenarios", SCENARIO, *QUICK, *there)
    assert "are of one family, qwen" in told
