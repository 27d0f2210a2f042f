"""Promises of `livetalk generate` about who speaks: a recording or a text, not both."""

import pytest
from typer.testing import CliRunner

from livetalk.cli.main import app


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--say", "hello", "--speech", "a.wav"], "exclude each other"),
        (["--voice", "af_heart"], "belongs to --say"),
    ],
)
def test_what_contradicts_itself_is_one_sentence(arguments: list[str], message: str):
    result = CliRunner().invoke(app, ["generate", *arguments])
    assert result.exit_code != 0
    assert message in str(result.exception)
