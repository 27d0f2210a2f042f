"""The full preset from the command line: a video without its files, and one sentence for every mistake."""

import av
import numpy as np
import pytest


@pytest.mark.parametrize("mode", [[], ["--as-published"]])
def test_random_weights_make_a_video(livetalk, tmp_path, save_sound, tone, mode):
    target, speech = tmp_path / "talking.mp4", save_sound(tone(0.5))
    code, out, _ = livetalk(
        *("generate", "--preset", "miniature-1.3b", "--random-weights", "--device", "cpu"),
        *("--speech", speech, "--out", target, *mode),
    )
    assert code == 0
    assert "model miniature-1.3b random" in out
    with av.open(str(target)) as file:
        frames = [frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)]
    assert np.stack(frames).shape == (8, 64, 64, 3)


def test_missing_files_say_what_to_run(livetalk, tmp_path, monkeypatch):
    monkeypatch.setenv("LIVETALK_HOME", str(tmp_path))
    code, _, err = livetalk("generate", "--preset", "1.3b", "--out", tmp_path / "talking.mp4")
    assert code == 2
    assert "run livetalk download 1.3b" in err
    assert "Traceback" not in err


@pytest.mark.parametrize("flag", ["--as-published", "--random-weights"])
def test_the_small_model_has_no_such_mode(livetalk, tmp_path, flag):
    code, _, err = livetalk("generate", flag, "--out", tmp_path / "talking.mp4")
    assert code == 2
    assert "leave" in err
