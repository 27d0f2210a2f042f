"""Promises of `unmarked`: captions show what is said as it is written, without marks, however a text is cut."""

import pytest

from livetalk.voice.text.markup import unmarked


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("**Bold**, *it* and `code`.", "Bold, it and code."), ("# Title", "Title"), ("- [x] done", "done"),
        ("[the docs](https://a.b/c_(d))", "the docs"), ("the docs](https://a.b/c)", "the docs"),
        ("![a cat](c.png)", "a cat"),
        ("It is so [1].", "It is so."), ("<b>Hi</b> there", "Hi there"), ("```python", ""), ("|---|:-:|", ""),
        ("| a | b |", "a, b"), ("It costs $3.50 at 7:30.", "It costs $3.50 at 7:30."), ("3 * 4 = 12", "3 * 4 = 12"),
        ("a < b and c > d", "a < b and c > d"), ("snake_case", "snake_case"), ("Nice 😀!", "Nice!"), ("Ok :-)", "Ok "),
        ("~~no~~ yes", "no yes"), ("I'm 5 - 3", "I'm 5 - 3"), ("> quoted", "quoted"), ("1. one", "1. one"),
        ("AT&T's _new_ plan", "AT&T's new plan"), ("C# and #1", "C# and #1"), ("-5 degrees", "-5 degrees"),
    ],
)  # fmt: skip
def test_marks_go_and_words_stay(written: str, shown: str) -> None:
    assert unmarked(written) == shown
