"""The cache's folder is where the person says, else where their system keeps caches."""

from pathlib import Path

import pytest

from livetalk.runtime.cache import cache


def test_a_named_folder_wins_over_the_systems_and_that_over_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVETALK_CACHE", "/named")
    monkeypatch.setenv("XDG_CACHE_HOME", "/system")
    assert cache() == Path("/named")
    monkeypatch.delenv("LIVETALK_CACHE")
    assert cache() == Path("/system/livetalk")
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    assert cache() == Path.home() / ".cache" / "livetalk"
