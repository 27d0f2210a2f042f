"""The command line, run in the tests' own process."""

import signal
import sys
import warnings
from collections.abc import Callable

import pytest

from livetalk.cli import main


@pytest.fixture
def livetalk(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Runs the command in this process -> (exit code, standard output, standard error)."""

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["livetalk", *map(str, words)])
        ends, shown = (signal.SIGTERM, signal.SIGHUP), warnings.showwarning
        before = [signal.getsignal(each) for each in ends]
        with pytest.raises(SystemExit) as left:
            main.main()
        warnings.showwarning = shown
        for each, handler in zip(ends, before, strict=True):
            signal.signal(each, handler)
        captured = capsys.readouterr()
        return left.value.code, captured.out, captured.err

    return run
