"""The voice speaks: the graph gets its second output, long texts are cut, and errors say what to do."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from livetalk.voice.assets import KokoroAssets, find_kokoro
from livetalk.voice.kokoro import RATE, Halt, Halted, Kokoro, pieces_of, with_output


def test_an_output_is_appended_as_one_protobuf_field() -> None:
    model = with_output(b"MODEL", b"/x")
    assert model == b"MODEL" + bytes([0x3A, 6, 0x62, 4, 0x0A, 2]) + b"/x"


def test_long_phoneme_strings_are_cut_at_commas_then_spaces() -> None:
    text = "aa bb, " + "cc " * 40 + "dd."
    pieces = list(pieces_of(text, 50))
    assert all(len(piece) <= 50 for piece in pieces)
    assert " ".join(pieces).split() == text.split()
    assert list(pieces_of("...")) == []
    assert list(pieces_of("x" * 120, 50)) == ["x" * 50, "x" * 50, "x" * 20]


def test_missing_parts_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("livetalk.voice.assets._installed", lambda package, file: None)
    with pytest.raises(ValueError, match=r"the model and vocab.json and the voices not found.*LIVETALK_KOKORO"):
        find_kokoro(tmp_path)


def test_a_folder_that_is_named_is_not_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("livetalk.voice.assets._installed", lambda package, file: Path("/installed") / file)
    with pytest.raises(ValueError, match=r"nowhere, which --kokoro names, is no folder: check its path"):
        find_kokoro(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="holds no part of the Kokoro voice"):
        find_kokoro(tmp_path)
    (tmp_path / "vocab.json").write_bytes(b"{}")
    assert find_kokoro(tmp_path).vocabulary == tmp_path / "vocab.json"
    monkeypatch.setenv("LIVETALK_KOKORO", str(tmp_path / "nowhere"))
    with pytest.raises(ValueError, match="which the environment variable LIVETALK_KOKORO names"):
        find_kokoro()


def test_a_damaged_model_is_refused(tmp_path: Path) -> None:
    for name in ("kokoro-v1.0.int8.onnx", "vocab.json", "af_heart.bin"):
        (tmp_path / name).write_bytes(b"{}")
    with pytest.raises(ValueError, match="damaged"):
        find_kokoro(tmp_path).model()


def test_voices_are_read_from_a_folder_or_a_pack(tmp_path: Path) -> None:
    style = np.random.default_rng(0).standard_normal((510, 256)).astype(np.float32)
    style.tofile(tmp_path / "af_heart.bin")
    np.savez(tmp_path / "pack.npz", af_heart=style[:, None])
    for voices in (tmp_path, tmp_path / "pack.npz"):
        assets = KokoroAssets((), tmp_path, voices)
        assert assets.voice_names() == ("af_heart", "am_michael"), "English ones are always there"
        assert np.isfinite(assets.voice("am_michael")).all()
        np.testing.assert_array_equal(assets.voice("af_heart"), style)


def test_voices_need_no_torch() -> None:
    code = "import sys, livetalk.voice.kokoro; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.fixture(scope="module")
def kokoro() -> Kokoro:
    try:
        return Kokoro()
    except ValueError as reason:
        pytest.skip(f"Kokoro is not at hand: {reason}")


def test_it_speaks_with_times_that_fit_the_sound(kokoro: Kokoro) -> None:
    spoken = kokoro.speak("Hi, Bob. My map.", kokoro.voices[0])
    assert spoken.audio.dtype == np.float32
    assert 1.0 < spoken.seconds < 5.0
    assert spoken.phonemes[0].start_s == 0.0
    assert abs(spoken.phonemes[-1].end_s - len(spoken.audio) / RATE) < 1e-6
    for one, after in zip(spoken.phonemes, spoken.phonemes[1:], strict=False):
        assert abs(one.end_s - after.start_s) < 1e-6
    vowels = [p for p in spoken.phonemes if p.symbol in "Iɑæ"]
    power = [float(np.square(spoken.audio[round(p.start_s * RATE) : round(p.end_s * RATE)]).mean()) for p in vowels]
    assert min(power) > 1e-4


def test_mistakes_are_told(kokoro: Kokoro) -> None:
    with pytest.raises(ValueError, match="no voice 'nobody'"):
        kokoro.speak("Hello.", "nobody")
    with pytest.raises(ValueError, match="no words"):
        kokoro.speak("...", "jf_alpha")
    with pytest.raises(ValueError, match=r"0\.5 to 2"):
        kokoro.speak("Hello.", "jf_alpha", 9.0)


def test_what_is_not_wanted_any_more_is_not_spoken_to_its_end(kokoro: Kokoro) -> None:
    halt, text = Halt(), "This is a rather long sentence that takes a second or two to be spoken, as one can hear. " * 3
    threading.Timer(0.3, halt.now).start()
    began = time.monotonic()
    with pytest.raises(Halted):
        kokoro.speak(text, kokoro.voices[0], halt=halt)
    assert time.monotonic() - began < 1.5
    with pytest.raises(Halted):
        kokoro.speak("Hello.", kokoro.voices[0], halt=halt)
    assert kokoro.speak("Hello.", kokoro.voices[0]).seconds > 0.2, "others are not disturbed"
