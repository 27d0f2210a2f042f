"""Promises of `generate --say`: a text becomes a file of speech, and the file goes."""

import numpy as np
import pytest

from livetalk.media import open_sound, read_speech
from livetalk.voice.aloud import aloud, favourite
from livetalk.voice.assets import find_kokoro


def test_the_voice_is_the_best_at_hand():
    assert favourite(("bf_emma", "jf_alpha", "af_heart")) == "af_heart"
    assert favourite(("bf_emma", "jm_kumo")) == "bf_emma"


def test_a_text_is_said_and_the_file_goes():
    try:
        find_kokoro()
    except ValueError as missing:
        pytest.skip(str(missing))
    with aloud("Hello there.") as path:
        assert open_sound(path).rate == 24_000
        sound = np.concatenate(list(read_speech(path)))
        assert 0.5 < len(sound) / 16_000 < 2.0
        assert np.abs(sound).max() > 0.05
    assert not path.exists()
    with pytest.raises(ValueError, match="no words"), aloud("..."):
        pass
    with pytest.raises(ValueError, match="cannot read Chinese characters"), aloud("你好"):
        pass


@pytest.mark.parametrize("text", ["a word " * 6_000, "word " * 250_000, "$1,234,567.89 " * 500])
def test_a_text_of_hours_is_refused_at_once(text: str):
    with pytest.raises(ValueError, match=r"takes about \d+ minutes to say: give at most 30 minutes"), aloud(text):
        pass
