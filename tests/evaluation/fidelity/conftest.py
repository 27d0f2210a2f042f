"""Few draws of clips a figure: how intervals come about is tried in `test_frechet.py`, with draws of its own."""

import pytest

from livetalk.evaluation.fidelity import frechet


@pytest.fixture(autouse=True)
def few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frechet, "DRAWS", 10)
