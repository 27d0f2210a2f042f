"""Work is done once each, by tools that are opened where they work; mistakes come back."""

from functools import partial

import pytest

from livetalk.evaluation.spread import spread, spread_over, threads_of


def opened(kind: str) -> str:
    if kind == "broken":
        raise ValueError("the tool is broken: mend it")
    return kind


def work(tool: str, number: int) -> tuple[str, int]:
    return tool, number**2


@pytest.mark.parametrize("workers", [0, 2])
def test_each_piece_is_done_once(workers: int) -> None:
    found = list(spread(partial(opened, "saw"), work, [(number,) for number in range(5)], workers))
    assert sorted(found) == [("saw", number**2) for number in range(5)]


@pytest.mark.parametrize("workers", [0, 1])
def test_mistakes_reach_the_caller(workers: int) -> None:
    with pytest.raises(ValueError, match="mend it"):
        list(spread(partial(opened, "broken"), work, [(1,)], workers))


def test_nothing_is_opened_for_nothing() -> None:
    assert list(spread(partial(opened, "broken"), work, [], 2)) == []


def test_threads_are_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    assert [threads_of(workers) for workers in (0, 1, 3, 16)] == [8, 8, 2, 1]


def test_each_tool_has_a_process_of_its_own() -> None:
    found = list(spread_over([partial(opened, "saw"), partial(opened, "file")], work, [(n,) for n in range(6)]))
    assert sorted(number for _, number in found) == [number**2 for number in range(6)]
    assert {tool for tool, _ in found} <= {"saw", "file"}
    assert list(spread_over([partial(opened, "broken")], work, [])) == []
    with pytest.raises(ValueError, match="mend it"):
        list(spread_over([partial(opened, "broken")], work, [(1,)]))
