"""Words of --systems name systems, or what can be given is told."""

import pytest

from livetalk.evaluation.dialogue.choice import SystemOptions, make_system


def test_words_name_systems() -> None:
    assert make_system("ours", SystemOptions()).name == "ours"
    assert make_system("omni@http://gpu:8080/", SystemOptions()).name == "omni"


@pytest.mark.parametrize("word", ["", "theirs", "@http://x", "a/b@http://x", "x@ftp://x"])
def test_what_is_none_is_told(word: str) -> None:
    with pytest.raises(ValueError, match="is no system: give ours"):
        make_system(word, SystemOptions())
