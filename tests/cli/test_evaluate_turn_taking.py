"""`livetalk evaluate turn-taking`: recordings with planted faults in, a table out, and mistakes in one sentence."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.evaluation.turn_taking.made_up import record

Run = Callable[..., tuple[int, str, str]]

VISITOR = [(0.4, 1.2), (2.9, 1.2)]
SECONDS = 5.5


@pytest.fixture
def held(tmp_path: Path) -> Path:
    """A statue that answers in time and stops; and one with a busy mouth, late, over the visitor, which goes on."""

    def speaks(time: float) -> float:
        return 4.0 if (1.9 < time < 3.3 or time > 4.5) and int(time * 8) % 2 else 0.0

    def always(time: float) -> float:
        return 5.0 if int(time * 8) % 2 else 0.0

    out = tmp_path / "dialogues"
    record(out, "chat", VISITOR, [(1.9, 1.4), (4.5, 0.8)], SECONDS, speaks, "statue")
    record(out, "chat", VISITOR, [(0.8, 0.4), (2.6, 2.0)], SECONDS, always, "babbler")
    return out


def test_each_fault_moves_its_own_figure(livetalk: Run, held: Path, tmp_path: Path) -> None:
    code, shown, _ = livetalk(
        "evaluate", "turn-taking", held, "--json", tmp_path / "t.json", "--markdown", tmp_path / "t.md"
    )
    assert code == 0
    systems = json.loads((tmp_path / "t.json").read_text())["systems"]
    good, bad = ({name: each["value"] for name, each in systems[one].items()} for one in ("statue", "babbler"))
    assert good["response_latency_s"] == pytest.approx(0.3, abs=0.1)
    assert good["interrupt_silence_s"] == pytest.approx(0.4, abs=0.1)
    assert (good["unanswered"], good["spoken_over"], good["yielded"]) == (0, 0, 1)
    assert (good["closed_lips"], good["still"], good["reactions"]) == (1, 1, 0)
    assert bad["response_latency_s"] == pytest.approx((1.0 + 1.4) / 2, abs=0.1)
    assert bad["spoken_over"] == pytest.approx(0.4 / 2.4, abs=0.05)
    assert bad["interrupt_silence_s"] == pytest.approx(1.7, abs=0.1)
    assert (bad["unanswered"], bad["yielded"]) == (0.5, 0)
    assert bad["closed_lips"] < 0.7
    assert bad["listening_lip_travel"] > 10 * good["listening_lip_travel"]
    assert (tmp_path / "t.md").read_text().startswith("|  | babbler | statue |")
    assert "interrupt to silence" in shown


@pytest.mark.parametrize("words", [("nowhere",), (".",)])
def test_a_folder_without_dialogues_is_one_sentence(
    livetalk: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    code, shown, error = livetalk("evaluate", "turn-taking", *words)
    assert (code, shown) == (2, "")
    assert error.count("\n") <= 2
    assert "dialogue" in error
